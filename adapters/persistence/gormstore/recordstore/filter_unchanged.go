package recordstore

import (
	"context"

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
	var changed []int
	err := s.Background().Bounded(ctx, func(ctx context.Context) (err error) {
		changed, err = s.Dialect.FindChanged(ctx, tenant.UUID, connection.UUID, seen)
		return err
	})
	if err != nil {
		return nil, err
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
