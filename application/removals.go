package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/application/pulling"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ApplyRemovals implements ports.Replacements.
func (s *Service) ApplyRemovals(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (removed int, err error) {
	const action = "account.apply_removals"
	matching := func(vendor domain.Vendor) *ports.Matching {
		if s.KeepReplacementsApart {
			return nil
		}
		return pulling.MatchingOf(s.aggregators[vendor])
	}
	entries := s.audits.EntriesOf(ctx, action, account.String())
	removed, err = s.Ledger.ApplyRemovals(ctx, tenant, account, s.Clock.Now(), matching, entries)
	if err != nil {
		return 0, err
	}
	s.audits.Emit(ctx, tenant, action, account.String())
	return removed, nil
}
