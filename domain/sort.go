package domain

import "sort"

// SortLarge sorts a list like slices.SortStableFunc, but adds less code to the binary. For each type of large elements,
// SortStableFunc adds about 8 KiB.
func SortLarge[T any](list []T, compare func(a, b T) int) {
	sort.SliceStable(list, func(i, j int) bool { return compare(list[i], list[j]) < 0 })
}
