package simulation_test

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// ClosePeriod closes a period. If the period was not closed before, ClosePeriod checks that the digest matches the
// stored rows.
func (v ledger) ClosePeriod(
	ctx context.Context, t domain.TenantID, id domain.AccountID, r books.CloseRequest, steps ports.CloseSteps,
	entries ports.AuditEntries,
) (c books.Close, wasCreated bool, err error) {
	c, err = intercept(ctx, v.sim, "Ledger.ClosePeriod", func(ctx context.Context) (books.Close, error) {
		c, isNew, err := v.Ledger.ClosePeriod(ctx, t, id, r, steps, entries)
		if wasCreated = isNew; wasCreated {
			v.sim.counters.closes++
			v.sim.checkDigest(v.sim.connectionOf(id), c, nil)
		}
		return c, err
	})
	return c, wasCreated, err
}

func (v ledger) ReopenPeriod(ctx context.Context, t domain.TenantID, id domain.AccountID, date domain.Date,
	at time.Time, entries ports.AuditEntries,
) error {
	return interceptError(ctx, v.sim, "Ledger.ReopenPeriod", func(ctx context.Context) error {
		err := v.Ledger.ReopenPeriod(ctx, t, id, date, at, entries)
		if err == nil {
			v.sim.counters.reopened++
		}
		return err
	})
}

// closePeriod closes a random account of the connection up to a random day, which may already be closed.
func (s *sim) closePeriod(ctx context.Context, app *application.Service, c *connection) error {
	accounts := s.accountsOf(c)
	if len(accounts) == 0 {
		return nil
	}
	id := accounts[s.rand.IntN(len(accounts))].ID
	day := domain.DateOf(s.clock.now).AddDays(-1 - s.rand.IntN(25))
	if s.booked != nil {
		day = day.AddDays(-1) // the day may begin later
	}
	_, err := app.ClosePeriod(ctx, c.Tenant, id, domain.Window{To: day})
	return err
}

// reopenPeriod reopens a random closed period of the connection.
func (s *sim) reopenPeriod(ctx context.Context, app *application.Service, c *connection) error {
	for _, account := range s.accountsOf(c) {
		if closes := s.closesOf(account); len(closes) > 0 {
			return app.ReopenPeriod(ctx, c.Tenant, account.ID, closes[s.rand.IntN(len(closes))].Date)
		}
	}
	return nil
}

// accountsOf reads the connection's accounts from the store. During an outage it returns none.
func (s *sim) accountsOf(c *connection) []domain.Account {
	page, err := s.store.Ledger().
		Accounts(
			s.background(), c.Tenant, ports.AccountFilter{Connection: c.ID},
			domain.PageRequest{Limit: domain.MaxLimit},
		)
	if err != nil && !errors.Is(err, domain.StoreUnavailable) {
		s.violated("the accounts cannot be read: %v", err)
	}
	return page.Items
}

// closesOf reads the closed periods of an account from the store. During an outage it returns none.
func (s *sim) closesOf(a domain.Account) []books.Close {
	page, err := s.store.Ledger().
		Closes(s.background(), a.Tenant, a.ID, false, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil && !errors.Is(err, domain.StoreUnavailable) {
		s.violated("the closes cannot be read: %v", err)
	}
	return page.Items
}

// connectionOf returns the connection of an account.
func (s *sim) connectionOf(id domain.AccountID) *connection {
	for _, c := range s.connections {
		for _, a := range s.accountsOf(c) {
			if a.ID == id {
				return c
			}
		}
	}
	s.violated("the account %s belongs to no connection", id)
	return nil
}

// checkDigest checks a closed period. It takes the stored rows and undoes the adjustments. The result must have the
// digest and the count that were recorded when the period was closed.
func (s *sim) checkDigest(c *connection, closed books.Close, adjustments []books.Adjustment) {
	digest, count := porttest.DigestBefore(s.storedRows(c), adjustments, closed.Account, closed.Date)
	if digest != hex.EncodeToString(closed.Digest[:]) || count != closed.Count {
		s.violated("the close of %s has %d records and the digest %x, undoing %d adjustments leads to %d and %s",
			closed.Date, closed.Count, closed.Digest, len(adjustments), count, digest)
	}
}

// checkCloses checks all closed periods of a connection. For each row that was changed after a period had been
// closed, it stores the last day of the earliest such period in the map earliest.
func (s *sim) checkCloses(c *connection, earliest map[domain.TransactionID]domain.Date) {
	for _, account := range s.accountsOf(c) {
		for _, closed := range s.closesOf(account) {
			adjustments := s.adjustmentsOf(closed, c.Tenant)
			s.checkDigest(c, closed, adjustments)
			for _, a := range adjustments {
				s.counters.adjustments++
				if day := earliest[a.Transaction]; day == "" || closed.Date < day {
					earliest[a.Transaction] = closed.Date
				}
			}
		}
	}
}

// adjustmentsOf reads the adjustments of a closed period, in pages.
func (s *sim) adjustmentsOf(c books.Close, tenant domain.TenantID) (all []books.Adjustment) {
	for request := (domain.PageRequest{Limit: 1 + s.rand.IntN(20)}); ; {
		page, err := s.randomReplica().ListAdjustments(s.background(), tenant, c.Account, c.Date, request)
		s.mustSucceed(err)
		all = append(all, page.Items...)
		if request.After = page.Next; page.Next.IsZero() {
			return all
		}
	}
}

// checkAdjustedDays checks the field Adjusts of every row in the feeds of all tenants. The given map contains the
// expected days. For a row that is not in the map, the field must be empty.
func (s *sim) checkAdjustedDays(earliest map[domain.TransactionID]domain.Date) {
	for _, tenant := range s.tenants {
		for request := (domain.PageRequest{Limit: domain.MaxFeedLimit}); ; {
			feed, err := s.store.Ledger().Changes(s.background(), tenant, request)
			s.mustSucceed(err)
			for _, t := range feed.Items {
				if t.Adjusts != earliest[t.ID] {
					s.violated("the feed names %q for %s, want %q", t.Adjusts, t.ExternalID, earliest[t.ID])
				}
			}
			if request.After = feed.Next; !feed.More {
				break
			}
		}
	}
}

var _ ports.Ledger = ledger{}
