package recordstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// On SQLite, all tenants wait for the transaction of a sweep. It must not read the compared records again.
func TestTheTransactionOfASweepReadsNoComparedRecords(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		const n = 300
		p := newPulled(t, b)
		p.store(ports.PageWrite{Transactions: ordinaryRows("old", n)})
		pulls, counted := countingPulls(b)
		p.pulls = pulls
		counts := comparedWrites["sweep"](p, ordinaryRows("new", n), onFirstRow(func() {}))
		if want := (domain.Counts{Read: n, Modified: n, IDChanges: n}); counts != want {
			t.Errorf("counts %+v, want %+v", counts, want)
		}
		if last := counted.last(); last.records > 0 {
			t.Errorf("the last transaction: %+v", *last)
		}
	})
}

// A vendor that has removed many records sends one new row. All removed records are compared with it, but they are not
// read in the transaction.
func TestTheTransactionOfAFewRowsReadsNoRemovedRecords(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		const n = 300
		p := newPulled(t, b)
		rows := ordinaryRows("old", n)
		p.store(ports.PageWrite{Transactions: rows})
		var removed []string
		for i := range rows {
			removed = append(removed, rows[i].ExternalID)
		}
		p.store(ports.PageWrite{Removed: removed, Confirmed: true, Matching: onFirstRow(func() {})})
		pulls, counted := countingPulls(b)
		p.pulls = pulls
		compared := false
		counts := p.store(ports.PageWrite{
			Transactions: ordinaryRows("new", 1), Matching: onFirstRow(func() { compared = true }),
		})
		if counts.Added+counts.Modified != 1 || !compared {
			t.Errorf("counts %+v, compared: %v", counts, compared)
		}
		if last := counted.last(); last.records > 0 {
			t.Errorf("the last transaction: %+v", *last)
		}
	})
}

// meanwhile calls fn before the next transaction.
type meanwhile struct {
	gormstore.Dialect
	fn func()
}

// Transact calls fn once.
func (d *meanwhile) Transact(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
	if before := d.fn; before != nil {
		d.fn = nil
		before()
	}
	return d.Dialect.Transact(ctx, fn, first...)
}

// partlyChanged returns n rows. Their amounts and texts depend on the prefix, except those of the first rows.
func partlyChanged(prefix string, same, n int) []domain.TransactionData {
	rows := ordinaryRows(prefix, n)
	for i := same; i < n; i++ {
		rows[i].Amount.Amount = rows[i].Amount.Amount.Mul(decimal.NewFromInt(int64(len(prefix) + 1000*int(prefix[0]))))
		rows[i].Description = prefix + rows[i].Description
	}
	return rows
}

// An operator decides about a record after its rows were compared, and before the result is written. Few records
// continue with new rows, so that none is prepared.
func TestADecisionAfterTheComparisonsIsKept(t *testing.T) {
	const n, continued = 250, 150
	exclude := func(p *pulled, record domain.Transaction) {
		decision := ports.Decision{At: p.now.Add(-time.Second)}
		_, err := p.Ledger().Exclude(p.t.Context(), p.c.Tenant, record.ID, "somebody", decision)
		p.must(err)
	}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		p.store(ports.PageWrite{Transactions: partlyChanged("old", continued, n)})
		decided := p.records()[ordinaryRows("old", 1)[0].ExternalID]
		core := *b.Core()
		core.Dialect = &meanwhile{Dialect: core.Dialect, fn: func() { exclude(p, decided) }}
		p.pulls, p.now = recordstore.NewPulls(&core), p.now.Add(time.Minute)
		counts := comparedWrites["sweep"](p, partlyChanged("new", continued, n), onFirstRow(func() {}))
		if counts.IDChanges != continued || counts.Added != n-continued {
			t.Errorf("counts %+v", counts)
		}
		got, err := b.Ledger().Transaction(t.Context(), p.c.Tenant, decided.ID, time.Time{})
		p.must(err)
		if got.ExcludedAt.IsZero() || got.ExternalID == decided.ExternalID || got.Version != decided.Version+2 {
			t.Errorf("the record has version %d, id %s, excluded at %v", got.Version, got.ExternalID, got.ExcludedAt)
		}
	})
}
