package gormstore

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// FilterUnchanged asks the database for the changed rows, and inverts the result. Most pages contain no changed row, so
// the database usually sends nothing.
func (s pulls) FilterUnchanged(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	seen []domain.RawTransaction,
) ([]bool, error) {
	if len(seen) == 0 {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, s.workTimeout)
	defer cancel()
	changed, err := s.dialect.FindChanged(bounded, tenant.UUID, connection.UUID, seen)
	if err != nil {
		return nil, Translate(ctx, err)
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
