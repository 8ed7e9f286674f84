package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ContinueAccount implements ports.Replacements. It first stores the decision, and then requests a pull in a second
// transaction. If the process stops between the two, the next pull of the connection makes the rows visible.
func (s *Service) ContinueAccount(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, externalID string,
) (domain.Pull, error) {
	connection, err := s.ambiguousConnection(ctx, tenant, account)
	if err != nil {
		return domain.Pull{}, err
	}
	const action = "account.continue"
	_, err = s.Connections.Update(ctx, tenant, domain.Aggregator, connection,
		s.audits.EntriesOf(ctx, action, account.String()), func(c *domain.Connection) error {
			if err := c.CheckNotPaused(); err != nil {
				return err
			}
			ambiguity, err := c.Ambiguity.Continue(account, externalID)
			c.Ambiguity = ambiguity
			return err
		})
	if err != nil {
		return domain.Pull{}, err
	}
	s.audits.Emit(ctx, tenant, action, account.String())
	return s.Pulls.Request(ctx, tenant, connection, ports.PullRequest{
		ID: s.newPullID(), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerOperator,
		At: s.Clock.Now(), Trace: s.Tracer.Inject(ctx),
	}, nil)
}

// ambiguousConnection returns the live connection that has the account among its ambiguous accounts. If the account's
// own connection was deleted, this is another connection. Errors: NotFound if there is no such account; Conflict
// (account_not_ambiguous).
func (s *Service) ambiguousConnection(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (domain.ConnectionID, error) {
	stored, err := s.Ledger.Account(ctx, tenant, account)
	if err != nil {
		return domain.ConnectionID{}, err
	}
	for page := (domain.PageRequest{Limit: domain.MaxLimit}); ; {
		listed, err := s.Connections.List(ctx, tenant, ports.ConnectionFilter{}, page)
		if err != nil {
			return domain.ConnectionID{}, err
		}
		for _, c := range listed.Items {
			if c.Vendor == stored.Vendor && c.Ambiguity.Includes(account) {
				return c.ID, nil
			}
		}
		if page.After = listed.Next; page.After.IsZero() {
			return domain.ConnectionID{}, domain.NotAmbiguous()
		}
	}
}
