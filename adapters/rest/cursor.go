package rest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// A cursor is base64url of: version, list, the id's 16 bytes, the sort key.
const (
	cursorVersion = 1
	cursorHead    = 2 + 16
	maxCursor     = 2048 // characters; the longest name's cursor has 1,384
)

// listing tells the cursors of one list from those of another.
type listing interface{ tag() byte }

// The lists.
type (
	connectionList  struct{}
	engineList      struct{}
	tokenList       struct{}
	deliveryList    struct{}
	pullList        struct{}
	accountList     struct{}
	transactionList struct{}
	changeFeed      struct{}
)

func (connectionList) tag() byte  { return 'c' }
func (engineList) tag() byte      { return 'e' }
func (tokenList) tag() byte       { return 't' }
func (deliveryList) tag() byte    { return 'd' }
func (pullList) tag() byte        { return 'p' }
func (accountList) tag() byte     { return 'a' }
func (transactionList) tag() byte { return 'x' }
func (changeFeed) tag() byte      { return 'f' }

// cursor is a position in the list L, opaque to callers.
type cursor[L listing] struct{ domain.Position }

// errCursor is the one fault of a cursor, whatever is wrong with it.
var errCursor = errors.New("is not a cursor of this list")

// UnmarshalText reads what MarshalText wrote, and nothing else: one position has one
// spelling. Errors: errCursor.
func (c *cursor[L]) UnmarshalText(text []byte) error {
	// The decoder passes over line ends, which would give one position many spellings.
	if len(text) > maxCursor || bytes.ContainsAny(text, "\r\n") {
		return errCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	var of L
	if err != nil || len(raw) < cursorHead || raw[0] != cursorVersion || raw[1] != of.tag() {
		return errCursor
	}
	key := string(raw[cursorHead:])
	if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return errCursor
	}
	c.Key, c.ID = key, uuid.UUID(raw[2:cursorHead])
	return nil
}

// MarshalText writes the position.
func (c cursor[L]) MarshalText() ([]byte, error) {
	var of L
	raw := append([]byte{cursorVersion, of.tag()}, c.ID[:]...)
	raw = append(raw, c.Key...)
	return base64.RawURLEncoding.AppendEncode(nil, raw), nil
}

// String writes the position as text.
func (c cursor[L]) String() string {
	text, _ := c.MarshalText()
	return string(text)
}

// page is the envelope of every list.
type page[T any] struct {
	Items      []T    `json:"items"`
	Limit      int    `json:"limit" doc:"The largest number of items a page may have, as asked for"`
	HasMore    bool   `json:"hasMore"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Where the next page begins; absent on the last one"`
}

// listed is the output of a list operation.
type listed[T any] struct{ Body page[T] }

// pageOf turns a page of the domain into its envelope.
func pageOf[L listing, S, T any](p domain.Page[S], limit int, view func(S) T) *listed[T] {
	out := &listed[T]{Body: page[T]{Items: views(p.Items, view), Limit: limit}}
	if !p.Next.IsZero() {
		out.Body.HasMore = true
		out.Body.NextCursor = cursor[L]{p.Next}.String()
	}
	return out
}

// views maps items, and gives an empty list rather than none.
func views[S, T any](items []S, view func(S) T) []T {
	out := make([]T, len(items))
	for i, item := range items {
		out[i] = view(item)
	}
	return out
}
