package domain

import (
	"time"

	"github.com/google/uuid"
)

// Page bounds, in rows.
const (
	DefaultLimit     = 20
	MaxLimit         = 200
	DefaultFeedLimit = 200
	MaxFeedLimit     = 1000
)

// Position is a place in an ordered list: the sort key's text and the id that breaks
// ties. What the text means belongs to the list; a position of another list is
// Invalid there, on field "cursor". The zero Position is the begin.
type Position struct {
	Key string
	ID  uuid.UUID
}

// IsZero says whether the position is the begin.
func (p Position) IsZero() bool { return p == Position{} }

// PageRequest asks for up to Limit rows behind After. Limit is within the bounds of
// the list; a store may trust that.
type PageRequest struct {
	Limit int
	After Position
}

// Page is one page of a list. Next is zero on the last page.
type Page[T any] struct {
	Items []T
	Next  Position
}

// FeedPage is one page of the change feed. Next is always set, also when Items is
// empty: it is where to go on. More says that rows behind Next are readable already.
type FeedPage struct {
	Items []Transaction
	Next  Position
	More  bool
}

// Instant writes a time as a sort key of fixed width: nanoseconds, UTC.
func TimeKey(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// ParseInstant reads what Instant wrote. Errors: Invalid on "cursor".
func ParseTimeKey(key string) (time.Time, error) {
	at, err := time.Parse("2006-01-02T15:04:05.000000000Z", key)
	if err != nil {
		return time.Time{}, FieldError("cursor", "is not a cursor of this list")
	}
	return at, nil
}
