package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// churn is the moment at which all ids of an account change.
type churn struct {
	name string
	// during pulls after the ids have changed, and before the complete and settled pull. It may be nil.
	during func(t *testing.T, o operator, b *pluggyBank, c churned)
}

// churned is a connection with one account whose rows have new ids.
type churned struct {
	id, hook, account string
	now               []string // the new ids
}

// pullWith pulls while the item has this status.
func pullWith(status, execution string) func(*testing.T, operator, *pluggyBank, churned) {
	return func(t *testing.T, o operator, b *pluggyBank, c churned) {
		t.Helper()
		if err := b.sim.SetItemStatus(b.item, status, execution); err != nil {
			t.Fatal(err)
		}
		o.pullNow(c.id)
		if err := b.sim.SetItemStatus(b.item, "UPDATED", "SUCCESS"); err != nil {
			t.Fatal(err)
		}
	}
}

var churns = []churn{
	{name: "between two settled reads"},
	{"while the item is updating", pullWith("UPDATING", "TRANSACTIONS_IN_PROGRESS")},
	{"while the item is outdated", pullWith("OUTDATED", "SITE_NOT_AVAILABLE")},
	{"before a read of some days", func(_ *testing.T, o operator, _ *pluggyBank, c churned) {
		o.pull(c.id, object{"from": "2026-01-01", "to": "2026-12-31"})
	}},
	{"and the new rows are announced before the removals", func(
		_ *testing.T, o operator, b *pluggyBank, c churned,
	) {
		o.sendEvent(b, c.hook, pluggysim.Event{
			Name: "transactions/created", AccountID: c.account, TransactionIDs: c.now,
		})
		o.waitForSuccess(c.id)
	}},
}

// When a bank changes all ids of an account, every transaction keeps its record, whatever the service reads between the
// change and the complete read that proves it.
func TestTransactionsKeepTheirRecordsWheneverTheirIDsChange(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		for _, c := range churns {
			for _, rows := range []int{1, 60, 600} {
				b.checkChurn(t, o, c, rows)
			}
		}
	})
}

// checkChurn connects a new account with this number of rows, changes all ids, and checks that each row has the record
// that it had before.
func (b *pluggyBank) checkChurn(t *testing.T, o operator, c churn, rows int) {
	t.Helper()
	b.item = b.sim.AddItem(pluggysim.Item{ClientID: b.id}).ID
	account, err := b.sim.AddAccount(pluggysim.Account{ItemID: b.item})
	if err != nil {
		t.Fatal(err)
	}
	var was []string
	for i := range rows {
		added, err := b.sim.AddTransaction(pluggysim.Transaction{
			AccountID: account.ID, Type: "DEBIT", Amount: pluggysim.Number(fmt.Sprintf("-%d.%02d", 10+i, i%100)),
			Description: fmt.Sprintf("PADARIA %s", []string{"REAL", "LUZ", "SOL"}[i%3]),
			Date:        pluggysim.At(time.Date(2026, 10, 1+i%28, 3, 0, 0, 0, time.UTC)),
		})
		if err != nil {
			t.Fatal(err)
		}
		was = append(was, added.ID)
	}
	name := fmt.Sprintf("%s, %d", c.name, rows)
	changed := churned{id: o.connect(b, name), hook: o.mint(b, name), account: account.ID}
	o.pull(changed.id, nil)
	before := o.liveRecords(changed.id)
	for _, old := range was {
		changed.now = append(changed.now, b.post(t, old))
	}
	if c.during != nil {
		c.during(t, o, b, changed)
	}
	o.pull(changed.id, nil)
	after, kept := o.liveRecords(changed.id), 0
	for i := range was {
		if before[was[i]] != "" && before[was[i]] == after[changed.now[i]] {
			kept++
		}
	}
	if kept != rows {
		t.Errorf("the ids change %s: %d of %d transactions keep their record", c.name, kept, rows)
	}
}

// liveRecords returns the ids of the connection's records that are not removed, by external id.
func (o operator) liveRecords(id string) map[string]string {
	o.t.Helper()
	live := map[string]string{}
	for _, row := range o.pages(pathOf(id, "/transactions"), 200) {
		if row["removedAt"] == nil {
			live[text(row, "externalId")] = text(row, "id")
		}
	}
	return live
}
