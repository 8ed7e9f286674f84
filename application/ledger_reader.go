package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// feedPoll is the interval at which a waiting reader of the change feed polls the store.
const feedPoll = 200 * time.Millisecond

// ListAccounts implements ports.Reader.
func (s *Service) ListAccounts(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest,
) (domain.Page[domain.Account], error) {
	if err := s.requireConnection(ctx, tenant, connection); err != nil {
		return domain.Page[domain.Account]{}, err
	}
	return s.Ledger.Accounts(ctx, tenant, connection, page)
}

// ListTransactions implements ports.Reader.
func (s *Service) ListTransactions(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if err := filter.Window.Validate(); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	if err := s.requireConnection(ctx, tenant, connection); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	return s.Ledger.Transactions(ctx, tenant, connection, filter, page)
}

// Changes implements ports.Reader. After StopWaiting was called, it does not wait: a page without
// changes is returned at once.
func (s *Service) Changes(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	end := s.Clock.Now().Add(wait)
	for {
		feed, err := s.Ledger.Changes(ctx, tenant, page)
		if err != nil || len(feed.Items) > 0 || s.stopWaiting.Load() || !s.Clock.Now().Before(end) {
			return feed, err
		}
		if err := s.Sleeper.Sleep(ctx, feedPoll); err != nil {
			return domain.FeedPage{}, err
		}
	}
}

// StopWaiting makes all current calls of Changes return the page that they have, within feedPoll, and
// later calls return without waiting. It is called when the process is about to shut down.
func (s *Service) StopWaiting() { s.stopWaiting.Store(true) }
