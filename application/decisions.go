package application

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// actorOf returns the operator of a decision.
func actorOf(ctx context.Context) string {
	return cmp.Or(domain.CleanText(ports.CallerOf(ctx).Actor), ports.UnknownActor)
}

// SplitTransaction implements ports.Replacements.
func (s *Service) SplitTransaction(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID, reason string,
) (domain.Transaction, error) {
	newID := domain.TransactionID{UUID: s.IDs.New()}
	t, err := s.Ledger.Split(ctx, tenant, id, newID, ports.Decision{
		Actor: actorOf(
			ctx,
		),
		Reason:  reason,
		At:      s.Clock.Now(),
		Entries: s.audits.EntriesOf(ctx, "transaction.split", id.String()),
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	s.audits.Emit(ctx, tenant, "transaction.split", id.String())
	s.readBalances(ctx, tenant, t.Connection, t.AccountID)
	return t, nil
}

// JoinTransactions implements ports.Replacements.
func (s *Service) JoinTransactions(
	ctx context.Context, tenant domain.TenantID, pair ports.RecordPair, reason string,
) (domain.Transaction, error) {
	object := objectOfPair(pair)
	t, err := s.Ledger.Join(ctx, tenant, pair, ports.Decision{
		Actor: actorOf(
			ctx,
		),
		Reason:  reason,
		At:      s.Clock.Now(),
		Entries: s.audits.EntriesOf(ctx, "transaction.join", object),
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	s.audits.Emit(ctx, tenant, "transaction.join", object)
	s.readBalances(ctx, tenant, t.Connection, t.AccountID)
	return t, nil
}

// ExcludeTransaction implements ports.Replacements.
func (s *Service) ExcludeTransaction(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID, reason string,
) (domain.Transaction, error) {
	if strings.TrimSpace(reason) == "" {
		return domain.Transaction{}, domain.FieldError("reason", "is required")
	}
	t, err := s.Ledger.Exclude(ctx, tenant, id, actorOf(ctx), ports.Decision{
		Actor: actorOf(
			ctx,
		),
		Reason:  reason,
		At:      s.Clock.Now(),
		Entries: s.audits.EntriesOf(ctx, "transaction.exclude", id.String()),
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	s.audits.Emit(ctx, tenant, "transaction.exclude", id.String())
	s.readBalances(ctx, tenant, t.Connection, t.AccountID)
	return t, nil
}

// IncludeTransaction implements ports.Replacements.
func (s *Service) IncludeTransaction(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
) (domain.Transaction, error) {
	t, err := s.Ledger.Include(ctx, tenant, id, ports.Decision{
		Actor: actorOf(ctx), At: s.Clock.Now(), Entries: s.audits.EntriesOf(ctx, "transaction.include", id.String()),
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	s.audits.Emit(ctx, tenant, "transaction.include", id.String())
	s.readBalances(ctx, tenant, t.Connection, t.AccountID)
	return t, nil
}

// JoinPairs implements ports.Replacements.
func (s *Service) JoinPairs(
	ctx context.Context, tenant domain.TenantID, pairs []ports.RecordPair, reason string,
) ([]error, error) {
	if err := checkPairs(pairs); err != nil {
		return nil, err
	}
	results := make([]error, len(pairs))
	for i, pair := range pairs {
		_, results[i] = s.JoinTransactions(ctx, tenant, pair, reason)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if errors.Is(results[i], domain.StoreUnavailable) {
			return nil, results[i]
		}
	}
	return results, nil
}

// checkPairs returns an Invalid error unless a request contains 1 to ports.MaxPairs pairs.
func checkPairs(pairs []ports.RecordPair) error {
	if len(pairs) == 0 || len(pairs) > ports.MaxPairs {
		return domain.FieldError("pairs", "must contain 1 to 200 pairs")
	}
	return nil
}

// objectOfPair returns the text that identifies two transactions in the audit entry of a decision about them.
func objectOfPair(pair ports.RecordPair) string { return pair.Old.String() + "/" + pair.New.String() }

// ListSuggestions implements ports.Replacements.
func (s *Service) ListSuggestions(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest,
) (domain.Page[ports.Suggestion], error) {
	return readShared(ctx, s, tenant, func() (domain.Page[ports.Suggestion], error) {
		return s.Ledger.Suggestions(ctx, tenant, connection, page)
	})
}

// DismissReplacements implements ports.Replacements. Each pair has an audit entry of its own.
func (s *Service) DismissReplacements(
	ctx context.Context, tenant domain.TenantID, pairs []ports.RecordPair, reason string,
) error {
	if err := checkPairs(pairs); err != nil {
		return err
	}
	var distinct []ports.RecordPair
	for _, pair := range pairs {
		if !slices.Contains(distinct, pair) {
			distinct = append(distinct, pair)
		}
	}
	objects := make([]string, len(distinct))
	for i, pair := range distinct {
		objects[i] = objectOfPair(pair)
	}
	err := s.Ledger.Dismiss(ctx, tenant, distinct, ports.Decision{
		Actor: actorOf(ctx), Reason: reason, At: s.Clock.Now(), Entries: func() []domain.AuditEntry {
			return s.audits.Entries(ctx, "replacement.dismiss", objects...)
		},
	})
	if err != nil {
		return err
	}
	for _, object := range objects {
		s.audits.Emit(ctx, tenant, "replacement.dismiss", object)
	}
	return nil
}
