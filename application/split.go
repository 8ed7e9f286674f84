package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// SplitTransaction implements ports.Replacements.
func (s *Service) SplitTransaction(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
) (domain.Transaction, error) {
	newID := domain.TransactionID{UUID: s.IDs.New()}
	entries := s.audits.EntriesOf(ctx, "transaction.split", id.String())
	t, err := s.Ledger.Split(ctx, tenant, id, newID, s.Clock.Now(), entries)
	if err != nil {
		return domain.Transaction{}, err
	}
	s.audits.Emit(ctx, tenant, "transaction.split", id.String())
	return t, nil
}
