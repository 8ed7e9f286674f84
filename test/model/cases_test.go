package model_test

import (
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// movePosted gives another id to a posted row without an end-to-end id. It chooses the newest such row in an account
// whose balance is compared.
func (w *world) movePosted() {
	for _, m := range slices.Backward(w.movements) {
		if w.movable(m) && m.rows[0].status == "posted" && m.rows[0].endToEnd == "" && m.account.compared {
			w.move(m, m.rows[0].date)
			return
		}
	}
}

// move gives the row of a movement another id and the given date.
func (w *world) move(m *movement, date string) {
	old := m.rows[0]
	v := *old
	v.id, v.date = w.newID(), date
	w.hide(m, old)
	w.show(m, &v)
	w.life.note("%s: %s gets the id %s", w.bank.vendor(), old.id, v.id)
}

// TestARecordContinuesAlthoughAPageFails tests section 7 of the contract. A row on the first page of each account
// gets another id. In the next read, the connection ends within the second page, and the pull begins again. No read
// has returned both the old and the new row, so the records must continue.
func TestARecordContinuesAlthoughAPageFails(t *testing.T) {
	live(t, newService(t, harness.SQLite(t)), 1, 0, func(l *life) {
		w := l.worlds[0]
		for range 40 {
			w.add()
		}
		w.settle("")
		records := map[string]string{} // from the new id of each row to our id
		for _, a := range w.accounts {
			var newest *movement
			for _, m := range w.movements {
				if m.account == a && w.movable(m) && (newest == nil || m.rows[0].date > newest.rows[0].date) {
					newest = m
				}
			}
			id := w.recordOf(newest.rows[0].id)
			w.move(newest, newest.rows[0].date)
			records[newest.rows[0].id] = id
		}
		w.settle("cut")
		for external, id := range records {
			if now := w.recordOf(external); now != id || id == "" {
				t.Errorf("the row %s has the record %q, want %q", external, now, id)
			}
		}
	}, "pluggy")
}

// recordOf returns the service's id of the live record with this external id, or "" if there is none.
func (w *world) recordOf(external string) string {
	for _, r := range w.list(connections + "/" + w.id + "/transactions?externalId=" + external) {
		if r["removedAt"] == nil {
			return text(r, "id")
		}
	}
	return ""
}

// TestAWaitingRowCountsAsGone tests section 8 of the contract. A row of Belvo gets another id. The first complete
// read returns only the new row, which is stored. The old row is not removed before a second read confirms its
// absence. It must already count as removed, so that the balance and the records agree.
func TestAWaitingRowCountsAsGone(t *testing.T) {
	live(t, newService(t, harness.SQLite(t)), 1, 0, func(l *life) {
		w := l.worlds[1]
		w.movePosted()
		w.settle("")
		l.compare(w)
	}, "pluggy", "belvo")
}

// TestARecordContinuesInAnAccountThatReplacedAnother tests section 7 of the contract. Another account takes the place
// of an account of Plaid. The records of the former account are removed. When a row of the new account then gets
// another id, its record must continue.
func TestARecordContinuesInAnAccountThatReplacedAnother(t *testing.T) {
	live(t, newService(t, harness.SQLite(t)), 1, 0, func(l *life) {
		w := l.worlds[0]
		w.churn()
		l.compare(w)
		for _, m := range w.movements {
			if w.movable(m) {
				w.move(m, m.rows[0].date)
				w.news("")
				l.compare(w)
			}
		}
	}, "plaid")
}
