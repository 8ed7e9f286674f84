package domain

import "sort"

// SortLarge sorts a list like slices.SortStableFunc, which adds about 8 KiB of code to the binary for each type of
// large elements.
func SortLarge[T any](list []T, compare func(a, b T) int) {
	sort.SliceStable(list, func(i, j int) bool { return compare(list[i], list[j]) < 0 })
}
