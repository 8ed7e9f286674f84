package gormstore

// ClaimEach calls claim for each due row, which claims the row with a compare-and-swap on its due time, in a statement
// of its own. In one transaction over the rows of several tenants, two processes could lock the rows in different
// orders, and the database would end one transaction as a deadlock.
//
// The result of claim is the claimed value and the number of changed rows: 0 if another process has claimed the row
// since it was read. ClaimEach returns the claimed values. It stops at the first error, which it returns only if no
// value is claimed: the claimed ones must be handled.
func ClaimEach[R, T any](due []R, claim func(row R) (value T, changed int, err error)) ([]T, error) {
	var claimed []T
	for _, row := range due {
		value, changed, err := claim(row)
		if err != nil {
			if len(claimed) > 0 {
				return claimed, nil
			}
			return nil, err
		}
		if changed > 0 {
			claimed = append(claimed, value)
		}
	}
	return claimed, nil
}
