package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
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
		a := v.accountOf(tenant, id)
		var rows []domain.Transaction
		for t := range maps.Values(v.transactions[a.Connection]) {
			if version, ok := t.asOf(closed.ClosedAt); ok {
				rows = append(rows, version)
			}
		}
		return ports.ClosedView{Close: closed, Posted: inWindow(postedAmong(rows, id))}, nil
	})
	if err != nil {
		return err
	}
	return fn(view)
}

// anyClose returns the closed period that ends on the given date, otherwise the last one of this date that was
// reopened. Errors: NotFound.
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
		kept := v.closings[id]
		if err := checkTimePosition(page.After); err != nil || kept == nil || v.accountOf(tenant, id) == nil {
			return domain.Page[books.Close]{}, err
		}
		return cutPage(slices.Values(kept.reopened), page, descending, func(c books.Close) domain.Position {
			return timePosition(c.ReopenedAt, id.UUID)
		}), nil
	})
}
