package domain

import "time"

// Earlier returns the earlier one of two times.
func Earlier(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}

// Later returns the later one of two times.
func Later(x, y time.Time) time.Time {
	if y.After(x) {
		return y
	}
	return x
}

// EarlierNonZero returns the earlier one of two times. It ignores a time that is zero.
func EarlierNonZero(x, y time.Time) time.Time {
	if x.IsZero() || !y.IsZero() && y.Before(x) {
		return y
	}
	return x
}

// EarlierDate returns the earlier of two dates, of which either may be "".
func EarlierDate(a, b Date) Date {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}
