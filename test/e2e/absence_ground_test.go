package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// eachLater runs fn on each database, with a clock that the test can advance, and with a Pluggy bank.
func eachLater(t *testing.T, fn func(t *testing.T, w *env, b *pluggyBank, later *laterClock)) {
	t.Helper()
	for name := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			later := &laterClock{}
			fn(t, open(t, name, backends[name](t), func(s *setup) { s.over.Clock = later }), newPluggy(t), later)
		})
	}
}

// removedRows returns how many of the connection's rows are removed.
func (o operator) removedRows(id string) (removed int) {
	o.t.Helper()
	for _, row := range o.rows(id) {
		if row["removedAt"] != nil {
			removed++
		}
	}
	return removed
}

// checkNothingRemoved pulls, and checks that no row and no account is removed.
func (o operator) checkNothingRemoved(when, id string) {
	o.t.Helper()
	o.pull(id, nil)
	if rows, accounts := o.removedRows(id), o.removedAccounts(id); rows > 0 || accounts != nil {
		o.t.Errorf("%s: %d rows and the accounts %v are removed", when, rows, accounts)
	}
}

// TestListsWithoutConsentProveNothing checks that the empty lists after the end of the consent remove nothing, and that
// an announced deletion waits until the vendor can read again.
func TestListsWithoutConsentProveNothing(t *testing.T) {
	eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
		o, id, hook := connectAndPull(t, w, b)
		added := b.add(t)
		consent, err := b.sim.AddConsent(pluggysim.Consent{ItemID: b.item})
		if err != nil {
			t.Fatal(err)
		}
		o.checkNothingRemoved("with the consent", id)
		if err := b.sim.RevokeConsent(consent.ID); err != nil {
			t.Fatal(err)
		}
		o.checkNothingRemoved("without the consent", id)
		b.synchronise(t)
		later.pass(7 * time.Hour)
		o.checkNothingRemoved("after another synchronisation", id)
		o.announce(b, hook, "deleted", added)
		eventually(t, "the held removal", func() bool {
			return o.get(pathOf(id, "/health")).want(http.StatusOK).json()["heldRemovals"] == 1.0
		})
		if o.removedRows(id) > 0 {
			t.Error("an announced deletion was applied without the consent")
		}
		b.remove(t, added)
		if _, err := b.sim.AddConsent(pluggysim.Consent{ItemID: b.item}); err != nil {
			t.Fatal(err)
		}
		o.pull(id, nil) // it learns of the new consent before it reads the lists
		o.checkRows(b, id)
	})
}

// TestAProductThatWasNotUpdatedProvesNothing checks that a synchronisation without the cards removes no card and none
// of its rows, whether its execution status is PARTIAL_SUCCESS or SUCCESS.
func TestAProductThatWasNotUpdatedProvesNothing(t *testing.T) {
	eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
		o, id, _ := connectAndPull(t, w, b)
		card := pluggysim.DemoCardAccountID
		for _, row := range b.sim.Transactions(card) {
			b.remove(t, row.ID)
		}
		b.synchronise(t)
		for _, status := range []string{"PARTIAL_SUCCESS", "SUCCESS"} {
			_, err := b.sim.UpdateItem(b.item, func(i *pluggysim.Item) {
				i.ExecutionStatus = status
				i.StatusDetail = []byte(`{"accounts":{"isUpdated":true},"transactions":{"isUpdated":true},` +
					`"creditCards":{"isUpdated":false}}`)
			})
			if err != nil {
				t.Fatal(err)
			}
			o.checkNothingRemoved("with an empty list of the card", id)
			if err := b.sim.SetAccountListed(card, false); err != nil {
				t.Fatal(err)
			}
			later.pass(7 * time.Hour)
			o.checkNothingRemoved("without the card", id)
			if err := b.sim.SetAccountListed(card, true); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.sim.SetAccountListed(card, false); err != nil {
			t.Fatal(err)
		}
		b.synchronise(t)
		o.pull(id, nil)
		if removed := o.removedAccounts(id); len(removed) != 1 || removed[0] != card {
			t.Errorf("the cards were read, and the removed accounts are %v", removed)
		}
	})
}

// TestAllRowsOfAnAccountAreAMassRemoval checks that the removal of all rows of an account waits for the vendor's next
// synchronisation.
func TestAllRowsOfAnAccountAreAMassRemoval(t *testing.T) {
	eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
		o, id, _ := connectAndPull(t, w, b)
		card := b.sim.Transactions(pluggysim.DemoCardAccountID)
		for _, row := range card {
			b.remove(t, row.ID)
		}
		b.synchronise(t)
		o.checkNothingRemoved("the first read", id)
		o.checkWarnings(id, "mass_removal")
		later.pass(7 * time.Hour)
		o.checkNothingRemoved("the same synchronisation", id)
		b.synchronise(t)
		o.pull(id, nil)
		if removed := o.removedRows(id); removed != len(card) || removed < 3 {
			t.Errorf("%d rows are removed, want %d", removed, len(card))
		}
		o.checkRows(b, id)
	})
}

// TestAnEmptyListOfAccountsIsAMassRemoval checks that the accounts stay when the vendor lists none, until an operator
// or the next synchronisation confirms it.
func TestAnEmptyListOfAccountsIsAMassRemoval(t *testing.T) {
	eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
		o, id, _ := connectAndPull(t, w, b)
		accounts := o.pages(pathOf(id, "/accounts"), 200)
		for _, account := range accounts {
			if err := b.sim.SetAccountListed(text(account, "externalId"), false); err != nil {
				t.Fatal(err)
			}
		}
		b.synchronise(t)
		o.checkNothingRemoved("an empty list", id)
		o.checkWarnings(id, "mass_removal")
		h := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
		if h["heldRemovals"] != 0.0 || h["heldAccounts"] != float64(len(accounts)) {
			t.Errorf("the health is %v, want %d accounts that wait, and no rows", h, len(accounts))
		}
		apply := allAccounts + "/" + text(accounts[0], "id") + "/removals/apply"
		applied := o.send(http.MethodPost, apply, nil).want(http.StatusOK).json()
		if applied["removed"] != 0.0 || applied["accountRemoved"] != true {
			t.Errorf("applied: %v", applied)
		}
		o.send(http.MethodPost, apply, nil).want(http.StatusConflict)
		if removed := o.removedAccounts(id); len(removed) != 1 {
			t.Errorf("the operator has confirmed one account, removed are %v", removed)
		}
		later.pass(2 * time.Hour)
		b.synchronise(t)
		o.pull(id, nil)
		if removed := o.removedAccounts(id); len(removed) != len(accounts) {
			t.Errorf("removed are %v of %d", removed, len(accounts))
		}
	})
}
