package e2e_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// linker is a bank whose accounts can be linked a second time, which happens when the account holder signs in again.
type linker interface {
	bank
	// linkAgain creates a second item or link at the vendor and returns its id. The second item or link has copies of
	// the bank's accounts and rows, under new ids.
	linkAgain(t *testing.T) (ref string)
	// selectRef selects the bank's current item or link by its id.
	selectRef(ref string)
}

// eachLinker runs body for each bank on each backend. It first removes the bank's rows that have no account. Under a
// new link, such rows become new transactions, which the tests do not expect. It also ensures that each account has an
// identity: at Belvo an id of the institution. At Pluggy, nothing identifies a card, so the item lists only the bank
// account.
func eachLinker(t *testing.T, body func(*testing.T, *env, linker)) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		if pluggy, ok := b.(*pluggyBank); ok {
			if err := pluggy.sim.SetAccountListed(pluggysim.DemoCardAccountID, false); err != nil {
				t.Fatal(err)
			}
		}
		if belvo, ok := b.(*belvoBank); ok {
			for _, id := range []string{belvosim.DemoAccountID, belvosim.DemoCardAccountID} {
				if err := belvo.sim.UpdateAccount(id, func(a *belvosim.Account) {
					a.InternalIdentification = &id
				}); err != nil {
					t.Fatal(err)
				}
			}
			for _, row := range belvo.sim.Transactions(belvo.link) {
				if row.Account != "" {
					continue
				}
				if err := belvo.sim.RemoveTransaction(row.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		body(t, w, b.(linker))
	})
}

func (b *pluggyBank) selectRef(ref string) { b.item = ref }
func (b *belvoBank) selectRef(ref string)  { b.link = ref }

func (b *belvoBank) linkAgain(t *testing.T) (link string) {
	t.Helper()
	var next belvosim.Link
	if _, err := b.sim.UpdateLink(b.link, func(l *belvosim.Link) { next = *l }); err != nil {
		t.Fatal(err)
	}
	next.ID = ""
	next, err := b.sim.AddLink(next)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, id := range []string{belvosim.DemoAccountID, belvosim.DemoCardAccountID} {
		var account belvosim.Account
		if err := b.sim.UpdateAccount(id, func(a *belvosim.Account) { account = *a }); err != nil {
			t.Fatal(err)
		}
		account.ID, account.Link = "", next.ID
		if account, err = b.sim.AddAccount(account); err != nil {
			t.Fatal(err)
		}
		ids[id] = account.ID
	}
	for _, row := range b.sim.Transactions(b.link) {
		row.ID, row.Account = "", ids[row.Account]
		if _, err := b.sim.AddTransaction(next.ID, row); err != nil {
			t.Fatal(err)
		}
	}
	return next.ID
}

func (b *pluggyBank) linkAgain(t *testing.T) (item string) {
	t.Helper()
	var next pluggysim.Item
	if _, err := b.sim.UpdateItem(b.item, func(i *pluggysim.Item) { next = *i }); err != nil {
		t.Fatal(err)
	}
	next.ID = ""
	next = b.sim.AddItem(next)
	for _, id := range []string{pluggysim.DemoBankAccountID} {
		var account pluggysim.Account
		if err := b.sim.UpdateAccount(id, func(a *pluggysim.Account) { account = *a }); err != nil {
			t.Fatal(err)
		}
		account.ID, account.ItemID = "", next.ID
		account, err := b.sim.AddAccount(account)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range b.sim.Transactions(id) {
			row.ID, row.AccountID = "", account.ID
			if _, err := b.sim.AddTransaction(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	return next.ID
}

// liveIDs returns the ids of the connection's live transactions.
func (o operator) liveIDs(id string) map[string]bool {
	live := map[string]bool{}
	for _, row := range o.pages(pathOf(id, "/transactions"), 200) {
		if row["removedAt"] == nil {
			live[text(row, "id")] = true
		}
	}
	return live
}

// checkContinued checks that the ids of the connection's live transactions are exactly previousIDs. It also checks that
// the feed contains no added transaction after the cursor.
func (o operator) checkContinued(id, cursor string, previousIDs map[string]bool) {
	o.t.Helper()
	after := o.liveIDs(id)
	if len(after) != len(previousIDs) {
		o.t.Errorf("%d live transactions, want %d", len(after), len(previousIDs))
	}
	for id := range after {
		if !previousIDs[id] {
			o.t.Errorf("%s is another transaction", id)
		}
	}
	for _, change := range o.changesSince(cursor, len(previousIDs)) {
		if change[0] != "modified" {
			o.t.Errorf("%s is %s", change[1], change[0])
		}
	}
}

func TestTransactionsKeepTheirIDsWhenTheAccountIsLinkedAgain(t *testing.T) {
	eachLinker(t, func(t *testing.T, w *env, b linker) {
		o, id, _ := connectAndPull(t, w, b)
		before, cursor := o.liveIDs(id), o.feedEnd()
		accounts := o.pages(pathOf(id, "/accounts"), 10)
		item := b.linkAgain(t)
		o.send(http.MethodPut, pathOf(id, ""), object{"configName": "main", "baseUrl": b.origin(), "accountRef": item}).
			want(http.StatusOK)
		o.pull(id, nil)
		o.checkContinued(id, cursor, before)
		for _, account := range accounts {
			now := o.get("/v1/discovery/accounts/" + text(account, "id")).want(http.StatusOK).json()
			references, _ := now["references"].([]any)
			if len(references) != 2 || text(references[1].(object), "accountRef") != item ||
				now["externalId"] == account["externalId"] || now["removedAt"] != nil {
				t.Errorf("the account is %v", now)
			}
		}
	})
}

func TestANewConnectionContinuesTheOneThatWasDeleted(t *testing.T) {
	eachLinker(t, func(t *testing.T, w *env, b linker) {
		o, id, _ := connectAndPull(t, w, b)
		before := o.liveIDs(id)
		other := o.connect(b, "second")
		o.pull(other, nil)
		for _, shared := range []string{id, other} {
			health := o.get(pathOf(shared, "/health")).want(http.StatusOK).json()
			if warnings, _ := health["warnings"].([]any); len(warnings) != 1 || warnings[0] != "account_shared" {
				t.Errorf("the health is %v", health)
			}
		}
		o.awaitFeed(id, other)
		o.send(http.MethodDelete, pathOf(other, ""), nil).want(http.StatusNoContent)
		o.send(http.MethodDelete, pathOf(id, ""), nil).want(http.StatusNoContent)
		cursor := o.feedEnd()
		b.selectRef(b.linkAgain(t))
		next := o.connect(b, "third")
		o.pull(next, nil)
		o.checkContinued(next, cursor, before)
	})
}

// TestEventsOfAnAccountThatMovedHaveContent deletes a connection whose events a receiver has refused so far. A new
// connection then takes over the account. The events that are now delivered must contain the current records.
func TestEventsOfAnAccountThatMovedHaveContent(t *testing.T) {
	eachLinker(t, func(t *testing.T, w *env, b linker) {
		o := w.operator(t)
		r := newReceiver(t)
		r.set(http.StatusServiceUnavailable)
		s := o.subscribe(r.URL, nil, "transaction.added")
		first := o.connect(b, "main")
		o.pull(first, nil)
		records := o.liveIDs(first)
		eventually(t, "events that were refused", func() bool {
			status := o.subscription(s)
			return status["lastSequence"] == strconv.Itoa(len(records)) && status["retrying"] != 0.0
		})
		o.send(http.MethodDelete, pathOf(first, ""), nil).want(http.StatusNoContent)
		b.selectRef(b.linkAgain(t))
		second := o.connect(b, "again")
		o.pull(second, nil)
		r.set(http.StatusNoContent)
		o.delivered(s, "all events", func() bool { return len(r.last()) == len(records) })
		for id, e := range r.last() {
			data, _ := e["data"].(object)
			// The receiver may accept an event whose sending began before the first connection was deleted. Such an
			// event still names the first connection.
			if connection := text(data, "connectionId"); !records[id] || connection != second && connection != first {
				t.Errorf("the event of %s has the data %v", id, e["data"])
			}
		}
	})
}
