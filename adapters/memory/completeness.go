package memory

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// storeReadings stores the completeness and the balances of accounts.
func (s *Store) storeReadings(changes []records.CompletenessChange) {
	for _, change := range changes {
		s.completeness[change.Account] = change.Completeness
		if change.Balance != nil {
			innerMap(s.balances, change.Account)[change.Balance.Day] = *change.Balance
		}
	}
}

// readingSource implements records.ReadingSource for a connection.
type readingSource struct {
	*Store

	connection domain.ConnectionID
}

// Accounts implements records.ReadingSource. It returns the accounts in the order of their external ids.
func (s readingSource) Accounts() ([]records.AccountState, error) {
	var states []records.AccountState
	for _, a := range s.storedAccounts(s.connection) {
		states = append(states, records.AccountState{
			ID: a.ID, ExternalID: a.ExternalID, Completeness: s.completeness[a.ID],
		})
	}
	return states, nil
}

// Quarantine implements records.ReadingSource. It returns the payloads of all quarantined rows.
func (s readingSource) Quarantine() (payloads [][]byte, err error) {
	for _, row := range s.quarantine[s.connection] {
		payloads = append(payloads, row.Payload)
	}
	return payloads, nil
}

// ChangedSince implements records.ReadingSource. It examines all pulls.
func (s readingSource) ChangedSince(start time.Time, except domain.PullID) (bool, error) {
	for _, p := range s.pulls {
		if p.Connection == s.connection && p.ID != except && !p.FinishedAt.Before(start) &&
			p.Counts.Added+p.Counts.Modified+p.Counts.Removed > 0 {
			return true, nil
		}
	}
	return false, nil
}

// VisitAmounts implements records.ReadingSource. It examines all records of the connection.
func (s readingSource) VisitAmounts(visit func(domain.AccountID, books.SumRow)) error {
	for _, t := range s.transactions[s.connection] {
		if t.RemovedAt.IsZero() {
			visit(t.AccountID, books.SumRowOf(t.Transaction))
		}
	}
	return nil
}

// VisitAbsent implements records.ReadingSource. It examines the stored absences of the connection.
func (s readingSource) VisitAbsent(visit func(domain.AccountID, domain.TransactionID, books.SumRow)) error {
	for externalID, absence := range s.absences[s.connection] {
		t := s.transactions[s.connection][externalID]
		if t != nil && t.RemovedAt.IsZero() && absence.HeldAt.IsZero() {
			visit(t.AccountID, t.ID, books.SumRowOf(t.Transaction))
		}
	}
	return nil
}

// VisitArrived implements records.ReadingSource. It examines all records of the connection.
func (s readingSource) VisitArrived(start time.Time, visit func(domain.Transaction)) error {
	for _, t := range s.transactions[s.connection] {
		if len(t.Supersedes) > 0 || !t.FirstSeenAt.Before(start) {
			visit(t.Transaction)
		}
	}
	return nil
}

// VisitPosted implements records.ReadingSource. It sorts the records of the account.
func (s readingSource) VisitPosted(account domain.AccountID, limit int, visit func(records.PostedRow)) error {
	var rows []records.PostedRow
	for _, t := range s.transactions[s.connection] {
		if t.AccountID == account && t.RemovedAt.IsZero() && t.Status == domain.Posted {
			rows = append(rows, records.PostedRow{SumRow: books.SumRowOf(t.Transaction), ID: t.ID, Metadata: t.Metadata})
		}
	}
	slices.SortFunc(rows, func(x, y records.PostedRow) int {
		return descending(domain.Position{Key: string(x.Date), ID: x.ID.UUID},
			domain.Position{Key: string(y.Date), ID: y.ID.UUID})
	})
	for _, row := range rows[:min(len(rows), limit)] {
		visit(row)
	}
	return nil
}

// completenessOf returns the completeness of an account, with the announced removals that are held back.
func (s *Store) completenessOf(a *records.Account) books.Completeness {
	c := s.completeness[a.ID]
	c.Held = books.ChangedRecords{}
	for _, removal := range s.announcedRows[a.Connection] {
		if removal.State == domain.AnnouncedHeld && removal.Account == a.ExternalID {
			c.Held = c.Held.And(books.ChangedRecords{Since: removal.At, First: removal.Date})
		}
	}
	return c
}

// accountOf returns the tenant's account with this id; nil if there is none.
func (s *Store) accountOf(tenant domain.TenantID, id domain.AccountID) *records.Account {
	for _, accounts := range s.accounts {
		for _, a := range accounts {
			if a.ID == id && a.Tenant == tenant {
				return a
			}
		}
	}
	return nil
}

// Completeness returns NotFound for an account of another tenant.
func (v ledger) Completeness(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) (books.Completeness, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Completeness", func() (books.Completeness, error) {
		a := v.accountOf(tenant, id)
		if a == nil {
			return books.Completeness{}, domain.NotFoundError()
		}
		return v.completenessOf(a), nil
	})
}

// UpdateCompleteness calls fn while the store is locked.
func (v ledger) UpdateCompleteness(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	entries ports.AuditEntries, fn func(books.Completeness) (books.Completeness, error),
) (books.Completeness, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.UpdateCompleteness", func() (books.Completeness, error) {
		a := v.accountOf(tenant, id)
		if a == nil {
			return books.Completeness{}, domain.NotFoundError()
		}
		next, err := fn(v.completenessOf(a))
		if err != nil {
			return books.Completeness{}, err
		}
		v.completeness[id] = next
		v.record(tenant, entries)
		return next, nil
	})
}

// Balances checks the tenant of the account, because a caller may know the id of another tenant's account.
func (v ledger) Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
	page domain.PageRequest) (domain.Page[books.AccountBalance], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Balances", func() (domain.Page[books.AccountBalance], error) {
		var balances []books.AccountBalance
		if v.accountOf(tenant, account) != nil {
			for _, b := range v.balances[account] {
				if window.Contains(b.Day) {
					balances = append(balances, b)
				}
			}
		}
		return cutPage(balances, page, byDate, func(b books.AccountBalance) domain.Position {
			return domain.Position{Key: string(b.Day), ID: account.UUID}
		})
	})
}

// addCompleteness adds the completeness of the connection's accounts to the facts. It ignores removed accounts.
func (s *Store) addCompleteness(f *domain.ConnectionFacts, connection domain.ConnectionID) {
	for _, account := range s.accounts[connection] {
		if !account.RemovedAt.IsZero() {
			continue
		}
		c := s.completeness[account.ID]
		f.Compared = f.Compared || c.Known()
		f.DriftSince = domain.EarlierNonZero(f.DriftSince, c.DriftSince())
	}
}
