package e2e_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// removedAccounts returns the external ids of the connection's accounts that are marked as removed.
func (o operator) removedAccounts(id string) []string {
	o.t.Helper()
	var removed []string
	for _, account := range o.pages(pathOf(id, "/accounts"), 200) {
		if account["removedAt"] != nil {
			removed = append(removed, text(account, "externalId"))
		}
	}
	return removed
}

// TestAnAccountThatTheVendorNoLongerLists checks that an account that the vendor no longer lists is marked as removed
// after the number of complete reads that this vendor requires. Its transactions must remain, and the account must no
// longer be marked as removed when it is listed again.
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

// TestBelvoRowsThatVanishWithoutAnAnnouncement checks that a row is marked as removed after two complete reads without
// it, unless the vendor may have purged the row because of its age.
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

// laterClock is a clock that is ahead of the wall clock by offset.
type laterClock struct{ offset atomic.Int64 }

func (c *laterClock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *laterClock) pass(d time.Duration) { c.offset.Add(int64(d)) }

// loseRows adds rows to an account at the vendor, pulls the rows, and removes some of them at the vendor. It returns
// the external ids of the removed rows. These are more than half of the account's rows. The vendor cannot have purged
// them, because they are recent.
func (o operator) loseRows(b bank, id string) []string {
	o.t.Helper()
	demo := o.rows(id)
	b.generate(o.t, 40)
	o.pull(id, nil)
	var gone []string
	for external, row := range o.rows(id) {
		if demo[external] == nil && text(row, "date") > time.Now().AddDate(0, 0, -330).Format(time.DateOnly) {
			gone = append(gone, external)
			b.remove(o.t, external)
		}
	}
	return gone
}

// checkWarnings checks that the connection is healthy and has exactly these warnings.
func (o operator) checkWarnings(id string, want ...any) {
	o.t.Helper()
	health := o.get(pathOf(id, "/health")).want(200).json()
	got, _ := health["warnings"].([]any)
	if diff := cmp.Diff(want, got); diff != "" || health["health"] != "healthy" {
		o.t.Errorf("%v: %s", health, diff)
	}
}

// TestAMassRemovalIsHeldBack checks that a read in which most rows of an account are missing removes none of them, and
// that the health shows a warning. The warning must disappear when the deletion is announced.
func TestAMassRemovalIsHeldBack(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		gone := o.loseRows(b, id)
		for range 2 {
			if pull := o.pull(id, nil); pull["status"] != "succeeded" {
				t.Errorf("the pull ended as %v", pull)
			}
		}
		o.checkWarnings(id, "mass_removal")
		o.checkRows(b, id, gone...)
		o.announce(b, hook, "deleted", gone...)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		o.pull(id, nil)
		o.checkWarnings(id)
	})
}

// TestAMassRemovalIsAppliedAnHourLater checks when a mass removal is applied. For an hour after the first read without
// the rows, and before the vendor has read the institution again, no read may remove them. A later read must remove the
// rows that are still missing, and no others.
func TestAMassRemovalIsAppliedAnHourLater(t *testing.T) {
	for name := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, b := range banks(t) {
				t.Run(b.vendor(), func(t *testing.T) { checkLateMassRemoval(t, name, b) })
			}
		})
	}
}

func checkLateMassRemoval(t *testing.T, backend string, b bank) {
	later := &laterClock{}
	w := open(t, backend, backends[backend](t), func(s *setup) { s.over.Clock = later })
	o, id, _ := connectAndPull(t, w, b)
	gone := o.loseRows(b, id)
	for range 2 {
		o.pull(id, nil)
	}
	later.pass(58 * time.Minute)
	b.synchronise(t)
	o.pull(id, nil)
	o.checkWarnings(id, "mass_removal")
	o.checkRows(b, id, gone...)
	later.pass(3 * time.Minute)
	pull := o.pull(id, nil)
	counts, _ := pull["counts"].(map[string]any)
	if counts["removed"] != float64(len(gone)) {
		t.Errorf("the pull removed %v rows, want %d", counts["removed"], len(gone))
	}
	o.checkRows(b, id)
	o.checkWarnings(id)
}
