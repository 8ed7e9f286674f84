package memory

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// order compares two positions of a list.
type order func(x, y domain.Position) int

// ascending is by key, then id, both by their bytes. The keys of every list here
// (names, dates, instants of fixed width) sort as text.
func ascending(x, y domain.Position) int {
	return cmp.Or(cmp.Compare(x.Key, y.Key), bytes.Compare(x.ID[:], y.ID[:]))
}

// descending is newest first for lists by time or date.
func descending(x, y domain.Position) int { return ascending(y, x) }

// cut gives the page of the rows that r asks for. Each row stands at a position of its
// own, so that a row which comes or goes moves no other.
func cut[T any](rows iter.Seq[T], r domain.PageRequest, by order, at func(T) domain.Position) domain.Page[T] {
	var behind []T
	for row := range rows {
		if r.After.IsZero() || by(at(row), r.After) > 0 {
			behind = append(behind, row)
		}
	}
	slices.SortFunc(behind, func(x, y T) int { return by(at(x), at(y)) })
	if len(behind) <= r.Limit {
		return domain.Page[T]{Items: behind}
	}
	return domain.Page[T]{Items: behind[:r.Limit], Next: at(behind[r.Limit-1])}
}

// matching gives copies of the rows that pass, made by clone.
func matching[T any](rows iter.Seq[*T], pass func(*T) bool, clone func(T) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for row := range rows {
			if pass(row) && !yield(clone(*row)) {
				return
			}
		}
	}
}

// instant is the position in a list by time.
func instant(at time.Time, id uuid.UUID) domain.Position {
	return domain.Position{Key: domain.TimeKey(at), ID: id}
}

// checkInstant refuses a position that is of no list by time. Errors: Invalid on "cursor".
func checkInstant(after domain.Position) error {
	if after.IsZero() {
		return nil
	}
	_, err := domain.ParseTimeKey(after.Key)
	return err
}

// checkDate refuses a position that is of no list by date. Errors: Invalid on "cursor".
func checkDate(after domain.Position) error {
	if after.IsZero() {
		return nil
	}
	if _, err := domain.ParseDate(after.Key); err != nil {
		return foreignCursor()
	}
	return nil
}

func foreignCursor() error { return domain.FieldError("cursor", "is not a cursor of this list") }
