package memory

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// closing contains the closed periods of one account, and their adjustments (later changes of records in these
// periods).
type closing struct {
	reopened    []books.Close // oldest first
	closes      map[domain.Date]closed
	adjustments []books.Adjustment // oldest first; only changes made while the account had a closed period
}

// closed is a closed period. The field adjustmentCount is the number of adjustments that the account already had when
// the period was closed.
type closed struct {
	books.Close
	adjustmentCount int
}

// ClosePeriod computes the digest, and calls steps.Read, while the store is locked. It never calls steps.Pause.
func (v ledger) ClosePeriod(ctx context.Context, tenant domain.TenantID, id domain.AccountID, r books.CloseRequest,
	steps ports.CloseSteps, entries ports.AuditEntries,
) (c books.Close, wasCreated bool, err error) {
	err = v.exclusive(ctx, "Ledger.ClosePeriod", func() error {
		a := v.accountOf(tenant, id)
		if a == nil {
			return domain.NotFoundError()
		}
		kept := v.closings[id]
		if kept == nil {
			kept = &closing{closes: map[domain.Date]closed{}}
			v.closings[id] = kept
		}
		if existing, ok := kept.closes[r.Date]; ok {
			c = existing.Close
			return nil
		}
		r.At = v.tick(a.Connection, r.At)
		made := v.digestOf(a.Account, r)
		if steps.Read != nil {
			if err := steps.Read(ctx, v.closedView(a, made)); err != nil {
				return err
			}
		}
		c, wasCreated = made, true
		kept.closes[r.Date] = closed{c, len(kept.adjustments)}
		v.record(tenant, entries)
		return nil
	})
	return c, wasCreated, err
}

// digestOf returns a new closed period of an account. It contains the digest of the account's current live records up
// to the requested day.
func (s *Store) digestOf(a domain.Account, r books.CloseRequest) books.Close {
	var previous domain.Date
	if kept := s.closings[a.ID]; kept != nil {
		for day := range kept.closes {
			if day < r.Date {
				previous = max(previous, day)
			}
		}
	}
	completeness := s.completenessOf(s.accountOf(a.Tenant, a.ID))
	sum := books.NewCloseSum(a, completeness, r.Date, previous)
	var rows []domain.Transaction
	for _, t := range s.transactions[a.Connection] {
		if t.AccountID == a.ID && t.RemovedAt.IsZero() && t.Date <= sum.LastDay() {
			rows = append(rows, t.Transaction)
		}
	}
	slices.SortFunc(rows, func(x, y domain.Transaction) int { return x.ID.Compare(y.ID) })
	for _, t := range rows {
		sum.Add(t.ID, t.Status, books.SumRowOf(t))
	}
	return sum.Close(r, completeness)
}

// changeBooks updates the closed periods and the completeness of the accounts that a changed row concerns. It stores
// the adjustments of closed periods, with their events. If a completeness is stored for an account whose posted
// records have changed, changeBooks marks it as changed since the latest reading. The row must already have its new
// version.
func (s *Store) changeBooks(row *transaction) {
	change := records.RecordChange{
		ID: row.ID, Version: row.Version, At: row.UpdatedAt, After: books.StateOf(row.currentVersion()),
	}
	if n := len(row.replaced); n > 0 {
		state := books.StateOf(row.replaced[n-1])
		change.Before = &state
	}
	changed := books.ChangedRecords{Since: row.UpdatedAt}
	if row.Pull.IsZero() {
		changed.Decided = row.UpdatedAt
	}
	books.PostedChanges(change.Before, change.After, func(id domain.AccountID, date domain.Date) {
		if c, read := s.completeness[id]; read {
			changed.First = date
			c.Changed = c.Changed.And(changed)
			s.completeness[id] = c
		}
	})
	adjustments := change.Adjustments(s.lastClosed)
	var closed []records.ClosedPeriod
	for _, a := range adjustments {
		kept := s.closings[a.Account]
		row.adjustments = append(row.adjustments, adjustmentKey{a.Account, len(kept.adjustments)})
		kept.adjustments = append(kept.adjustments, a)
		for _, day := range slices.Sorted(maps.Keys(kept.closes)) {
			closed = append(closed, records.ClosedPeriod{Account: a.Account, Day: day})
		}
	}
	s.recordEvents(row.Tenant, row.Connection, row.UpdatedAt, records.OfAdjustments(adjustments, closed)...)
}

// lastClosed returns the last day of the latest closed period of an account; "" if it has none.
func (s *Store) lastClosed(account domain.AccountID) (day domain.Date) {
	if kept := s.closings[account]; kept != nil {
		for closed := range kept.closes {
			day = max(day, closed)
		}
	}
	return day
}

// adjustmentKey identifies an adjustment by its account and its index in the account's list of adjustments.
type adjustmentKey struct {
	account domain.AccountID
	place   int
}

// adjusts reports whether the given adjustment belongs to the closed period. n is the index of the adjustment in the
// account's list of adjustments.
func (c closed) adjusts(n int, a books.Adjustment) bool {
	return n >= c.adjustmentCount && a.Day() <= c.Date
}

// earliestAdjusted considers the closed periods that have an adjustment by a change of the row. It returns the last
// day of the earliest such period, or "" if there is none.
func (s *Store) earliestAdjusted(row *transaction) domain.Date {
	var earliest domain.Date
	for _, key := range row.adjustments {
		kept := s.closings[key.account]
		for _, c := range kept.closes {
			if c.adjusts(key.place, kept.adjustments[key.place]) && (earliest == "" || c.Date < earliest) {
				earliest = c.Date
			}
		}
	}
	return earliest
}

// ReopenPeriod moves the closed period to the list of reopened periods, but keeps the adjustments, because other closed
// periods refer to them by index.
func (v ledger) ReopenPeriod(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	date domain.Date, at time.Time, entries ports.AuditEntries) error {
	return v.exclusive(ctx, "Ledger.ReopenPeriod", func() error {
		kept, c, err := v.findClose(tenant, id, date)
		if err != nil {
			return err
		}
		c.ReopenedAt = v.tick(v.accountOf(tenant, id).Connection, at)
		kept.reopened = append(kept.reopened, c.Close)
		delete(kept.closes, date)
		v.record(tenant, entries)
		return nil
	})
}

// findClose returns the closed period that ends on this day. The first result contains all closed periods and
// adjustments of the account. Errors: NotFound.
func (s *Store) findClose(tenant domain.TenantID, id domain.AccountID, date domain.Date) (*closing, closed, error) {
	kept := s.closings[id]
	if kept == nil || s.accountOf(tenant, id) == nil {
		return nil, closed{}, domain.NotFoundError()
	}
	c, ok := kept.closes[date]
	if !ok {
		return nil, closed{}, domain.NotFoundError()
	}
	return kept, c, nil
}

// Closes checks the tenant of the account, because a caller may know the id of another tenant's account.
func (v ledger) Closes(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	page domain.PageRequest) (domain.Page[books.Close], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Closes", func() (domain.Page[books.Close], error) {
		var closes []books.Close
		if kept := v.closings[id]; kept != nil && v.accountOf(tenant, id) != nil {
			for _, c := range kept.closes {
				closes = append(closes, c.Close)
			}
		}
		return cutPage(closes, page, byDate, func(c books.Close) domain.Position {
			return domain.Position{Key: string(c.Date), ID: id.UUID}
		})
	})
}

// Adjustments returns the adjustments of the closed period, newest first. A position in the list is the number of older
// adjustments of the account.
func (v ledger) Adjustments(ctx context.Context, tenant domain.TenantID, id domain.AccountID, date domain.Date,
	page domain.PageRequest) (domain.Page[books.Adjustment], error) {
	type result = domain.Page[books.Adjustment]
	return exclusiveResult(ctx, v.Store, "Ledger.Adjustments", func() (found result, err error) {
		kept, c, err := v.findClose(tenant, id, date)
		if err != nil {
			return found, err
		}
		end := len(kept.adjustments)
		if !page.After.IsZero() {
			if end, err = strconv.Atoi(page.After.Key); err != nil || page.After.ID != id.UUID {
				return found, foreignCursor()
			}
		}
		built := domain.PageBuilder[books.Adjustment]{Request: page}
		for n := min(end, len(kept.adjustments)) - 1; n >= 0; n-- {
			switch a := kept.adjustments[n]; {
			case !c.adjusts(n, a):
			case built.Complete() || built.Full():
				return result{Items: built.Items, Next: domain.Position{Key: strconv.Itoa(end), ID: id.UUID}}, nil
			default:
				built.Add(a)
				end = n
			}
		}
		return result{Items: built.Items}, nil
	})
}
