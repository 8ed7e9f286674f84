package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// feedPoll is the interval at which waiting readers of the change feed poll the store.
const feedPoll = 200 * time.Millisecond

// ListAccounts implements ports.Reader.
func (s *Service) ListAccounts(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest,
) (domain.Page[domain.Account], error) {
	if err := s.requireConnection(ctx, tenant, connection); err != nil {
		return domain.Page[domain.Account]{}, err
	}
	return s.describedAccounts(s.Ledger.Accounts(ctx, tenant, ports.AccountFilter{Connection: connection}, page))
}

// describedAccounts describes the accounts of a page.
func (s *Service) describedAccounts(page domain.Page[domain.Account], err error) (domain.Page[domain.Account], error) {
	for i := range page.Items {
		s.describeAccount(&page.Items[i])
	}
	return page, err
}

// describeAccount sets the members of an account that are set for callers only.
func (s *Service) describeAccount(a *domain.Account) {
	a.CoversTo = s.coverage().To(a.BankReadAt, a.Currency)
	if reader, ok := s.aggregators[a.Vendor].(ports.CardLimitReader); ok {
		a.Limit = reader.CardLimit(a.AccountData)
	}
}

// ListTransactions implements ports.Reader.
func (s *Service) ListTransactions(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if err := filter.Window.Validate(); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	if err := domain.CheckAsOf(filter.AsOf, s.Clock.Now()); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	if err := s.requireConnection(ctx, tenant, connection); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	indexed := filter.AsOf.IsZero() && filter.Account.IsZero() && filter.Status == "" && filter.Pull.IsZero()
	return readFiltered(ctx, s, tenant, indexed && page.Limit <= smallPage,
		func() (domain.Page[domain.Transaction], error) {
			return s.Ledger.Transactions(ctx, tenant, connection, filter, page)
		})
}

// ListQuarantine implements ports.Reader.
func (s *Service) ListQuarantine(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest,
) (domain.Page[domain.QuarantinedRow], error) {
	if err := s.requireConnection(ctx, tenant, connection); err != nil {
		return domain.Page[domain.QuarantinedRow]{}, err
	}
	return readShared(ctx, s, tenant, func() (domain.Page[domain.QuarantinedRow], error) {
		return s.Ledger.Quarantine(ctx, tenant, connection, page)
	})
}

// ListTenantAccounts implements ports.Reader.
func (s *Service) ListTenantAccounts(
	ctx context.Context, tenant domain.TenantID, filter ports.AccountFilter, page domain.PageRequest,
) (domain.Page[domain.Account], error) {
	indexed := filter.Institution == domain.InstitutionKey{}
	return s.describedAccounts(readFiltered(ctx, s, tenant, indexed, func() (domain.Page[domain.Account], error) {
		return s.Ledger.Accounts(ctx, tenant, filter, page)
	}))
}

// GetAccount implements ports.Reader.
func (s *Service) GetAccount(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) (domain.Account, error) {
	a, err := s.Ledger.Account(ctx, tenant, id)
	s.describeAccount(&a)
	return a, err
}

// GetTransaction implements ports.Reader.
func (s *Service) GetTransaction(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID, asOf time.Time,
) (domain.Transaction, error) {
	if err := domain.CheckAsOf(asOf, s.Clock.Now()); err != nil {
		return domain.Transaction{}, err
	}
	return s.Ledger.Transaction(ctx, tenant, id, asOf)
}

// TransactionHistory implements ports.Reader.
func (s *Service) TransactionHistory(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID, page domain.PageRequest,
) (domain.Page[domain.TransactionVersion], error) {
	return readShared(ctx, s, tenant, func() (domain.Page[domain.TransactionVersion], error) {
		return s.Ledger.History(ctx, tenant, id, page)
	})
}

// SearchTransactions implements ports.Reader.
func (s *Service) SearchTransactions(
	ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if err := search.Window.Validate(); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	return readShared(ctx, s, tenant, func() (domain.Page[domain.Transaction], error) {
		return s.Ledger.Search(ctx, tenant, search, page)
	})
}

// IndexTexts implements ports.Maintenance.
func (s *Service) IndexTexts(ctx context.Context, limit int) (int, error) {
	return s.Ledger.IndexTexts(ctx, limit)
}

// SumTransactions implements ports.Reader.
func (s *Service) SumTransactions(
	ctx context.Context, tenant domain.TenantID, filter domain.SumFilter,
) ([]domain.DayTotal, error) {
	if err := filter.Window.Validate(); err != nil {
		return nil, err
	}
	return readShared(ctx, s, tenant, func() ([]domain.DayTotal, error) {
		return s.Ledger.Sum(ctx, tenant, filter)
	})
}

// Changes implements ports.Reader. It does not hold a share of the tenant's costly reads while it waits. After
// StopWaiting was called, a page without changes is returned without waiting.
//
// Each reader polls the store at the start and at the end of its wait. During the wait, only one of all readers at the
// same position polls in each interval of feedPoll. If it finds a change, the other readers poll in the next interval.
// A waiting reader therefore gets a change after at most two intervals.
func (s *Service) Changes(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	end := s.Clock.Now().Add(wait)
	watch := s.feedWatches.join(feedPosition{tenant, page.After})
	defer s.feedWatches.leave(watch)
	for {
		feed, err := readShared(ctx, s, tenant, func() (domain.FeedPage, error) {
			return s.Ledger.Changes(ctx, tenant, page)
		})
		if err != nil || len(feed.Items) > 0 {
			watch.expire()
			return feed, err
		}
		if s.waitIsOver(end) {
			return feed, nil
		}
		if err := s.sleepUntilPoll(ctx, watch, end); err != nil {
			return domain.FeedPage{}, err
		}
	}
}

// sleepUntilPoll sleeps until the reader must poll the store. The reader must poll if its wait is over. It must also
// poll if no other reader of the same position has polled within feedPoll. Errors: the error of ctx.
func (s *Service) sleepUntilPoll(ctx context.Context, watch *feedWatch, end time.Time) error {
	for {
		if err := s.Sleeper.Sleep(ctx, feedPoll); err != nil {
			return err
		}
		if s.waitIsOver(end) || watch.claimPoll(s.Clock.Now()) {
			return nil
		}
	}
}

// waitIsOver reports whether a reader of the change feed must stop waiting, because end has passed or
// StopWaiting was called.
func (s *Service) waitIsOver(end time.Time) bool {
	return s.stopWaiting.Load() || !s.Clock.Now().Before(end)
}

// StopWaiting ends the wait of all current calls of Changes. They return within feedPoll. Later calls return without
// waiting. StopWaiting is called when the process is about to shut down.
func (s *Service) StopWaiting() { s.stopWaiting.Store(true) }
