package e2e_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// twins is an item with two accounts that have the same number.
type twins struct {
	item     string
	accounts [2]string
}

// addTwins adds an item with two accounts that have the same number. Each account gets two rows, with the same two
// amounts.
func (b *pluggyBank) addTwins(t *testing.T) twins {
	t.Helper()
	w := twins{item: b.sim.AddItem(pluggysim.Item{ClientID: b.id}).ID}
	for i := range w.accounts {
		account, err := b.sim.AddAccount(pluggysim.Account{ItemID: w.item, Number: "0001/12345-6"})
		if err != nil {
			t.Fatal(err)
		}
		w.accounts[i] = account.ID
		for _, amount := range []pluggysim.Number{"-10.00", "-20.00"} {
			if _, err := b.sim.AddTransaction(pluggysim.Transaction{
				AccountID: account.ID, Type: "DEBIT", Amount: amount, Description: "TARIFA",
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

// linkTwins connects an item that addTwins has added, and then repoints the connection to a second such item. It
// returns the id of the connection, its accounts before the change, and the second item.
func (o operator) linkTwins(b *pluggyBank) (id string, accounts []object, second twins) {
	o.t.Helper()
	first, second := b.addTwins(o.t), b.addTwins(o.t)
	b.item = first.item
	id = o.connect(b, "twins "+first.item)
	o.pull(id, nil)
	accounts = o.pages(pathOf(id, "/accounts"), 20)
	b.item = second.item
	change := creation(b, "twins "+first.item)
	delete(change, "vendor")
	o.send(http.MethodPut, pathOf(id, ""), change).want(200)
	o.waitForPulls(id)
	o.pull(id, nil)
	return id, accounts, second
}

// While two accounts cannot be told apart, their records are kept and no row is stored twice. An operator can then
// say which new account continues an old one.
func TestAnOperatorTellsAccountsOfOneNumberApart(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		id, accounts, second := o.linkTwins(b)
		if len(accounts) != 2 {
			t.Fatalf("the accounts are %v", accounts)
		}
		before := o.liveRecords(id)
		if len(before) != 4 {
			t.Errorf("%d records are live, want 4", len(before))
		}
		health := o.get(pathOf(id, "/health")).want(200).json()
		warnings, _ := health["warnings"].([]any)
		if !slices.Contains(warnings, any("account_ambiguous")) {
			t.Errorf("the health is %v", health)
		}
		checkAmbiguous(t, health, accounts, second)
		o.continueTwins(id, accounts, second)
		after := o.pages(pathOf(id, "/accounts"), 20)
		for i, account := range accounts {
			found := slices.ContainsFunc(after, func(a object) bool {
				return a["id"] == account["id"] && text(a, "externalId") == second.accounts[i] && a["removedAt"] == nil
			})
			if !found {
				t.Errorf("account %d does not continue: %v", i, after)
			}
		}
		live := o.liveRecords(id)
		if len(live) != 4 {
			t.Errorf("%d records are live at the end, want 4", len(live))
		}
		for _, old := range before {
			if !slices.ContainsFunc(o.pages(pathOf(id, "/transactions"), 200), func(r object) bool {
				return text(r, "id") == old && r["removedAt"] == nil
			}) {
				t.Errorf("the record %s has not continued", old)
			}
		}
		health = o.get(pathOf(id, "/health")).want(200).json()
		warnings, _ = health["warnings"].([]any)
		if slices.Contains(warnings, any("account_ambiguous")) || health["ambiguousAccounts"] != nil {
			t.Errorf("at the end the health is %v", health)
		}
	})
}

// checkAmbiguous checks that the health of a connection lists the accounts that cannot be told apart, and that its
// member "attention" contains the reason account_ambiguous.
func checkAmbiguous(t *testing.T, health object, accounts []object, second twins) {
	t.Helper()
	listed, _ := health["ambiguousAccounts"].(object)
	former, _ := listed["accountIds"].([]any)
	present, _ := listed["externalIds"].([]any)
	for i, account := range accounts {
		if !slices.Contains(former, account["id"]) || !slices.Contains(present, any(second.accounts[i])) {
			t.Errorf("the ambiguous accounts are %v", listed)
		}
	}
	reasons, _ := health["attention"].([]any)
	if !slices.ContainsFunc(reasons, func(r any) bool { return r.(object)["reason"] == "account_ambiguous" }) {
		t.Errorf("the reasons are %v", reasons)
	}
}

// continueTwins tells the service that each account continues as the account of the second item in the same place. The
// first decision does not decide about the others: equal digits identify no account.
func (o operator) continueTwins(id string, accounts []object, second twins) {
	o.t.Helper()
	for i, account := range accounts {
		o.send(http.MethodPost, allAccounts+"/"+text(account, "id")+"/continue", object{
			"externalId": second.accounts[i],
		}).want(http.StatusAccepted)
		o.waitForPulls(id)
	}
	o.pull(id, nil)
}
