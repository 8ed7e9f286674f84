// Package sample has one mutant for each verdict.
package sample

import "time"

const limit = 2 * 10

// Price returns the price of n items. Its boundary is not tested.
func Price(n int) int {
	if n > limit {
		return n * 3
	}
	return n * 4
}

// Days returns a whole number of days.
func Days(n int) time.Duration {
	return time.Duration(n*24*60) / (2 * 60) * (2 * time.Hour)
}

// Spread returns the number of steps from low to high.
func Spread(low, high int) (steps int) {
	for i := low; i != high; i++ {
		steps++
	}
	return steps
}

// Both reports whether a and b are set, or n is -1.
func Both(a, b *int, n int) bool {
	return a != nil && b != nil || // the second operand is not needed
		n == -1
}

// Unused is not called.
func Unused(names []string) (all string) {
	for _, name := range names {
		all += name
		all = all + ","
	}
	return all
}
