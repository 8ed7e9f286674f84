package domain

import "time"

// EarlierNonZero returns the earlier one of two times. It ignores a time that is zero.
func EarlierNonZero(x, y time.Time) time.Time {
	if x.IsZero() || !y.IsZero() && y.Before(x) {
		return y
	}
	return x
}
