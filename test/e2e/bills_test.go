package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const allBills = prefix + "/bills"

// billsCard connects a bank whose card has bills, pulls it, and returns the connection and the path of the card.
func (o operator) billsCard(b *pluggyBank) (id, card string) {
	o.t.Helper()
	if err := b.sim.SeedBillsAt(time.Now()); err != nil {
		o.t.Fatal(err)
	}
	id = o.connect(b, "bills")
	o.pull(id, nil)
	for _, account := range o.pages(pathOf(id, "/accounts"), 20) {
		if account["externalId"] == pluggysim.BillsCardID {
			return id, allAccounts + "/" + text(account, "id")
		}
	}
	o.t.Fatal("the card is missing")
	return "", ""
}

// billsByID returns the bills of a card by the vendor's id, and the response.
func (o operator) billsByID(card string) (bills map[string]object, list object) {
	o.t.Helper()
	list = o.get(card + "/bills").want(200).json()
	bills = map[string]object{}
	for _, item := range list["items"].([]any) {
		bill := item.(object)
		bills[text(bill, "externalId")] = bill
	}
	return bills, list
}

func (b *pluggyBank) billRequests() int { return b.sim.Stats().Resources["bills"].Requests }

func TestTheBillsOfACardAddUp(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		o, r := w.operator(t), newReceiver(t)
		subscription := o.subscribe(r.URL, nil, "bill.added", "bill.modified")
		id, card := o.billsCard(b)
		bills, list := o.billsByID(card)
		if list["list"] != "ok" || len(bills) != 4 || len(list["open"].([]any)) != 2 {
			t.Fatalf("%v", list)
		}
		for key, want := range map[string]object{
			pluggysim.FirstBillID: {"total": "644.26", "state": "carried", "check": "adds_up", "form": "rows",
				"difference": "0", "closingBasis": "vendor", "removedAt": nil, "carried": nil},
			pluggysim.SecondBillID: {"total": "744.52", "state": "paid", "check": "adds_up", "carried": "244.26",
				"form": "rows_and_charges", "difference": "0", "removedAt": nil},
			pluggysim.ThirdBillID: {"total": "1000", "check": "differs", "difference": "108.98", "carried": "0"},
		} {
			for name, value := range want {
				if bills[key][name] != value {
					t.Errorf("%s of %s is %v, want %v", name, key, bills[key][name], value)
				}
			}
		}
		if bills[pluggysim.SecondBillID2]["removedAt"] == nil {
			t.Error("a bill with two ids is listed twice")
		}
		second := bills[pluggysim.SecondBillID]
		if rows := second["rows"].(object); rows["sum"] != "480" || rows["uncertain"] != 0.0 {
			t.Errorf("the rows are %v", rows)
		}
		path := allBills + "/" + text(second, "id")
		if got := o.get(path).want(200).json(); got["total"] != "744.52" {
			t.Errorf("%v", got)
		}
		rows := o.pages(path+"/transactions", 1)
		if len(rows) != 3 || rows[0]["billId"] != second["id"] || rows[0]["billBasis"] != "vendor" {
			t.Fatalf("%v", rows)
		}
		if i, _ := rows[2]["instalment"].(object); i["number"] != 2.0 || i["count"] != 4.0 ||
			rows[2]["purchaseDate"] == nil {
			t.Errorf("%v", rows[2])
		}
		payments := second["payments"].([]any)
		if len(payments) != 1 || payments[0].(object)["transactionId"] == nil {
			t.Errorf("the payments are %v", payments)
		}
		o.delivered(subscription, "an event about each bill", func() bool { return len(r.last()) >= 3 })
		event := r.last()[text(second, "id")]
		data, _ := event["data"].(object)
		if !strings.HasSuffix(text(event, "type"), "bill.added") || data["total"] != "744.52" ||
			data["state"] != "paid" {
			t.Errorf("the event is %v", event)
		}
		if a := o.get(card).want(200).json(); a["balanceKind"] != "limit_used" || a["sharedLimit"] != true {
			t.Errorf("the card shows its limit as %v, shared %v", a["balanceKind"], a["sharedLimit"])
		}
		o.checkBillTotal(card)
		o.checkBillStatement(card, second)
		o.checkBillReadings(b, id, card, second)
		o.delivered(subscription, "the event about a bill that is listed no more", func() bool {
			data, _ := r.last()[text(second, "id")]["data"].(object)
			return data["removedAt"] != nil
		})
		o.erase(id, false)
		o.get(path).want(404)
		o.get(path + "/transactions").want(404)
		o.get(card + "/bills").want(404)
	}, withPlainSink)
}

// checkBillTotal reads the completeness of a card whose last closed bill differs, and accepts it.
func (o operator) checkBillTotal(card string) {
	o.t.Helper()
	check := func(c object) object {
		checks := c["checks"].([]any)
		return checks[len(checks)-1].(object)
	}
	got := o.get(card + "/completeness").want(200).json()
	for name, want := range map[string]string{
		"check": "bill_total", "expected": "1000", "actual": "891.02", "difference": "-108.98",
	} {
		if check(got)[name] != want {
			o.t.Errorf("%s is %v, want %s, in %v", name, check(got)[name], want, got)
		}
	}
	got = o.send(http.MethodPost, card+"/completeness/accept", object{"reason": "rows that never arrive"}).
		want(200).json()
	if check(got)["state"] != "complete" || got["state"] != "complete" || got["completeTo"] == nil {
		o.t.Errorf("after it was accepted: %v", got)
	}
}

// checkBillStatement reads the statement of a bill.
func (o operator) checkBillStatement(card string, bill object) {
	o.t.Helper()
	statement := card + "/statement?bill=" + text(bill, "id") + "&format="
	if got := string(o.get(statement + "ofx").want(200).raw); !strings.Contains(got, "-744.52") ||
		strings.Count(got, "<STMTTRN>") != 3 {
		o.t.Errorf("the statement is %s", got)
	}
	o.get(statement + "csv").want(200)
	o.get(statement + "matcher").want(200)
	o.get(statement + "camt053").want(400)
	o.get(statement + "csv&from=2026-01-01").want(400)
	for _, account := range o.pages(allAccounts, 20) {
		if path := allAccounts + "/" + text(account, "id"); path != card {
			o.get(path + "/statement?format=csv&bill=" + text(bill, "id")).want(404)
			if list := o.get(path + "/bills").want(200).json(); len(list["items"].([]any)) != 0 {
				o.t.Errorf("another account has bills: %v", list)
			}
		}
	}
}

// checkBillReadings checks when bills are read, and that a denied list is no empty one.
func (o operator) checkBillReadings(b *pluggyBank, id, card string, bill object) {
	o.t.Helper()
	before := b.billRequests()
	hook := o.mint(b, "bills")
	o.postWebhook(o.t, "pluggy", hook, []byte(`{"event":"item/updated","eventId":"u1","itemId":"`+b.item+`"}`)).
		want(202)
	o.waitForPulls(id)
	if n := b.billRequests() - before; n != 0 {
		o.t.Errorf("the day's second reading has sent %d requests for bills", n)
	}
	if err := b.sim.DenyBills(pluggysim.BillsCardID, true); err != nil {
		o.t.Fatal(err)
	}
	o.pull(id, nil)
	if b.billRequests() == before {
		o.t.Error("a complete pull has read no bills")
	}
	bills, list := o.billsByID(card)
	if list["list"] != "denied" || bills[pluggysim.SecondBillID]["removedAt"] != nil {
		o.t.Errorf("a denied list: %v", list)
	}
	if err := b.sim.DenyBills(pluggysim.BillsCardID, false); err != nil {
		o.t.Fatal(err)
	}
	other := pluggysim.Bill{Due: "2026-08-05T00:00:00.000Z", Total: "10"}
	for _, listed := range []struct {
		name    string
		bills   []pluggysim.Bill
		removed bool
	}{{"an empty list", nil, false}, {"a list of other bills", []pluggysim.Bill{other}, true}} {
		if err := b.sim.SetBills(pluggysim.BillsCardID, listed.bills...); err != nil {
			o.t.Fatal(err)
		}
		o.pull(id, nil)
		bills, list = o.billsByID(card)
		if list["list"] != "ok" || (bills[pluggysim.SecondBillID]["removedAt"] != nil) != listed.removed ||
			bills[pluggysim.SecondBillID]["id"] != bill["id"] {
			o.t.Errorf("%s: %v", listed.name, list)
		}
	}
}

// TestAPullOfAPartOfTheRowsAsksForNoBills counts the requests for bills that the vendor gets in pulls that are not
// complete.
func TestAPullOfAPartOfTheRowsAsksForNoBills(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		o := w.operator(t)
		id, _ := o.billsCard(b)
		hook, before := o.mint(b, "bills"), b.billRequests()
		row, err := b.sim.AddTransaction(pluggysim.Transaction{
			AccountID: pluggysim.BillsCardID, Description: "PADARIA SOL", Amount: "12.5", Type: "DEBIT",
			CurrencyCode: "BRL", Status: "PENDING", Date: pluggysim.At(time.Now()),
		})
		if err != nil {
			t.Fatal(err)
		}
		send := func(name string) func() {
			return func() {
				o.sendEvent(b, hook, pluggysim.Event{
					Name: name, ItemID: b.item, AccountID: pluggysim.BillsCardID, TransactionIDs: []string{row.ID},
				})
			}
		}
		for _, c := range []struct {
			name    string
			request func()
		}{
			{"created rows of the card", send("transactions/created")},
			{"updated rows of the card", send("transactions/updated")},
			{"deleted rows of the card", send("transactions/deleted")},
			{"an item that waits for its holder", send("item/waiting_user_input")},
			{"a window", func() {
				o.send(http.MethodPost, pathOf(id, "/pulls"), object{"from": daysFromNow(-40)}).want(202)
			}},
		} {
			pulls := len(o.waitForPulls(id))
			c.request()
			if n := len(o.waitForSuccess(id)); n != pulls+1 {
				t.Errorf("%s: %d pulls, want %d", c.name, n, pulls+1)
			}
			if n := b.billRequests() - before; n != 0 {
				t.Errorf("%s: %d requests for bills", c.name, n)
				before += n
			}
		}
		o.pull(id, nil)
		if n := b.billRequests() - before; n != 2 {
			t.Errorf("a complete pull sent %d requests for the bills of two cards", n)
		}
	})
}
