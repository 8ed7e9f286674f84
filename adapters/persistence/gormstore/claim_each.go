package gormstore

import (
	"context"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// WithoutTenants omits the rows of these tenants from a query.
func WithoutTenants(query *gorm.DB, skip []domain.TenantID) *gorm.DB {
	if len(skip) == 0 {
		return query
	}
	ids := make([]any, len(skip))
	for i, tenant := range skip {
		ids[i] = tenant.UUID
	}
	return query.Where("tenant_id NOT IN ?", ids)
}

// ClaimEach calls claim for each due row, in a transaction of its own. claim claims the row with a compare-and-swap on
// its due time. A single transaction for all rows could deadlock, because two processes could lock the rows of several
// tenants in different orders.
//
// claim returns a value, and reports whether it has claimed the row. ClaimEach returns the values of the claimed rows.
// It stops at the first error. It returns this error only if no row has been claimed, because the caller must handle
// each claimed row.
func ClaimEach[R, T any](
	ctx context.Context, c *Core, due []R, claim func(tx Tx, row R) (value T, claimed bool, err error),
) (values []T, err error) {
	for _, row := range due {
		var value T
		var claimed bool
		err := c.Change(ctx, func(tx Tx) (err error) {
			value, claimed, err = claim(tx, row)
			return err
		})
		switch {
		case err != nil && len(values) > 0:
			return values, nil
		case err != nil:
			return nil, err
		case claimed:
			values = append(values, value)
		}
	}
	return values, nil
}
