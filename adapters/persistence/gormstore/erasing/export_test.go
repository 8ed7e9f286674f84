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
