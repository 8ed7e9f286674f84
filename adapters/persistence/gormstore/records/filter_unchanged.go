package records

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// FilterUnchanged asks the database for the changed rows. All other rows are unchanged. Most pages contain no changed
// row, so the database usually sends nothing.
func (s pulls) FilterUnchanged(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	seen []domain.RawTransaction,
) ([]bool, error) {
	if len(seen) == 0 {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, s.WorkTimeout)
	defer cancel()
	changed, err := s.Dialect.FindChanged(bounded, tenant.UUID, connection.UUID, seen)
	if err != nil {
		return nil, gormstore.Translate(ctx, err)
	}
	unchanged := make([]bool, len(seen))
	for i := range unchanged {
		unchanged[i] = true
	}
	for _, i := range changed {
		unchanged[i] = false
	}
	return unchanged, nil
}
