package gormstore

import "context"

// ClaimEach calls claim for each due row, in a transaction of its own. claim claims the row with a compare-and-swap on
// its due time. In one transaction over the rows of several tenants, two processes could lock the rows in different
// orders, and a distributed database would end one transaction as a deadlock.
//
// The results of claim are the claimed value and whether the row was still due. ClaimEach returns the claimed values.
// It stops at the first error, which it returns only if no value is claimed: the claimed ones must be handled.
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
