package domain

import (
	"bytes"
	"cmp"
	"slices"
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

// MaxPageBytes is the size in bytes at which a page ends. See PageRequest.
const MaxPageBytes = 4 << 20

// Position is a place in an ordered list. Key is the text of the sort key, and each list defines its meaning. ID orders
// rows with equal keys. The zero Position is the start of the list. A list returns Invalid on "cursor" for a position
// of another list.
type Position struct {
	Key string
	ID  uuid.UUID
}

// FeedEnd is the position after the last change of the change feed that can be read at present. Only Ledger.Changes
// accepts it, and never returns it.
var FeedEnd = Position{Key: "now"}

// IsZero reports whether the position is the start of the list.
func (p Position) IsZero() bool { return p == Position{} }

// Compare compares two positions by key, then by id, both byte by byte. Its result has the same meaning as that of
// cmp.Compare.
func (p Position) Compare(other Position) int {
	return cmp.Or(cmp.Compare(p.Key, other.Key), bytes.Compare(p.ID[:], other.ID[:]))
}

// PageRequest requests at most Limit rows that come after the position After. Stores do not check Limit;
// the caller must keep it within the bounds of the list.
//
// A page also ends with the item that brings its size (see ItemSize) to MaxBytes or more; 0 means MaxPageBytes. Such a
// page has fewer than Limit items, and there is a next page if there are further rows.
type PageRequest struct {
	Limit    int
	MaxBytes int
	After    Position
}

// Page is one page of a list. Next is zero on the last page.
type Page[T any] struct {
	Items []T
	Next  Position
}

// PageBuilder collects the items of a page.
type PageBuilder[T any] struct {
	Request PageRequest
	Items   []T
	size    int
}

// Complete reports whether the page has as many items as the request allows.
func (b *PageBuilder[T]) Complete() bool { return len(b.Items) >= b.Request.Limit }

// Full reports whether the page has as many bytes as the request allows.
func (b *PageBuilder[T]) Full() bool { return b.size >= cmp.Or(b.Request.MaxBytes, MaxPageBytes) }

// Add appends an item to the page. A page that is complete or full must get no further item.
func (b *PageBuilder[T]) Add(item T) {
	const (
		few  = 32   // the capacity of the first items, so that a short page needs little memory
		many = 1024 // the largest capacity that is allocated at once, because a caller can ask for any limit
	)
	switch len(b.Items) {
	case 0:
		b.Items = make([]T, 0, min(b.Request.Limit, few))
	case few:
		b.Items = slices.Grow(b.Items, max(min(b.Request.Limit, many)-few, 0))
	}
	b.Items = append(b.Items, item)
	b.size += ItemSize(&b.Items[len(b.Items)-1])
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
