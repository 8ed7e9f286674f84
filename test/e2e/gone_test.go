package e2e_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// removedAccounts returns the external ids of the connection's accounts that are marked as removed.
func (o operator) removedAccounts(id string) []string {
	o.t.Helper()
	var removed []string
	for _, account := range o.pages(of(id, "/accounts"), 200) {
		if account["removedAt"] != nil {
			removed = append(removed, text(account, "externalId"))
		}
	}
	return removed
}

// TestAnAccountThatTheVendorNoLongerLists checks that such an account is marked as removed after as many complete
// reads as the vendor requires. Its transactions must stay, and it must return when it is listed again.
func TestAnAccountThatTheVendorNoLongerLists(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		gone, reads := b.setAccountListed(t, false)
		for range reads {
			if removed := o.removedAccounts(id); removed != nil {
				t.Errorf("too early, %v has removedAt", removed)
			}
			if pull := o.pull(id, nil); pull["status"] != "succeeded" {
				t.Fatalf("the pull ended as %v", pull)
			}
		}
		if diff := cmp.Diff([]string{gone}, o.removedAccounts(id)); diff != "" {
			t.Error(diff)
		}
		o.checkRows(b, id)
		b.setAccountListed(t, true)
		o.pull(id, nil)
		if removed := o.removedAccounts(id); removed != nil {
			t.Errorf("%v has removedAt although it is listed again", removed)
		}
		o.checkRows(b, id)
	})
}

// TestBelvoRowsThatVanishWithoutAnAnnouncement checks that two complete reads without a row remove it, unless the
// vendor may have purged it.
func TestBelvoRowsThatVanishWithoutAnAnnouncement(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvo(t)
		o, id, _ := connectAndPull(t, w, b)
		vanished, stays := b.add(t), b.add(t)
		o.pull(id, nil)
		before := o.rows(id)
		b.remove(t, vanished)
		o.pull(id, nil)
		if row := o.rows(id)[vanished]; row["removedAt"] != nil {
			t.Error("one read removed the row")
		}
		o.pull(id, nil)
		if row := o.rows(id)[vanished]; row["removedAt"] == nil {
			t.Error("two reads in a row did not remove the row")
		}
		o.checkRows(b, id)
		if purged, err := b.sim.Purge(b.link, time.Now().Add(-time.Hour)); err != nil || purged == 0 {
			t.Fatalf("the vendor purged %d rows: %v", purged, err)
		}
		for range 3 {
			o.pull(id, nil)
		}
		for external, row := range o.rows(id) {
			if row["removedAt"] != nil && external != vanished {
				t.Errorf("%s was removed, but the vendor has only purged it", external)
			}
		}
		if len(before) < 3 || o.rows(id)[stays] == nil {
			t.Errorf("%d rows: nothing was purged that could have been removed", len(before))
		}
	})
}

// TestAMassRemovalIsHeldBack checks that a read without most of the rows of an account removes none of them, and
// that the health shows a warning. The warning must disappear when the deletion is announced.
func TestAMassRemovalIsHeldBack(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		demo := o.rows(id)
		b.generate(t, 40)
		o.pull(id, nil)
		var gone []string
		for external, row := range o.rows(id) {
			if demo[external] == nil && text(row, "date") > time.Now().AddDate(0, 0, -330).Format(time.DateOnly) {
				gone = append(gone, external)
				b.remove(t, external)
			}
		}
		for range 2 {
			if pull := o.pull(id, nil); pull["status"] != "succeeded" {
				t.Errorf("the pull ended as %v", pull)
			}
		}
		health := o.get(of(id, "/health")).want(200).json()
		if diff := cmp.Diff([]any{"mass_removal"}, health["warnings"]); diff != "" || health["health"] != "healthy" {
			t.Errorf("%v: %s", health, diff)
		}
		o.checkRows(b, id, gone...)
		o.announce(b, hook, "deleted", gone...)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		o.pull(id, nil)
		if health := o.get(of(id, "/health")).want(200).json(); health["warnings"] != nil {
			t.Errorf("after the announcement: %v", health)
		}
	})
}
