package memory

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ReadClose copies the records of the closed period. It then calls fn, without the lock.
func (v ledger) ReadClose(ctx context.Context, tenant domain.TenantID, id domain.AccountID, date domain.Date,
	fn func(ports.ClosedView) error) error {
	view, err := exclusiveResult(ctx, v.Store, "Ledger.ReadClose", func() (ports.ClosedView, error) {
		closed, err := v.anyClose(tenant, id, date)
		if err != nil {
			return ports.ClosedView{}, err
		}
		return v.closedView(v.accountOf(tenant, id), closed), nil
	})
	if err != nil {
		return err
	}
	return fn(view)
}

// closedView returns a view of a closed period with copies of its records.
func (s *Store) closedView(a *records.Account, c books.Close) ports.ClosedView {
	var rows []domain.Transaction
	var covered []books.ClosedRecord
	for t := range maps.Values(s.transactions[a.Connection]) {
		version, ok := t.asOf(c.ClosedAt)
		if !ok {
			continue
		}
		rows = append(rows, version)
		if version.AccountID == a.ID && version.Date <= c.Date {
			covered = append(covered, s.closedRecord(t, version))
		}
	}
	slices.SortFunc(covered, func(x, y books.ClosedRecord) int { return x.ID.Compare(y.ID) })
	return ports.ClosedView{
		Close: c, Posted: inWindow(postedAmong(rows, a.ID)),
		Records: func(ctx context.Context) iter.Seq2[books.ClosedRecord, error] {
			return yieldAll(ctx, covered)
		},
	}
}

// closedRecord returns a version of a row as a record of a closed period.
func (s *Store) closedRecord(t *transaction, version domain.Transaction) books.ClosedRecord {
	origin := domain.TransactionVersion{Transaction: version}
	s.addOrigin(&origin)
	hash := t.rowSHA256
	if n := version.Version; n != t.Version {
		i := slices.IndexFunc(t.replaced, func(r domain.Transaction) bool { return r.Version == n })
		hash = t.replaced[i].RowSHA256
	}
	copied := cloneTransaction(version)
	return books.ClosedRecord{
		SumRow: books.SumRow{
			Date: version.Date, Posted: version.Status == domain.Posted, Amount: copied.Amount,
			AccountMoney: copied.AccountMoney,
		},
		ID: version.ID, Status: version.Status, Version: version.Version, RowSHA256: slices.Clone(hash),
		Pull: version.Pull, Deliveries: origin.Deliveries,
	}
}

// anyClose returns the closed period that ends on the given date. If there is none, it returns the most recently
// reopened one. Errors: NotFound.
func (s *Store) anyClose(tenant domain.TenantID, id domain.AccountID, date domain.Date) (books.Close, error) {
	kept := s.closings[id]
	if kept == nil || s.accountOf(tenant, id) == nil {
		return books.Close{}, domain.NotFoundError()
	}
	if c, ok := kept.closes[date]; ok {
		return c.Close, nil
	}
	for _, c := range slices.Backward(kept.reopened) {
		if c.Date == date {
			return c, nil
		}
	}
	return books.Close{}, domain.NotFoundError()
}

// ReopenedCloses checks the tenant of the account, because a caller may know the id of another tenant's account.
func (v ledger) ReopenedCloses(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	page domain.PageRequest) (domain.Page[books.Close], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.ReopenedCloses", func() (domain.Page[books.Close], error) {
		var reopened []books.Close
		if kept := v.closings[id]; kept != nil && v.accountOf(tenant, id) != nil {
			reopened = kept.reopened
		}
		return cutPage(reopened, page, byTime, func(c books.Close) domain.Position {
			return timePosition(c.ReopenedAt, id.UUID)
		})
	})
}
