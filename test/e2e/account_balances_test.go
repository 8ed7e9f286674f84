package e2e_test

import (
	"net/http"
	"testing"
	"time"
)

// TestAnAcceptedDifferenceDoesNotDriftAgain checks that an account does not drift after an operator has accepted its
// difference. The accepted difference must not include a row that the vendor no longer returns, even at Belvo, where
// only a second read proves the removal.
func TestAnAcceptedDifferenceDoesNotDriftAgain(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.00")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		removed := b.add(t)
		b.setBalance(t, "900.00") // not the amount of the row: the vendor hides a difference
		o.pull(id, nil)
		b.remove(t, removed)
		b.setBalance(t, "912.50")
		o.pull(id, nil)
		o.send(http.MethodPost, account+"/completeness/accept", object{"reason": "checked"}).want(200)
		for range 3 {
			o.pull(id, nil)
			if got := o.anchor(id, account); got[2] != "0" {
				t.Errorf("after the difference was accepted: %v", got)
			}
		}
		o.checkRows(b, id)
	})
}

// TestBalancesAreReadAgainAfterAnAnnouncedDeletion checks that an announced deletion makes the service read the
// balance of the account again, without a complete pull.
func TestBalancesAreReadAgainAfterAnAnnouncedDeletion(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		external := b.setBalance(t, "1000.00")
		o, id, hook := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		added := b.add(t)
		b.setBalance(t, "900.00")
		o.pull(id, nil)
		before := o.anchor(id, account)
		b.remove(t, added)
		b.setBalance(t, "890.00")
		o.announce(b, hook, "deleted", added)
		eventually(t, "a reading of the new balance", func() bool {
			days := o.pages(account+"/balances?from="+time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), 1)
			return days[0]["balance"] == "890"
		})
		if got := o.get(account + "/completeness").want(200).json(); got["changedSince"] != nil {
			t.Errorf("before %v, after %v", before, got)
		}
	}, func(*setup) {})
}
