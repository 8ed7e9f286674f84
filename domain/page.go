package domain

import (
	"time"

	"github.com/google/uuid"
)

// The default and the maximum numbers of rows in a page.
const (
	DefaultLimit     = 20
	MaxLimit         = 200
	DefaultFeedLimit = 200
	MaxFeedLimit     = 1000
)

// Position is a place in an ordered list. Key is the text of the sort key, and each list defines its meaning. ID orders
// rows with equal keys. The zero Position is the start of the list. A list returns Invalid on "cursor" for a position
// of another list.
type Position struct {
	Key string
	ID  uuid.UUID
}

// IsZero reports whether the position is the start of the list.
func (p Position) IsZero() bool { return p == Position{} }

// PageRequest requests at most Limit rows that come after the position After. Stores do not check Limit;
// the caller must keep it within the bounds of the list.
type PageRequest struct {
	Limit int
	After Position
}

// Page is one page of a list. Next is zero on the last page.
type Page[T any] struct {
	Items []T
	Next  Position
}

// FeedPage is one page of the change feed. Next is the position from which to continue; it
// is always set, even when Items is empty. More reports that there are rows after Next that
// can be read now.
type FeedPage struct {
	Items []Transaction
	Next  Position
	More  bool
}

// TimeKey returns the time, in UTC with nanoseconds, as a sort key of fixed width.
func TimeKey(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// ParseTimeKey parses a key that TimeKey returned. Errors: Invalid on "cursor".
func ParseTimeKey(key string) (time.Time, error) {
	at, err := time.Parse("2006-01-02T15:04:05.000000000Z", key)
	if err != nil {
		return time.Time{}, FieldError("cursor", "is not a cursor of this list")
	}
	return at, nil
}
