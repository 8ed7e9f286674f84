package memory

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// storeReadings stores a reading of each account whose balance the pull has read. If read is nil, storeReadings does
// nothing. A nil read means that the pull has not read everything, or that the vendor was synchronising.
func (s *Store) storeReadings(p *pull, read *ports.SettledRead, at time.Time) {
	if read == nil {
		return
	}
	for externalID, a := range s.accounts[p.Connection] {
		balance, ok := read.Balances[externalID]
		if !ok {
			continue
		}
		before := s.completeness[a.ID]
		sum := domain.NewAccountSum(balance, before.Baseline, at)
		chain := s.addRecords(sum, a.Account, balance, read)
		r := sum.Reading(read.Quarantined && s.quarantineNames(p.Connection, externalID), chain)
		if !same(before, r) {
			s.completeness[a.ID] = before.After(r)
		}
		s.countRows(a.Account, read, at)
		if same(before, r) {
			continue
		}
		if day, known := r.DayBalance(); known {
			if s.balances[a.ID] == nil {
				s.balances[a.ID] = map[domain.Date]domain.AccountBalance{}
			}
			s.balances[a.ID][day.Day] = day
		}
	}
}

// announceCounts stores the numbers of rows that the vendor's webhooks announced (counts) for the accounts of the
// connection.
func (s *Store) announceCounts(connection domain.ConnectionID, counts []domain.AnnouncedCount) {
	if len(counts) == 0 {
		return
	}
	for externalID, a := range s.accounts[connection] {
		s.completeness[a.ID] = s.completeness[a.ID].Announce(externalID, counts)
	}
}

// countRows checks the row counts that the vendor's webhooks announced for the account. It compares each announced
// count with the number of stored rows.
func (s *Store) countRows(a domain.Account, settled *ports.SettledRead, at time.Time) {
	c := s.completeness[a.ID]
	read := make([]int, len(c.Announced))
	for i, count := range c.Announced {
		for _, t := range s.transactions[a.Connection] {
			var created time.Time
			if settled.CreatedAt != nil {
				created = settled.CreatedAt(t.Metadata)
			}
			if count.Account == "" || t.AccountID == a.ID {
				read[i] += count.Rows(t.Transaction, created)
			}
		}
	}
	s.completeness[a.ID] = c.Count(at, read)
}

// same reports whether the reading has the same numbers as the latest reading, and was made on the same day.
func same(c domain.Completeness, r domain.AccountReading) bool {
	balance := domain.VendorBalance{Missing: r.Missing, Currency: r.Currency, Amount: r.Balance}
	return c.SameReading(balance, r.Quarantined) && c.Last.Posted.Cmp(r.Posted) == 0 &&
		c.Last.Late.Cmp(r.Late) == 0 && len(c.Last.Gaps) == len(r.Gaps) && c.Last.Links == r.Links &&
		domain.DateOf(c.Last.At.UTC()) == domain.DateOf(r.At.UTC())
}

// addRecords adds the live records of the account to the sum. If read.RunningBalance is set, addRecords also returns
// the newest posted records of the account, newest first.
func (s *Store) addRecords(
	sum *domain.AccountSum, a domain.Account, balance domain.VendorBalance, read *ports.SettledRead,
) (chain []domain.ChainRow) {
	for _, t := range s.transactions[a.Connection] {
		if t.AccountID != a.ID || !t.RemovedAt.IsZero() {
			continue
		}
		row := domain.SumRow{
			Date: t.Date, FirstSeenAt: t.FirstSeenAt, Posted: t.Status == domain.Posted, Amount: t.Amount,
			AccountMoney: t.AccountMoney,
		}
		sum.Add(row)
		amount, ok := row.InCurrency(balance.Currency)
		if read.RunningBalance != nil && balance.Missing == "" && row.Posted && ok {
			chain = append(chain, domain.ChainRow{
				ID: t.ID, Date: t.Date, Amount: amount, RunningBalance: read.RunningBalance(t.Metadata),
			})
		}
	}
	slices.SortFunc(chain, func(x, y domain.ChainRow) int {
		return descending(domain.Position{Key: string(x.Date), ID: x.ID.UUID},
			domain.Position{Key: string(y.Date), ID: y.ID.UUID})
	})
	return chain[:min(len(chain), domain.MaxChain)]
}

// quarantineNames reports whether the payload of a row in the quarantine contains the external id as a JSON string.
func (s *Store) quarantineNames(connection domain.ConnectionID, externalID string) bool {
	text, _ := json.Marshal(externalID) // a string can always be encoded
	for _, row := range s.quarantine[connection] {
		if bytes.Contains(row.Payload, text) {
			return true
		}
	}
	return false
}

// accountOf returns the tenant's account with this id; nil if there is none.
func (s *Store) accountOf(tenant domain.TenantID, id domain.AccountID) *account {
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
) (domain.Completeness, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Completeness", func() (domain.Completeness, error) {
		if v.accountOf(tenant, id) == nil {
			return domain.Completeness{}, domain.NotFoundError()
		}
		return v.completeness[id], nil
	})
}

// UpdateCompleteness calls fn while the store is locked.
func (v ledger) UpdateCompleteness(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	fn func(domain.Completeness) (domain.Completeness, error)) (domain.Completeness, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.UpdateCompleteness", func() (domain.Completeness, error) {
		if v.accountOf(tenant, id) == nil {
			return domain.Completeness{}, domain.NotFoundError()
		}
		next, err := fn(v.completeness[id])
		if err != nil {
			return domain.Completeness{}, err
		}
		v.completeness[id] = next
		return next, nil
	})
}

// Balances checks the tenant of the account, because a caller may know the id of another tenant's account.
func (v ledger) Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
	page domain.PageRequest) (domain.Page[domain.AccountBalance], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Balances", func() (domain.Page[domain.AccountBalance], error) {
		if err := checkDate(page.After); err != nil || v.accountOf(tenant, account) == nil {
			return domain.Page[domain.AccountBalance]{}, err
		}
		rows := func(yield func(domain.AccountBalance) bool) {
			for b := range maps.Values(v.balances[account]) {
				if window.Contains(b.Day) && !yield(b) {
					return
				}
			}
		}
		return cutPage(rows, page, descending, func(b domain.AccountBalance) domain.Position {
			return domain.Position{Key: string(b.Day), ID: account.UUID}
		}), nil
	})
}

// addCompleteness returns the activity of a connection, extended by the completeness of the connection's accounts. It
// ignores removed accounts.
func (s *Store) addCompleteness(a ports.Activity, connection domain.ConnectionID) ports.Activity {
	for _, account := range s.accounts[connection] {
		if !account.RemovedAt.IsZero() {
			continue
		}
		c := s.completeness[account.ID]
		a.Compared = a.Compared || c.Known()
		if drift := c.DriftSince(); !drift.IsZero() && (a.DriftSince.IsZero() || drift.Before(a.DriftSince)) {
			a.DriftSince = drift
		}
	}
	return a
}
