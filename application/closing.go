package application

import (
	"cmp"
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ClosePeriod implements ports.Closing.
func (s *Service) ClosePeriod(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
) (books.Close, error) {
	actor := cmp.Or(domain.CleanText(ports.CallerOf(ctx).Actor), ports.UnknownActor)
	r := books.CloseRequest{Date: date, At: s.Clock.Now(), By: actor, Grace: s.DriftGrace}
	if err := r.Validate(); err != nil {
		return books.Close{}, err
	}
	release, err := s.closeShares.Acquire(ctx, s.Sleeper, tenant)
	if err != nil {
		return books.Close{}, err
	}
	defer release()
	entries := s.audits.EntriesOf(ctx, "account.close", closeObject(account, date))
	c, created, err := s.Ledger.ClosePeriod(ctx, tenant, account, r, entries)
	if created && err == nil {
		s.audits.Emit(ctx, tenant, "account.close", closeObject(account, date))
	}
	return c, err
}

// ReopenPeriod implements ports.Closing.
func (s *Service) ReopenPeriod(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
) error {
	entries := s.audits.EntriesOf(ctx, "account.reopen", closeObject(account, date))
	err := s.Ledger.ReopenPeriod(ctx, tenant, account, date, entries)
	if err == nil {
		s.audits.Emit(ctx, tenant, "account.reopen", closeObject(account, date))
	}
	return err
}

// closeObject returns the text that identifies a close in the audit log.
func closeObject(account domain.AccountID, date domain.Date) string {
	return account.String() + "/" + string(date)
}

// ListCloses implements ports.Closing.
func (s *Service) ListCloses(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, page domain.PageRequest,
) (domain.Page[books.Close], error) {
	if _, err := s.Ledger.Account(ctx, tenant, account); err != nil {
		return domain.Page[books.Close]{}, err
	}
	return s.Ledger.Closes(ctx, tenant, account, page)
}

// ListAdjustments implements ports.Closing.
func (s *Service) ListAdjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	date domain.Date, page domain.PageRequest,
) (domain.Page[books.Adjustment], error) {
	return s.Ledger.Adjustments(ctx, tenant, account, date, page)
}
