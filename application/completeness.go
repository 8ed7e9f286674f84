package application

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxReason is the maximum length of an operator's reason, in characters.
const maxReason = 500

// AccountCompleteness implements ports.Completeness.
func (s *Service) AccountCompleteness(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) (ports.AccountCompleteness, error) {
	c, err := s.Ledger.Completeness(ctx, tenant, id)
	if err != nil {
		return ports.AccountCompleteness{}, err
	}
	return s.accountCompleteness(id, c), nil
}

// coverage returns the rules by which a reading of the bank covers days.
func (s *Service) coverage() domain.Coverage {
	return domain.Coverage{After: s.CoverAfter, Offset: s.CloseOffset}
}

// accountCompleteness evaluates the stored completeness c of an account at the present time.
func (s *Service) accountCompleteness(id domain.AccountID, c books.Completeness) ports.AccountCompleteness {
	now := s.Clock.Now()
	state, since := c.PresentState(now, s.DriftGrace)
	return ports.AccountCompleteness{
		Account:      id,
		State:        state,
		Since:        since,
		Basis:        c.BasisAt(now, s.DriftGrace),
		Checks:       c.Results(now, s.DriftGrace),
		ChangedSince: c.ChangedSince(now),
		BankReadAt:   c.BankReadAt(),
		CoversTo:     s.coverage().To(c.BankReadAt(), c.Currency),
		CompleteTo:   completeTo(state, c),
	}
}

// completeTo returns the day up to which only a bill makes the account complete; "" if the account is not complete, or
// if other checks decide.
func completeTo(state books.CompletenessState, c books.Completeness) domain.Date {
	if state != books.Complete {
		return ""
	}
	return c.CompleteTo()
}

// AcceptCompleteness implements ports.Completeness.
func (s *Service) AcceptCompleteness(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, reason string,
) (ports.AccountCompleteness, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxReason {
		return ports.AccountCompleteness{}, domain.FieldError("reason", "must have 1 to 500 characters")
	}
	now := s.Clock.Now()
	entries := s.audits.EntriesOf(ctx, "account.accept_completeness", id.String())
	c, err := s.Ledger.UpdateCompleteness(ctx, tenant, id, entries,
		func(c books.Completeness) (books.Completeness, error) { return c.Accept(reason, now) })
	if err != nil {
		return ports.AccountCompleteness{}, err
	}
	s.audits.Emit(ctx, tenant, "account.accept_completeness", id.String())
	return s.accountCompleteness(id, c), nil
}

// ListBalances implements ports.Completeness.
func (s *Service) ListBalances(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, window domain.Window, page domain.PageRequest,
) (domain.Page[books.AccountBalance], error) {
	if err := window.Validate(); err != nil {
		return domain.Page[books.AccountBalance]{}, err
	}
	if _, err := s.Ledger.Account(ctx, tenant, id); err != nil {
		return domain.Page[books.AccountBalance]{}, err
	}
	balances, err := s.Ledger.Balances(ctx, tenant, id, window, page)
	for i, b := range balances.Items {
		balances.Items[i].CoversTo = s.coverage().To(b.BankReadAt, b.Currency)
	}
	return balances, err
}

// completenessOf returns the completeness of a connection: drifting if any account drifts, otherwise complete if
// f.Compared is set. It is unknown while no data can arrive.
func (s *Service) completenessOf(now time.Time, f *domain.ConnectionFacts) books.CompletenessState {
	link := books.LinkState{NeedsReauth: f.Health.NeedsReauth, Consent: f.Consent}
	switch {
	case link.Stopped(now) != "":
		return books.CompletenessUnknown
	case books.Lasted(domain.EarlierNonZero(f.DriftSince, f.AnyDriftSince), now, s.DriftGrace):
		return books.Drifting
	case f.Compared:
		return books.Complete
	}
	return books.CompletenessUnknown
}
