package application

import (
	"cmp"
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ClosePeriod implements ports.Closing.
func (s *Service) ClosePeriod(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, period domain.Window,
) (books.Close, error) {
	r := s.closeRequest(ctx, period)
	r.FromIsStrict = true
	if err := r.Validate(); err != nil {
		return books.Close{}, err
	}
	return s.closePeriod(ctx, tenant, account, r)
}

// closeRequest returns the request that closes a period now.
func (s *Service) closeRequest(ctx context.Context, period domain.Window) books.CloseRequest {
	return books.CloseRequest{
		Date: period.To, From: period.From, At: s.Clock.Now(), Grace: s.DriftGrace, Coverage: s.coverage(),
		By: cmp.Or(domain.CleanText(ports.CallerOf(ctx).Actor), ports.UnknownActor),
	}
}

// closePeriod closes a period of an account. r must be valid.
func (s *Service) closePeriod(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, r books.CloseRequest,
) (books.Close, error) {
	entry := s.audits.Entry(ctx, closeAction, closeObject(account, r.Date))
	read := func(ctx context.Context, view ports.ClosedView) error {
		document, err := s.documentHash(ctx, view)
		entry.At, entry.Detail = view.Close.ClosedAt, view.Close.Detail(document)
		return err
	}
	var c books.Close
	var created bool
	err := s.withShare(ctx, s.closeShares, tenant, func() (err error) {
		turn, err := s.acquireTurn(ctx, tenant)
		if err != nil {
			return err
		}
		defer turn.end()
		// The close would evaluate due bills itself, but while it excludes other writers.
		if err := s.Ledger.EvaluateBills(ctx, tenant, account, s.Clock.Now()); err != nil {
			return failWith(s.readShares, err)
		}
		c, created, err = s.Ledger.ClosePeriod(ctx, tenant, account, r, ports.CloseSteps{Read: read, Pause: turn.pass},
			func() []domain.AuditEntry { return []domain.AuditEntry{entry} })
		return failWith(s.readShares, err)
	})
	if created && err == nil {
		s.audits.Emit(ctx, tenant, closeAction, entry.Object)
	}
	if err != nil {
		return c, err
	}
	all, err := s.BankStatements.Overviews(ctx, tenant, account)
	return c.WithWitness(all), err
}

// closeAction is the action of the audit entry of a close. The time of the entry equals ClosedAt of the close.
const closeAction = "account.close"

// documentHash returns the SHA-256 hash of the document of a close; nil if the format cannot express the close, for
// example because no balance was known.
func (s *Service) documentHash(ctx context.Context, view ports.ClosedView) (*domain.AuditHash, error) {
	hash := books.NewDocumentHash()
	st, err := view.Close.Document()
	if err == nil {
		err = s.CloseDocument.Write(hash, st, recordsOf(view.Posted(ctx, st.Period), st))
	}
	if errors.Is(err, domain.Conflict) {
		return nil, nil
	}
	sum := hash.Sum()
	return &sum, err
}

// ReopenPeriod implements ports.Closing.
func (s *Service) ReopenPeriod(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
) error {
	entries := s.audits.EntriesOf(ctx, "account.reopen", closeObject(account, date))
	err := s.Ledger.ReopenPeriod(ctx, tenant, account, date, s.Clock.Now(), entries)
	if err == nil {
		s.audits.Emit(ctx, tenant, "account.reopen", closeObject(account, date))
	}
	return err
}

// closeObject returns the text that identifies a close in the audit log.
func closeObject(account domain.AccountID, date domain.Date) string {
	return account.String() + "/" + string(date)
}

// ClosePeriods implements ports.Closing.
func (s *Service) ClosePeriods(
	ctx context.Context, tenant domain.TenantID, accounts []domain.AccountID, period domain.Window,
) ([]ports.CloseResult, error) {
	if err := s.closeRequest(ctx, period).Validate(); err != nil {
		return nil, err
	}
	results := make([]ports.CloseResult, len(accounts))
	for i, account := range accounts {
		results[i].Account = account
		results[i].Close, results[i].Err = s.closePeriod(ctx, tenant, account, s.closeRequest(ctx, period))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if errors.Is(results[i].Err, domain.StoreUnavailable) {
			return nil, results[i].Err // the caller repeats the request: to close a day again changes nothing
		}
	}
	return results, nil
}

// WriteClosedStatement implements ports.Closing.
func (s *Service) WriteClosedStatement(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	date domain.Date, writer ports.StatementWriter,
) error {
	err := s.withShare(ctx, s.statementShares, tenant, func() error {
		return s.Ledger.ReadClose(ctx, tenant, account, date, func(view ports.ClosedView) error {
			st, err := view.Close.Document()
			if err != nil {
				return err
			}
			return writer(st, s.statementRecords(ctx, tenant, view.Posted, st))
		})
	})
	if !errors.Is(err, domain.NotFound) {
		return err
	}
	if _, err := s.Ledger.Account(ctx, tenant, account); err != nil {
		return err
	}
	return &domain.Error{Kind: domain.NotFound, Code: domain.CloseNotFound}
}

// ListCloses implements ports.Closing.
func (s *Service) ListCloses(ctx context.Context, tenant domain.TenantID, account domain.AccountID, reopened bool,
	page domain.PageRequest,
) (domain.Page[books.Close], error) {
	if _, err := s.Ledger.Account(ctx, tenant, account); err != nil {
		return domain.Page[books.Close]{}, err
	}
	closes, err := s.Ledger.Closes(ctx, tenant, account, reopened, page)
	if err != nil {
		return closes, err
	}
	all, err := s.BankStatements.Overviews(ctx, tenant, account)
	for i := range closes.Items {
		closes.Items[i] = closes.Items[i].WithWitness(all)
	}
	return closes, err
}

// ListAdjustments implements ports.Closing.
func (s *Service) ListAdjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	date domain.Date, page domain.PageRequest,
) (domain.Page[books.Adjustment], error) {
	return s.Ledger.Adjustments(ctx, tenant, account, date, page)
}
