package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ApplyRemovals implements ports.Replacements.
func (s *Service) ApplyRemovals(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (removed int, err error) {
	const action = "account.apply_removals"
	matching := func(vendor domain.Vendor) *ports.Matching { return s.matching(ctx, vendor) }
	removed, err = s.Ledger.ApplyRemovals(ctx, tenant, account, matching, ports.Decision{
		Actor: actorOf(ctx), At: s.Clock.Now(), Entries: s.audits.EntriesOf(ctx, action, account.String()),
	})
	if err != nil {
		return 0, err
	}
	s.audits.Emit(ctx, tenant, action, account.String())
	if stored, err := s.Ledger.Account(ctx, tenant, account); err == nil {
		s.readBalances(ctx, tenant, stored.Connection, account)
	}
	return removed, nil
}

// readBalances requests a pull that reads only the accounts of a connection with their balances. It does so only if a
// decision of an operator has changed posted records of the account since its latest reading. It ignores errors: the
// decision is stored, and the next settled pull reads the balances, too.
func (s *Service) readBalances(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, account domain.AccountID,
) {
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	c, err := s.Ledger.Completeness(ctx, tenant, account)
	if err != nil || c.Last == nil || c.Changed.IsZero() {
		return
	}
	_, _ = s.Pulls.Request(ctx, tenant, connection, ports.PullRequest{
		ID: s.newPullID(), Scope: domain.PullScope{Balances: true}, Trigger: domain.TriggerOperator,
		At: s.Clock.Now(), Trace: s.Tracer.Inject(ctx),
	}, nil)
}
