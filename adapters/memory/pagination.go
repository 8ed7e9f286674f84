package memory

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// order is the order of a list. The keys of all lists in this package (names, dates, times of fixed width) sort
// correctly as text.
type order struct {
	// compare compares two positions of the list. Its result has the same meaning as that of cmp.Compare.
	compare func(x, y domain.Position) int
	// check returns an error if a position with this key cannot belong to the list. It is nil if the list has no keys
	// of a special form. Errors: Invalid on "cursor".
	check func(key string) error
}

var (
	// byName is the order of lists that are sorted by name or by id.
	byName = order{compare: domain.Position.Compare}

	// byTime is the order of lists that are sorted by time, newest first.
	byTime = order{compare: descending, check: func(key string) error {
		_, err := domain.ParseTimeKey(key)
		return err
	}}

	// byDate is the order of lists that are sorted by date, newest first.
	byDate = order{compare: descending, check: func(key string) error {
		if _, err := domain.ParseDate(key); err != nil {
			return foreignCursor()
		}
		return nil
	}}

	// bySuggestion is the order of lists of suggestions, newest first.
	bySuggestion = order{compare: descending, check: func(key string) error {
		_, _, _, err := records.ParseSuggestionPosition(domain.Position{Key: key})
		return err
	}}
)

// descending compares two positions in the reverse order.
func descending(x, y domain.Position) int { return y.Compare(x) }

// cutPage returns the page of rows that r requests, in the given order. The function positionOf returns the position of
// a row. The position must not depend on other rows, so that an insertion or deletion moves no other row. Errors:
// Invalid on "cursor" if the requested position does not belong to a list in this order.
func cutPage[T any](
	rows []T, r domain.PageRequest, ordering order, positionOf func(T) domain.Position,
) (domain.Page[T], error) {
	if !r.After.IsZero() && ordering.check != nil {
		if err := ordering.check(r.After.Key); err != nil {
			return domain.Page[T]{}, err
		}
	}
	var after []T
	for _, row := range rows {
		if r.After.IsZero() || ordering.compare(positionOf(row), r.After) > 0 {
			after = append(after, row)
		}
	}
	slices.SortFunc(after, func(x, y T) int { return ordering.compare(positionOf(x), positionOf(y)) })
	page := domain.PageBuilder[T]{Request: r}
	for _, row := range after {
		if page.Complete() || page.Full() {
			return domain.Page[T]{Items: page.Items, Next: positionOf(page.Items[len(page.Items)-1])}, nil
		}
		page.Add(row)
	}
	return domain.Page[T]{Items: page.Items}, nil
}

// filtered returns copies of the rows for which the function filter returns true. The function clone makes the copies.
// The copies are in any order.
func filtered[K comparable, T any](rows map[K]*T, filter func(*T) bool, clone func(T) T) []T {
	var found []T
	for _, row := range rows {
		if filter(row) {
			found = append(found, clone(*row))
		}
	}
	return found
}

// timePosition returns the position of a row in a list sorted by time.
func timePosition(at time.Time, id uuid.UUID) domain.Position {
	return domain.Position{Key: domain.TimeKey(at), ID: id}
}

func foreignCursor() error { return domain.FieldError("cursor", "is not a cursor of this list") }
