package application

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// continueAction is the audit action of each decision about the continuation of an account.
const continueAction = "account.continue"

// ContinueAccount implements ports.Replacements. It first stores the decision, and then requests a pull in a second
// transaction. If the process stops between the two, the next pull of the connection makes the rows visible.
func (s *Service) ContinueAccount(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, externalID string,
) (domain.Pull, error) {
	stored, err := s.Ledger.Account(ctx, tenant, account)
	if err != nil {
		return domain.Pull{}, err
	}
	pull, err := s.decideContinuation(ctx, stored, func(a domain.AccountAmbiguity) (domain.AccountAmbiguity, error) {
		return a.Continue(account, externalID)
	})
	if errors.Is(err, domain.AccountNotAmbiguous) && !stored.RemovedAt.IsZero() {
		pull, err = s.continueAsStored(ctx, stored, externalID, err)
	}
	return pull, s.whyNotAmbiguous(ctx, stored, err)
}

// continueAsStored makes an account that is gone continue as the stored account of its connection with this external
// id, and requests a pull that reads the connection again. Errors: NotFound if there is no such account; notAmbiguous
// if the connection is not live.
func (s *Service) continueAsStored(
	ctx context.Context, account domain.Account, externalID string, notAmbiguous error,
) (domain.Pull, error) {
	c, err := s.Connections.Get(ctx, account.Tenant, domain.Aggregator, account.Connection)
	if errors.Is(err, domain.NotFound) {
		return domain.Pull{}, notAmbiguous
	}
	if err == nil {
		err = c.CheckNotPaused()
	}
	if err != nil {
		return domain.Pull{}, err
	}
	successor, err := s.storedAccount(ctx, c, externalID)
	if err != nil {
		return domain.Pull{}, err
	}
	if successor.IsZero() {
		return domain.Pull{}, domain.NotFoundError()
	}
	if _, err := s.MergeAccounts(ctx, account.Tenant, ports.AccountPair{Old: account.ID, New: successor}); err != nil {
		return domain.Pull{}, err
	}
	return s.requestEverything(ctx, account.Tenant, c.ID)
}

// storedAccount returns the id of the account of a connection with this external id; zero if there is none.
func (s *Service) storedAccount(
	ctx context.Context, c domain.Connection, externalID string,
) (domain.AccountID, error) {
	for page := (domain.PageRequest{Limit: domain.MaxLimit}); ; {
		listed, err := s.Ledger.Accounts(ctx, c.Tenant, ports.AccountFilter{Connection: c.ID}, page)
		if err != nil {
			return domain.AccountID{}, err
		}
		for i := range listed.Items {
			if listed.Items[i].ExternalID == externalID {
				return listed.Items[i].ID, nil
			}
		}
		if page.After = listed.Next; page.After.IsZero() {
			return domain.AccountID{}, nil
		}
	}
}

// MergeAccounts implements ports.Replacements.
func (s *Service) MergeAccounts(
	ctx context.Context, tenant domain.TenantID, pair ports.AccountPair,
) (domain.Account, error) {
	matching := func(vendor domain.Vendor) *ports.Matching { return s.matching(ctx, vendor) }
	account, err := s.Ledger.MergeAccounts(ctx, tenant, pair, matching, ports.Decision{
		Actor: actorOf(ctx), At: s.Clock.Now(), Entries: s.audits.EntriesOf(ctx, continueAction, pair.Old.String()),
	})
	if err == nil {
		s.audits.Emit(ctx, tenant, continueAction, pair.Old.String())
	}
	return account, err
}

// EndAccount implements ports.Replacements.
func (s *Service) EndAccount(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (domain.Account, error) {
	stored, err := s.Ledger.Account(ctx, tenant, account)
	if err != nil {
		return domain.Account{}, err
	}
	if len(stored.MaybeContinues) == 0 {
		_, err := s.decideContinuation(ctx, stored, func(a domain.AccountAmbiguity) (domain.AccountAmbiguity, error) {
			return a.End(account)
		})
		if errors.Is(err, domain.AccountNotAmbiguous) && !stored.RemovedAt.IsZero() {
			err = s.endGone(ctx, stored)
		}
		return stored, s.whyNotAmbiguous(ctx, stored, err)
	}
	entries := s.audits.EntriesOf(ctx, continueAction, account.String())
	stored, err = s.Ledger.ForgetCandidates(ctx, tenant, account, s.Clock.Now(), entries)
	if err == nil {
		s.audits.Emit(ctx, tenant, continueAction, account.String())
	}
	return stored, err
}

// whyNotAmbiguous returns Conflict (account_left) in place of Conflict (account_not_ambiguous) if the connection of the
// account is not live. Other errors, and nil, stay the same.
func (s *Service) whyNotAmbiguous(ctx context.Context, account domain.Account, err error) error {
	if !errors.Is(err, domain.AccountNotAmbiguous) {
		return err
	}
	if left := s.requireConnection(ctx, account.Tenant, account.Connection); errors.Is(left, domain.NotFound) {
		return &domain.Error{Kind: domain.Conflict, Code: domain.AccountLeft}
	}
	return err
}

// endGone stores the decision that no account continues an account that is gone. No rows wait for it. Errors: Conflict
// (account_not_ambiguous) if the connection of the account is not live.
func (s *Service) endGone(ctx context.Context, account domain.Account) error {
	_, err := s.Connections.Update(ctx, account.Tenant, domain.Aggregator, account.Connection,
		s.audits.EntriesOf(ctx, continueAction, account.ID.String()), func(c *domain.Connection) error {
			c.Ambiguity = c.Ambiguity.EndGone(account.ID)
			return nil
		})
	switch {
	case errors.Is(err, domain.NotFound):
		return domain.NotAmbiguous()
	case err == nil:
		s.audits.Emit(ctx, account.Tenant, continueAction, account.ID.String())
	}
	return err
}

// decideContinuation stores a decision about an ambiguous account, and requests a pull of the connection whose rows
// wait for it.
func (s *Service) decideContinuation(
	ctx context.Context, account domain.Account, decide func(domain.AccountAmbiguity) (domain.AccountAmbiguity, error),
) (domain.Pull, error) {
	tenant := account.Tenant
	connection, err := s.ambiguousConnection(ctx, account)
	if err != nil {
		return domain.Pull{}, err
	}
	_, err = s.Connections.Update(ctx, tenant, domain.Aggregator, connection,
		s.audits.EntriesOf(ctx, continueAction, account.ID.String()), func(c *domain.Connection) error {
			if err := c.CheckNotPaused(); err != nil {
				return err
			}
			ambiguity, err := decide(c.Ambiguity)
			c.Ambiguity = ambiguity
			return err
		})
	if err != nil {
		return domain.Pull{}, err
	}
	s.audits.Emit(ctx, tenant, continueAction, account.ID.String())
	return s.requestEverything(ctx, tenant, connection)
}

// requestEverything requests a complete pull of a connection.
func (s *Service) requestEverything(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
) (domain.Pull, error) {
	return s.Pulls.Request(ctx, tenant, connection, ports.PullRequest{
		ID: s.newPullID(), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerOperator,
		At: s.Clock.Now(), Trace: s.Tracer.Inject(ctx),
	}, nil)
}

// ambiguousConnection returns the live connection that has the account among its ambiguous accounts. If the account's
// own connection was deleted, this is another connection. Errors: Conflict (account_not_ambiguous).
func (s *Service) ambiguousConnection(ctx context.Context, account domain.Account) (domain.ConnectionID, error) {
	for page := (domain.PageRequest{Limit: domain.MaxLimit}); ; {
		listed, err := s.Connections.List(ctx, account.Tenant, ports.ConnectionFilter{}, page)
		if err != nil {
			return domain.ConnectionID{}, err
		}
		for _, c := range listed.Items {
			if c.Vendor == account.Vendor && c.Ambiguity.Includes(account.ID) {
				return c.ID, nil
			}
		}
		if page.After = listed.Next; page.After.IsZero() {
			return domain.ConnectionID{}, domain.NotAmbiguous()
		}
	}
}
