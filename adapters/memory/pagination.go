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

// order compares two positions of a list. Its result has the same meaning as that of cmp.Compare.
type order func(x, y domain.Position) int

// ascending compares two positions by key, then by id, both byte by byte. The keys of every list
// in this package (names, dates, times of fixed width) sort correctly as text.
func ascending(x, y domain.Position) int {
	return cmp.Or(cmp.Compare(x.Key, y.Key), bytes.Compare(x.ID[:], y.ID[:]))
}

// descending is the order of lists that are sorted by time or date, newest first.
func descending(x, y domain.Position) int { return ascending(y, x) }

// cutPage returns the page of rows that r requests, in the given order. The function positionOf returns the position of
// a row. The position must not depend on other rows, so that an insertion or deletion moves no other row.
func cutPage[T any](
	rows iter.Seq[T],
	r domain.PageRequest,
	ordering order,
	positionOf func(T) domain.Position,
) domain.Page[T] {
	var after []T
	for row := range rows {
		if r.After.IsZero() || ordering(positionOf(row), r.After) > 0 {
			after = append(after, row)
		}
	}
	slices.SortFunc(after, func(x, y T) int { return ordering(positionOf(x), positionOf(y)) })
	page := domain.PageBuilder[T]{Request: r}
	for _, row := range after {
		if page.Complete() || page.Full() {
			return domain.Page[T]{Items: page.Items, Next: positionOf(page.Items[len(page.Items)-1])}
		}
		page.Add(row)
	}
	return domain.Page[T]{Items: page.Items}
}

// filtered returns copies of the rows for which the function filter returns true. The function clone makes the copies.
func filtered[T any](rows iter.Seq[*T], filter func(*T) bool, clone func(T) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for row := range rows {
			if filter(row) && !yield(clone(*row)) {
				return
			}
		}
	}
}

// timePosition returns the position of a row in a list sorted by time.
func timePosition(at time.Time, id uuid.UUID) domain.Position {
	return domain.Position{Key: domain.TimeKey(at), ID: id}
}

// checkTimePosition returns an error unless the position is zero or belongs to a list sorted by time. Errors: Invalid
// on "cursor".
func checkTimePosition(position domain.Position) error {
	if position.IsZero() {
		return nil
	}
	_, err := domain.ParseTimeKey(position.Key)
	return err
}

// checkDate returns an error unless the position is zero or belongs to a list sorted by date. Errors: Invalid on
// "cursor".
func checkDate(position domain.Position) error {
	if position.IsZero() {
		return nil
	}
	if _, err := domain.ParseDate(position.Key); err != nil {
		return foreignCursor()
	}
	return nil
}

func foreignCursor() error { return domain.FieldError("cursor", "is not a cursor of this list") }
