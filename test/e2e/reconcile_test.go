package e2e_test

import (
	"testing"
	"time"
)

// The reconcile task must bring the stored rows up to date even if no webhook arrives.
func TestReconcileFindsChangesWithoutWebhooks(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		edited, gone := b.add(t), b.add(t)
		eventually(t, "the first rows", func() bool { return len(o.rows(id)) == len(b.truth(t)) })
		first := o.rows(id)

		b.edit(t, edited)
		added := b.add(t)
		// Without this edit, the service could take the added row for a replacement of the removed row.
		b.edit(t, added)
		b.remove(t, gone)
		eventually(t, "the changes", func() bool {
			rows := o.rows(id)
			return rows[added] != nil && rows[edited]["version"] == 2.0 &&
				rows[gone]["removedAt"] != nil
		})
		waitForMorePulls(o, id, 2)
		rows := o.rows(id)
		o.checkRows(b, id)
		for external, row := range rows {
			// The service suggests that the added row replaces the removed one. The suggestion creates a second
			// version of the added row if that row was stored before the removal was confirmed.
			suggested := external == added && row["possiblySupersedes"] != nil && row["version"] == 2.0
			if external != edited && external != gone && row["version"] != 1.0 && !suggested {
				t.Errorf("%s was changed: %v", external, row)
			}
			if was := first[external]; was != nil && was["id"] != row["id"] {
				t.Errorf("%s changed its id", external)
			}
		}
		for _, pull := range o.pages(pathOf(id, "/pulls"), 200) {
			if pull["trigger"] != "reconcile" || pull["status"] == "failed" {
				t.Errorf("a pull of the reconcile task is %v", pull)
			}
		}
	}, func(s *setup) { s.cfg.ReconcileInterval = 2 * time.Second })
}

// waitForMorePulls waits until count more pulls of the connection have succeeded.
func waitForMorePulls(o operator, id string, count int) {
	o.t.Helper()
	ended := func() (n int) {
		for _, pull := range o.pages(pathOf(id, "/pulls"), 200) {
			if pull["status"] == "succeeded" {
				n++
			}
		}
		return n
	}
	before := ended()
	eventually(o.t, "more pulls", func() bool { return ended() >= before+count })
}

// A vendor that purges old rows does not announce the purge. The stored rows must not be marked as
// removed.
func TestAPurgeRemovesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvo(t)
		o, id, hook := connectAndPull(t, w, b)
		before := o.rows(id)
		if n, err := b.sim.Purge(b.link, time.Now().Add(24*time.Hour)); err != nil || n == 0 {
			t.Fatalf("purged %d rows: %v", n, err)
		}
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		for external, row := range o.rows(id) {
			if row["removedAt"] != nil || row["version"] != before[external]["version"] {
				t.Errorf("the purge changed %v", row)
			}
		}
	})
}
