package memory

import (
	"context"
	"iter"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Snapshot copies the posted records of the account. It then calls fn, without the lock.
func (v ledger) Snapshot(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	fn func(view ports.AccountView) error) error {
	view, err := exclusiveResult(ctx, v.Store, "Ledger.Snapshot", func() (ports.AccountView, error) {
		a := v.accountOf(tenant, id)
		if a == nil {
			return ports.AccountView{}, domain.NotFoundError()
		}
		return ports.AccountView{
			Account: cloneAccount(a.Account), Completeness: v.completenessOf(a), Posted: inWindow(v.postedOf(a)),
			SharedReferences: sharedReferences(v.referencesOf(a)),
		}, nil
	})
	if err != nil {
		return err
	}
	return fn(view)
}

// postedOf returns the live posted records of the account, ordered by date, then by id.
func (s *Store) postedOf(a *records.Account) []domain.Transaction {
	var live []domain.Transaction
	for _, t := range s.transactions[a.Connection] {
		if t.RemovedAt.IsZero() {
			live = append(live, t.Transaction)
		}
	}
	return postedAmong(live, a.ID)
}

// postedAmong returns the posted records of an account, ordered by date, then by id. It selects them from the given
// live records.
func postedAmong(live []domain.Transaction, account domain.AccountID) []domain.Transaction {
	var records []domain.Transaction
	for _, t := range live {
		if t.AccountID != account || t.Status != domain.Posted {
			continue
		}
		records = append(records, cloneTransaction(t))
	}
	slices.SortFunc(records, func(x, y domain.Transaction) int {
		return x.DatePosition().Compare(y.DatePosition())
	})
	return records
}

// referencesOf maps each main reference to the ids of the account's records that have it in any version.
func (s *Store) referencesOf(a *records.Account) map[string]map[domain.TransactionID]bool {
	owners := map[string]map[domain.TransactionID]bool{}
	for _, t := range s.transactions[a.Connection] {
		for _, version := range append(slices.Clone(t.replaced), t.Transaction) {
			reference := version.References.Main()
			if version.AccountID == a.ID && reference != "" {
				innerMap(owners, reference)[t.ID] = true
			}
		}
	}
	return owners
}

// sharedReferences returns an implementation of AccountView.SharedReferences.
func sharedReferences(
	owners map[string]map[domain.TransactionID]bool,
) func(context.Context) (map[string]domain.TransactionID, error) {
	first := map[string]domain.TransactionID{}
	for reference, ids := range owners {
		for id := range ids {
			if least, ok := first[reference]; len(ids) > 1 && (!ok || id.Compare(least) < 0) {
				first[reference] = id
			}
		}
	}
	return func(ctx context.Context) (map[string]domain.TransactionID, error) { return first, ctx.Err() }
}

// inWindow returns an implementation of AccountView.Posted, which yields the given records that are in the window.
func inWindow(
	records []domain.Transaction,
) ports.PostedRecords {
	return func(ctx context.Context, window domain.Window) iter.Seq2[domain.Transaction, error] {
		return func(yield func(domain.Transaction, error) bool) {
			for record, err := range yieldAll(ctx, records) {
				if (err != nil || window.Contains(record.Date)) && !yield(record, err) {
					return
				}
			}
		}
	}
}
