package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
)

// daysFromNow returns the day that is n days after the present one, in UTC.
func daysFromNow(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }

// checkMembers checks members of a JSON object.
func checkMembers(t *testing.T, label string, got, want object) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s of %s is %v, want %v", name, label, got[name], value)
		}
	}
}

// bills returns the bills of a card with this path, newest first, and the response.
func (o operator) bills(card string) (bills []object, list object) {
	o.t.Helper()
	list = o.get(card + "/bills").want(http.StatusOK).json()
	for _, item := range list["items"].([]any) {
		bills = append(bills, item.(object))
	}
	return bills, list
}

// descriptionsOf returns the descriptions of the transactions of a bill, sorted.
func (o operator) descriptionsOf(bill object) (texts []string) {
	o.t.Helper()
	for _, row := range o.pages(allBills+"/"+text(bill, "id")+"/transactions", 20) {
		texts = append(texts, text(row, "description"))
	}
	slices.Sort(texts)
	return texts
}

// The ids of the bills of a belvoCard, the oldest first.
const (
	belvoBill1 = "7be1b000-0000-4000-8000-000000000010"
	belvoBill2 = "7be1b000-0000-4000-8000-000000000011"
	belvoBill3 = "7be1b000-0000-4000-8000-000000000012"
)

// belvoCard is a card of Brazil's Open Finance at a simulated Belvo.
type belvoCard struct {
	*belvoBank
	id      string
	account json.RawMessage // as the vendor sends it in a bill
	checks  string          // the id of the link's checking account
}

// newBelvoCard returns a card with the rows of two closed bills and of the cycle after them:
//
//   - The first bill of 644.26 is due 60 days ago. 400.00 are paid.
//   - The second one of 744.52 contains the rest and finance charges. It is due 25 days ago, and paid.
//   - A row of 120.00 comes after the closing of the second one.
func newBelvoCard(t *testing.T) *belvoCard {
	t.Helper()
	c := &belvoCard{belvoBank: newBelvoLink(t, belvosim.DemoOpenFinanceLinkID)}
	account, err := c.sim.AddAccount(belvosim.Account{
		Link: c.link, Category: "CREDIT_CARD", BalanceType: "LIABILITY", Type: "GOLD", Name: "Cartao Empresa",
		Number: "4410", Currency: new("BRL"), Balance: json.RawMessage(`{"current":120,"available":4880}`),
		AccountOpenFinance: &belvosim.AccountOpenFinance{Subtype: "CREDIT_CARD"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.id, c.account = account.ID, json.RawMessage(`{"id":"`+account.ID+`","category":"CREDIT_CARD"}`)
	for _, row := range c.sim.Transactions(c.link) {
		if row.Description != nil && *row.Description == "TED ENVIADA" {
			c.checks = row.Account
		}
	}
	c.row(t, c.id, "PAPELARIA AURORA", "OUTFLOW", "PAGAMENTO", "684.26", -80, belvoBill1)
	c.row(t, c.id, "ESTORNO PAPELARIA", "INFLOW", "ESTORNO", "40", -75, belvoBill1)
	c.row(t, c.id, "CREDITO RECEBIDO", "INFLOW", "PAGAMENTO_FATURA", "400", -57, belvoBill2)
	c.row(t, c.id, "POSTO ESTRELA", "OUTFLOW", "PAGAMENTO", "480", -50, belvoBill2)
	c.row(t, c.id, "PAGAMENTO RECEBIDO", "INFLOW", "", "744.52", -24, "")
	c.row(t, c.id, "LIVRARIA PONTUAL", "OUTFLOW", "PAGAMENTO", "120", -15, "")
	c.row(t, c.checks, "PAGTO FATURA CARTAO", "OUTFLOW", "", "744.52", -25, "")
	return c
}

// row adds a row to an account of the link. operation and bill can be "".
func (c *belvoCard) row(t *testing.T, account, description, kind, operation, amount string, day int, bill string) {
	t.Helper()
	row := belvosim.Transaction{
		Account: account, Description: &description, Type: &kind, Status: new("PROCESSED"), Currency: new("BRL"),
		ValueDate: new(daysFromNow(day)), AccountingDate: new(daysFromNow(day)), Amount: json.RawMessage(amount),
		TransactionOpenFinance: &belvosim.TransactionOpenFinance{},
	}
	if operation != "" {
		row.OperationType = &operation
	}
	if bill != "" {
		row.CreditCardData = json.RawMessage(`{"credit_card_bill":{"id":"` + bill + `"},"fee_type":null}`)
	}
	if _, err := c.sim.AddTransaction(c.link, row); err != nil {
		t.Fatal(err)
	}
}

// bill returns a bill as the vendor sends it. The arguments charges and payments contain JSON objects.
func (c *belvoCard) bill(id, total string, due int, charges, payments string) json.RawMessage {
	return fmt.Appendf(nil, `{"id":%q,"created_at":"2026-10-29T06:02:02.406032Z","account":%s,"bill_name":"fatura",
		"internal_identification":"FAT-4410","due_date":%q,"currency":"BRL","total_amount":%s,"minimum_amount":148.9,
		"is_installment":true,"finance_charges":[%s],"payments":[%s]}`,
		id, c.account, daysFromNow(due), total, charges, payments)
}

// first and second return the two closed bills.
func (c *belvoCard) first() json.RawMessage {
	return c.bill(belvoBill1, "644.26", -60, "", `{"type":"OTHER","payment_date":"`+daysFromNow(-57)+
		`","payment_mode":"PIX","currency":"BRL","amount":400.0}`)
}

func (c *belvoCard) second() json.RawMessage {
	return c.bill(belvoBill2, "744.52", -25, `{"type":"LATE_PAYMENT_INTEREST","additional_info":null,"amount":12.3},
		{"type":"LATE_FEE","amount":4.89},{"type":"ARREARS_INTEREST","amount":1.02},{"type":"IOF","amount":2.05},
		{"type":"OTHER","additional_info":"saldo anterior","amount":244.26},{"type":"NO_CHARGE","amount":0}`,
		`{"type":"FULL","payment_date":"`+daysFromNow(-25)+
			`","payment_mode":"DIRECT_DEBIT","currency":"BRL","amount":744.52}`)
}

// list replaces the vendor's list of bills.
func (c *belvoCard) list(t *testing.T, bills ...json.RawMessage) {
	t.Helper()
	if err := c.sim.SetBills(c.link, bills...); err != nil {
		t.Fatal(err)
	}
}

// reads returns how many times the vendor's lists of bills and of transactions were requested.
func (c *belvoCard) reads() (bills, rows int) {
	return c.at.count("/api/bills/"), c.at.count(c.rowsPath())
}

func TestTheBillsOfBelvoAddUp(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		c := newBelvoCard(t)
		c.list(t, c.second(), c.first())
		o, id, hook := connectAndPull(t, w, c)
		card := o.accountPath(id, c.id)
		bills, list := o.bills(card)
		if len(bills) != 2 || list["list"] != "ok" {
			t.Fatalf("%v", list)
		}
		checkMembers(t, "the first bill", bills[1], object{
			"externalId": belvoBill1, "dueDate": daysFromNow(-60), "closingDate": daysFromNow(-67),
			"closingBasis": "derived", "total": "644.26", "currency": "BRL", "minimumPayment": "148.9",
			"state": "carried", "check": "adds_up", "form": "rows", "difference": "0", "carried": nil, "removedAt": nil,
		})
		checkMembers(t, "the second bill", bills[0], object{
			"externalId": belvoBill2, "dueDate": daysFromNow(-25), "closingDate": daysFromNow(-32),
			"closingBasis": "derived", "total": "744.52", "state": "paid", "check": "adds_up",
			"form": "rows_and_charges", "difference": "0", "carried": "244.26", "removedAt": nil,
		})
		if n := len(bills[0]["financeCharges"].([]any)); n != 5 || text(bills[0], "bankReadAt") == "" {
			t.Errorf("%d finance charges, read at %v", n, bills[0]["bankReadAt"])
		}
		o.checkBelvoPayments(c, id, bills)
		o.checkBelvoRows(bills)
		o.checkNewBelvoBill(c, id, hook, card)
		o.checkBelvoLists(c, id, card)
	})
}

// checkBelvoPayments checks the payments of the two closed bills, the newest first. Each has settled one bill.
func (o operator) checkBelvoPayments(c *belvoCard, id string, bills []object) {
	o.t.Helper()
	rows := map[string]object{}
	for _, row := range o.rows(id) {
		rows[text(row, "description")] = row
	}
	for i, want := range []object{
		{"date": daysFromNow(-25), "amount": "744.52", "mode": "DIRECT_DEBIT",
			"transactionId": rows["PAGAMENTO RECEBIDO"]["id"]},
		{"date": daysFromNow(-57), "amount": "400", "mode": "PIX", "transactionId": rows["CREDITO RECEBIDO"]["id"]},
	} {
		payments := bills[i]["payments"].([]any)
		if len(payments) != 1 {
			o.t.Errorf("the payments of bill %d are %v", i, payments)
			continue
		}
		checkMembers(o.t, "the payment", payments[0].(object), want)
		candidates, _ := payments[0].(object)["candidates"].([]any)
		if i == 0 && (len(candidates) != 1 || candidates[0] != rows["PAGTO FATURA CARTAO"]["id"]) {
			o.t.Errorf("the candidates are %v", candidates)
		}
	}
	checkMembers(o.t, "the row of the payment", rows["CREDITO RECEBIDO"], object{"billId": bills[1]["id"]})
}

// checkBelvoRows checks the rows of the two closed bills, the newest first.
func (o operator) checkBelvoRows(bills []object) {
	o.t.Helper()
	want := [][]string{{"POSTO ESTRELA"}, {"ESTORNO PAPELARIA", "PAPELARIA AURORA"}}
	for i, bill := range bills {
		if got := o.descriptionsOf(bill); !slices.Equal(got, want[i]) {
			o.t.Errorf("the rows of bill %d are %q, want %q", i, got, want[i])
		}
		for _, row := range o.pages(allBills+"/"+text(bill, "id")+"/transactions", 20) {
			checkMembers(o.t, text(row, "description"), row, object{
				"billId": bill["id"], "billBasis": "vendor", "billMonth": text(bill, "dueDate")[:len("2006-01")],
			})
		}
	}
}

// sendBelvo sends an event about the link, and waits for the pull that it causes.
func (o operator) sendBelvo(c *belvoCard, id, hook, event string) {
	o.t.Helper()
	o.deliver(c, hook, c.event(o.t, belvosim.Event{Name: event, LinkID: c.link})).want(http.StatusAccepted)
	o.waitForSuccess(id)
}

// checkNewBelvoBill lets the vendor announce a new bill, whose row does not name it yet. The event reads the bills of
// the link's two cards in one list, and no rows. An event about accounts reads neither.
func (o operator) checkNewBelvoBill(c *belvoCard, id, hook, card string) {
	o.t.Helper()
	before, rows := c.reads()
	c.list(o.t, c.bill(belvoBill3, "120", 5, "", ""), c.second(), c.first())
	o.sendBelvo(c, id, hook, "ACCOUNTS/new_accounts_available")
	if n, m := c.reads(); n != before || m != rows {
		o.t.Errorf("an event about accounts has read the bills %d times and the rows %d times", n-before, m-rows)
	}
	if _, list := o.bills(card); len(list["open"].([]any)) != 1 {
		o.t.Errorf("the open rows are %v", list["open"])
	}
	o.sendBelvo(c, id, hook, "BILLS/new_bills_available")
	attempts := int(o.waitForSuccess(id)[0]["attempts"].(float64)) // more than one on a busy machine
	if n, m := c.reads(); n <= before || n > before+attempts || m != rows {
		o.t.Errorf("the event has read the bills %d times and the rows %d times", n-before, m-rows)
	}
	bills, list := o.bills(card)
	if len(bills) != 3 || len(list["open"].([]any)) != 0 {
		o.t.Fatalf("%v", list)
	}
	checkMembers(o.t, "the new bill", bills[0], object{
		"externalId": belvoBill3,
		"state":      "due",
		"check":      "unknown",
		"carried":    "0",
		"form":       nil, // perhaps not closed yet
	})
	if row := o.pages(allBills+"/"+text(bills[0], "id")+"/transactions", 1)[0]; row["billBasis"] != "dates" {
		o.t.Errorf("the row of the new bill is %v", row)
	}
}

// checkBelvoLists checks that only a list that was read whole removes a bill.
func (o operator) checkBelvoLists(c *belvoCard, id, card string) {
	o.t.Helper()
	c.list(o.t, c.second(), c.bill(belvoBill3, `{}`, 5, "", ""))
	o.pull(id, nil)
	bills, _ := o.bills(card)
	for _, bill := range bills {
		if bill["removedAt"] != nil {
			o.t.Errorf("a list with an unreadable bill has removed %v", bill)
		}
	}
	c.inject(o.t, fault{path: "/api/bills/", kind: "status", status: http.StatusForbidden, times: 2})
	o.pull(id, nil)
	if bills, list := o.bills(card); list["list"] != "denied" || len(bills) != 3 || bills[2]["removedAt"] != nil {
		o.t.Errorf("a denied list: %v", list)
	}
	c.list(o.t, c.second())
	o.pull(id, nil)
	bills, list := o.bills(card)
	if list["list"] != "ok" || len(bills) != 3 || bills[0]["removedAt"] == nil || bills[1]["removedAt"] != nil ||
		bills[2]["removedAt"] == nil {
		o.t.Errorf("a shorter list: %v", list)
	}
}

// newPlaidCard adds a card to the Item, and returns its id.
func (b *plaidBank) newPlaidCard(t *testing.T) string {
	t.Helper()
	account, err := b.sim.AddAccount(b.item.ID, plaidsim.Account{
		Type: "credit", Subtype: "credit card", Name: "Business Card", Mask: "4410",
		Balances: plaidsim.Balances{
			Current: new(json.Number("358.9")), Limit: new(json.Number("5000")), Currency: new("USD"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return account.ID
}

// putOn adds a row to an account. A payment of a card has the category of one.
func (b *plaidBank) putOn(t *testing.T, account, name, amount string, day int) {
	t.Helper()
	row := plaidsim.Transaction{
		Account: account, Amount: json.Number(amount), Currency: new("USD"), Name: name, Date: daysFromNow(day),
	}
	if name == "PAYMENT THANK YOU" {
		row.Category = &plaidsim.Category{
			Primary: "LOAN_PAYMENTS", Detailed: "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT",
		}
	}
	if _, err := b.sim.Put(b.item.ID, row); err != nil {
		t.Fatal(err)
	}
}

// statement sets the latest statement of a card. A payment of "" is none.
func (b *plaidBank) statement(t *testing.T, card, balance string, issued, due int, paid string, paidAt int) {
	t.Helper()
	s := plaidsim.CardLiability{
		Account: card, Issued: new(daysFromNow(issued)), Due: new(daysFromNow(due)),
		Balance: new(json.Number(balance)), Minimum: new(json.Number("35")),
	}
	if paid != "" {
		s.Paid, s.PaidAt = new(json.Number(paid)), new(daysFromNow(paidAt))
	}
	if err := b.sim.SetLiabilities(b.item.ID, s); err != nil {
		t.Fatal(err)
	}
}

// TestTheStatementsOfPlaidBecomeBills checks the statements of a vendor that lists only the latest one, without an id
// and without its rows.
func TestTheStatementsOfPlaidBecomeBills(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPlaid(t)
		card := b.newPlaidCard(t)
		b.putOn(t, card, "OFFICE SUPPLY", "200", -60)
		b.putOn(t, card, "AIRLINE", "100", -52)
		id := o.send(http.MethodPost, connections, b.creation("main")).want(http.StatusCreated).text("id")
		o.pull(id, nil)
		path := o.accountPath(id, card)
		if n := b.sim.Requests("/liabilities/get"); n != 0 {
			t.Errorf("%d requests, which would add the product to the Item", n)
		}
		if bills, list := o.bills(path); list["list"] != "denied" || len(bills) != 0 {
			t.Errorf("without the product: %v", list)
		}
		b.statement(t, card, "300", -45, -20, "", 0)
		o.pull(id, nil)
		bills, list := o.bills(path)
		if len(bills) != 1 || list["list"] != "ok" {
			t.Fatalf("%v", list)
		}
		first := bills[0]["id"]
		checkMembers(t, "the first statement", bills[0], object{
			"externalId": nil, "dueDate": daysFromNow(-20), "closingDate": daysFromNow(-45), "closingBasis": "vendor",
			"total": "300", "currency": "USD", "minimumPayment": "35", "check": "adds_up", "form": "rows",
			"difference": "0", "carried": nil, "state": "unknown",
		})
		b.putOn(t, card, "PAYMENT THANK YOU", "-300", -22)
		b.putOn(t, card, "CLOUD HOSTING", "250", -35)
		b.putOn(t, card, "REFUND OFFICE SUPPLY", "-20", -30)
		b.putOn(t, card, "FUEL", "50.50", -25)
		b.putOn(t, card, "BOOKSHOP", "12", -5)
		b.statement(t, card, "300.50", -15, 10, "300", -22)
		o.pull(id, nil)
		bills, list = o.bills(path)
		if len(bills) != 2 || bills[1]["id"] != first || len(list["open"].([]any)) != 1 {
			t.Fatalf("%v", list)
		}
		checkMembers(t, "the statement before", bills[1], object{
			"total": "300", "state": "paid", "check": "adds_up", "removedAt": nil,
		})
		checkMembers(t, "the second statement", bills[0], object{
			"externalId": nil, "total": "300.5", "state": "due", "check": "differs", "difference": "20", "carried": "0",
		})
		o.checkPlaidRows(id, bills)
	})
}

// checkPlaidRows checks the payment and the rows of two statements, the newest first.
func (o operator) checkPlaidRows(id string, bills []object) {
	o.t.Helper()
	payments := bills[1]["payments"].([]any)
	if len(payments) != 1 || len(bills[0]["payments"].([]any)) != 0 {
		o.t.Fatalf("the payments are %v and %v", bills[0]["payments"], payments)
	}
	for _, row := range o.rows(id) {
		if text(row, "description") == "PAYMENT THANK YOU" && (row["billId"] != bills[1]["id"] ||
			payments[0].(object)["transactionId"] != row["id"]) {
			o.t.Errorf("the row of the payment is %v", row)
		}
	}
	want := []string{"CLOUD HOSTING", "FUEL", "REFUND OFFICE SUPPLY"}
	if got := o.descriptionsOf(bills[0]); !slices.Equal(got, want) {
		o.t.Errorf("the rows of the second statement are %q", got)
	}
	for _, row := range o.pages(allBills+"/"+text(bills[0], "id")+"/transactions", 20) {
		checkMembers(o.t, text(row, "description"), row, object{"billId": bills[0]["id"], "billBasis": "dates"})
	}
}
