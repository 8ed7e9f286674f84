package domain

import (
	"time"

	"github.com/google/uuid"
)

// Bounds of a page, in rows.
const (
	DefaultLimit     = 20
	MaxLimit         = 200
	DefaultFeedLimit = 200
	MaxFeedLimit     = 1000
)

// Position is a place in an ordered list: the text of the sort key, and the id that
// breaks ties. The meaning of the text belongs to the list; a position of another list
// is Invalid there, on field "cursor". The zero Position is the start of the list.
type Position struct {
	Key string
	ID  uuid.UUID
}

// IsZero reports whether the position is the start of the list.
func (p Position) IsZero() bool { return p == Position{} }

// PageRequest asks for at most Limit rows after the position After. Limit is within the
// bounds of the list; stores rely on that.
type PageRequest struct {
	Limit int
	After Position
}

// Page is one page of a list. Next is zero on the last page.
type Page[T any] struct {
	Items []T
	Next  Position
}

// FeedPage is one page of the change feed. Next is always set, also when Items is empty:
// it is the position to continue from. More reports that rows after Next can already be
// read.
type FeedPage struct {
	Items []Transaction
	Next  Position
	More  bool
}

// TimeKey returns the time as a sort key of fixed width: nanoseconds, UTC.
func TimeKey(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// ParseTimeKey parses a key written by TimeKey. Errors: Invalid on "cursor".
func ParseTimeKey(key string) (time.Time, error) {
	at, err := time.Parse("2006-01-02T15:04:05.000000000Z", key)
	if err != nil {
		return time.Time{}, FieldError("cursor", "is not a cursor of this list")
	}
	return at, nil
}
