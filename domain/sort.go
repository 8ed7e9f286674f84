package domain

import (
	"iter"
	"maps"
	"slices"
	"sort"
)

// SortLarge sorts a list like slices.SortStableFunc, but adds less code to the binary. For each type of large elements,
// SortStableFunc adds about 8 KiB.
func SortLarge[T any](list []T, compare func(a, b T) int) {
	sort.SliceStable(list, func(i, j int) bool { return compare(list[i], list[j]) < 0 })
}

// Sorted returns the elements of a sequence in the order of compare, like slices.SortedStableFunc, but adds less code
// to the binary.
func Sorted[T any](elements iter.Seq[T], compare func(a, b T) int) []T {
	list := slices.Collect(elements)
	SortLarge(list, compare)
	return list
}

// SortedKeys returns the keys of a map in the order of compare, like slices.SortedFunc, but adds less code to the
// binary.
func SortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return Sorted(maps.Keys(m), compare)
}
