package erasing

import (
	"maps"
	"slices"
	"time"
)

// Rows returns the GORM models of this package.
func Rows() []any { return []any{&erasureRow{}} }

// ErasedColumns returns the names of the columns of transactions that an erasure changes.
func ErasedColumns() []string { return slices.Collect(maps.Keys(erasedColumns(time.Time{}, 0))) }

// ErasedTables returns the names of the tables that an erasure changes.
func ErasedTables() []string {
	var names []string
	for _, t := range erasedTables {
		names = append(names, t.name)
	}
	return slices.Compact(names)
}
