package e2e_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// smallPages sets the page size to two, so that the demo data has more than one page.
func smallPages(o *pluggysim.Options) { o.PageSize = 2 }

// sendEvent sends an event from Pluggy to the webhook address hook, which must accept it.
func (o operator) sendEvent(b *pluggyBank, hook string, e pluggysim.Event) {
	o.t.Helper()
	o.postWebhook(o.t, "pluggy", hook, b.event(o.t, e)).want(202)
}

func TestPluggyPages(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t, smallPages)
		b.generate(t, 25)
		o, id, _ := connectAndPull(t, w, b)
		o.checkRows(b, id)
		if n := b.gate().count(b.rowsPath()); n < 16 {
			t.Errorf("%d requests read the rows in pages of two", n)
		}
		if old := b.sim.Stats().Deprecated; old > 0 {
			t.Errorf("%d calls of the retired list", old)
		}
	})
}

func TestPluggyItemEvents(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		o, id, hook := connectAndPull(t, w, b)
		for _, c := range []struct {
			event, status string
			reauth        bool
		}{
			{"item/waiting_user_input", "WAITING_USER_INPUT", true},
			{"item/login_succeeded", "UPDATED", false},
			{"item/error", "LOGIN_ERROR", true},
			{"item/updated", "UPDATED", false},
			{"item/waiting_user_action", "WAITING_USER_ACTION", true},
			{"item/updated", "UPDATED", false},
		} {
			if err := b.sim.SetItemStatus(pluggysim.DemoItemID, c.status, ""); err != nil {
				t.Fatal(err)
			}
			o.sendEvent(b, hook, pluggysim.Event{Name: c.event, ItemID: pluggysim.DemoItemID})
			o.waitForSuccess(id)
			if c.reauth {
				o.checkHealth(id, "unhealthy", "reauth_required", true)
			} else {
				o.checkHealth(id, "healthy", "", false)
			}
		}
		o.sendEvent(b, hook, pluggysim.Event{Name: "connector/status_updated"})
		if newest := o.pages(deliveries+"?connectionId="+id, 20)[0]; newest["status"] != "ignored" ||
			newest["event"] != "connector/status_updated" {
			t.Errorf("an event about no item is stored as %v", newest)
		}
		if err := b.sim.RemoveItem(pluggysim.DemoItemID); err != nil {
			t.Fatal(err)
		}
		o.sendEvent(b, hook, pluggysim.Event{Name: "item/deleted", ItemID: pluggysim.DemoItemID})
		if pull := o.waitForPulls(id)[0]; pull["status"] != "failed" || pull["lastError"] != "account_not_found" {
			t.Errorf("a deleted item's pull ended as %v", pull)
		}
		o.checkHealth(id, "unhealthy", "account_not_found", false)
		for external, row := range o.rows(id) {
			if row["removedAt"] != nil {
				t.Errorf("%s was removed with the item", external)
			}
		}
	})
}

// TestPluggyPartialSuccess checks that the removal of a row is detected even if the vendor could not synchronise the
// cards of the item (PARTIAL_SUCCESS). If the vendor then replaces a pending row with a posted one, the two rows must
// belong to the same transaction.
func TestPluggyPartialSuccess(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		o, id, _ := connectAndPull(t, w, b)
		if err := b.sim.SetItemStatus(pluggysim.DemoItemID, "UPDATED", "PARTIAL_SUCCESS"); err != nil {
			t.Fatal(err)
		}
		before := o.rows(id)
		pending := b.sim.Transactions(pluggysim.DemoBankAccountID)[0].ID
		posted, err := b.sim.Churn(pending)
		if err != nil {
			t.Fatal(err)
		}
		o.pull(id, nil)
		o.checkRows(b, id)
		rows := o.rows(id)
		if rows[pending] != nil || rows[posted.ID]["id"] != before[pending]["id"] {
			t.Errorf("the row that left is %v, the row that came is %v", rows[pending], rows[posted.ID])
		}
	})
}

func TestPluggyKeyThatExpiresInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t, smallPages)
		b.generate(t, 20)
		o, id, hook := connectAndPull(t, w, b)
		if issued := b.sim.Stats().KeysIssued; issued != 1 {
			t.Errorf("the first pull used %d keys", issued)
		}
		b.inject(t, fault{path: "/v2/transactions", kind: "expire", skip: 3})
		o.announce(b, hook, "all")
		if pull := o.waitForSuccess(id)[0]; pull["attempts"] != 1.0 {
			t.Errorf("an expired key cost an attempt: %v", pull)
		}
		if issued := b.sim.Stats().KeysIssued; issued != 2 {
			t.Errorf("one expiry cost %d more keys", issued-1)
		}
		o.checkRows(b, id)
	})
}

func TestPluggyEditsAndDeletionsByID(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		b.generate(t, 30)
		o, id, hook := connectAndPull(t, w, b)
		rows := b.sim.Transactions(pluggysim.DemoBankAccountID)
		var ids []string
		for _, row := range rows[:20] {
			b.edit(t, row.ID)
			ids = append(ids, row.ID)
		}
		before := b.gate().count(b.rowsPath())
		o.announce(b, hook, "updated", ids...)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		if n := b.gate().count(b.rowsPath()) - before; n != 1 {
			t.Errorf("20 rows by id took %d requests", n)
		}
		// Edit one row, change the id of a second row, and delete a third row. After the deletion, announce a late edit
		// of the deleted row.
		if _, err := b.sim.UpdateTransaction(
			ids[0],
			func(row *pluggysim.Transaction) { row.Amount, row.Status = "-0.01", "PENDING" },
		); err != nil {
			t.Fatal(err)
		}
		churned, err := b.sim.Churn(ids[1])
		if err != nil {
			t.Fatal(err)
		}
		b.remove(t, ids[2])
		o.announce(b, hook, "deleted", ids[1], ids[2])
		o.announce(b, hook, "created", churned.ID)
		o.announce(b, hook, "updated", ids[0], ids[2])
		o.waitForSuccess(id)
		o.checkRows(b, id)
		if row := o.rows(id)[ids[2]]; row["removedAt"] == nil {
			t.Error("a late edit restored a deleted row")
		}
	})
}
