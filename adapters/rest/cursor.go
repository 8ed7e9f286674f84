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

// A cursor is the base64url encoding of these parts, in this order: the version, the list kind, the 16 bytes of the
// id, and the sort key.
const (
	cursorVersion    = 1
	cursorHeaderSize = 2 + 16
	maxCursor        = 2048 // in characters; a connection with the longest name has a cursor of 1,384
)

// listKind identifies a kind of list. It is part of each cursor, so that a list rejects the cursors of all other lists.
type listKind interface{ tag() byte }

// The kinds of lists.
type (
	connectionList      struct{}
	healthList          struct{}
	urgentHealthList    struct{}
	engineList          struct{}
	tokenList           struct{}
	deliveryList        struct{}
	pullList            struct{}
	accountList         struct{}
	transactionList     struct{}
	quarantineList      struct{}
	searchList          struct{}
	historyList         struct{}
	changeFeed          struct{}
	balanceList         struct{}
	billList            struct{}
	billTransactionList struct{}
	closeList           struct{}
	adjustmentList      struct{}
	auditList           struct{}
	erasureList         struct{}
	subscriptionList    struct{}
	eventAttempts       struct{}
	suggestionList      struct{}
	applicationList     struct{}
	conflictList        struct{}
	unmappedList        struct{}
	bankStatementList   struct{}
	statementLineList   struct{}
	institutionList     struct{}
	uncoveredList       struct{}
)

func (connectionList) tag() byte      { return 'c' }
func (healthList) tag() byte          { return 'h' }
func (urgentHealthList) tag() byte    { return 'H' }
func (engineList) tag() byte          { return 'e' }
func (tokenList) tag() byte           { return 't' }
func (deliveryList) tag() byte        { return 'd' }
func (pullList) tag() byte            { return 'p' }
func (accountList) tag() byte         { return 'a' }
func (transactionList) tag() byte     { return 'x' }
func (quarantineList) tag() byte      { return 'q' }
func (searchList) tag() byte          { return 's' }
func (historyList) tag() byte         { return 'v' }
func (changeFeed) tag() byte          { return 'f' }
func (balanceList) tag() byte         { return 'b' }
func (billList) tag() byte            { return 'T' }
func (billTransactionList) tag() byte { return 'F' }
func (closeList) tag() byte           { return 'l' }
func (adjustmentList) tag() byte      { return 'j' }
func (auditList) tag() byte           { return 'u' }
func (erasureList) tag() byte         { return 'r' }
func (subscriptionList) tag() byte    { return 'n' }
func (eventAttempts) tag() byte       { return 'm' }
func (suggestionList) tag() byte      { return 'g' }
func (applicationList) tag() byte     { return 'i' }
func (conflictList) tag() byte        { return 'k' }
func (unmappedList) tag() byte        { return 'w' }
func (bankStatementList) tag() byte   { return 'B' }
func (statementLineList) tag() byte   { return 'L' }
func (institutionList) tag() byte     { return 'I' }
func (uncoveredList) tag() byte       { return 'U' }

// cursor is a position in a list of the kind L. Callers must treat its text as opaque.
type cursor[L listKind] struct{ at domain.Position }

// errInvalidCursor is the error for every invalid cursor; it does not say what makes the cursor
// invalid.
var errInvalidCursor = errors.New("is not a cursor of this list")

// UnmarshalText parses a text that MarshalText returned. For every other text it returns errInvalidCursor, so that each
// position has exactly one encoding.
func (c *cursor[L]) UnmarshalText(text []byte) error {
	// The decoder ignores line breaks. If they were allowed, one position would have many encodings.
	if len(text) > maxCursor || bytes.ContainsAny(text, "\r\n") {
		return errInvalidCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	var of L
	if err != nil || len(raw) < cursorHeaderSize || raw[0] != cursorVersion || raw[1] != of.tag() {
		return errInvalidCursor
	}
	key := string(raw[cursorHeaderSize:])
	if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return errInvalidCursor
	}
	c.at = domain.Position{Key: key, ID: uuid.UUID(raw[2:cursorHeaderSize])}
	return nil
}

// MarshalText returns the encoded position.
func (c cursor[L]) MarshalText() ([]byte, error) {
	var of L
	return []byte(cursorText(of, c.at)), nil
}

// cursorText returns the text of a cursor of a list of the kind of.
func cursorText(of listKind, at domain.Position) string {
	raw := append([]byte{cursorVersion, of.tag()}, at.ID[:]...)
	raw = append(raw, at.Key...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// feedCursor is a position in the change feed. In a request, the text "now" (feedEnd) is the present end of the feed.
type feedCursor struct{ cursor[changeFeed] }

// feedEnd is the text of a feedCursor at the present end of the change feed.
const feedEnd = "now"

// UnmarshalText parses feedEnd, or a text that MarshalText returned.
func (c *feedCursor) UnmarshalText(text []byte) error {
	if string(text) == feedEnd {
		c.at = domain.FeedEnd
		return nil
	}
	return c.cursor.UnmarshalText(text)
}

// healthCursor is a position in the list of the health of connections, in one of its two orders.
type healthCursor struct {
	cursor[healthList]
	urgent bool // a position of urgentHealthList, which begins with the most urgent connection
}

// UnmarshalText parses a text that the method MarshalText of a cursor of one of the orders returned.
func (c *healthCursor) UnmarshalText(text []byte) error {
	var urgent cursor[urgentHealthList]
	if urgent.UnmarshalText(text) == nil {
		c.at, c.urgent = urgent.at, true
		return nil
	}
	return c.cursor.UnmarshalText(text)
}

// check returns an error if the cursor is a position in the other order.
func (c healthCursor) check(urgent bool) error {
	if !c.at.IsZero() && c.urgent != urgent {
		return domain.FieldError("cursor", errInvalidCursor.Error())
	}
	return nil
}

// pageRequest returns a request for at most limit items after the cursor's position.
func (c cursor[L]) pageRequest(limit int) domain.PageRequest {
	return domain.PageRequest{Limit: limit, After: c.at}
}

// page is the envelope of one page of a list.
type page[T any] struct {
	Items      []T    `json:"items" doc:"The items of this page"`
	Limit      int    `json:"limit" doc:"The requested maximum number of items on a page" example:"20"`
	HasMore    bool   `json:"hasMore" example:"true" doc:"Whether there are more items after this page"`
	NextCursor string `json:"nextCursor,omitempty" doc:"The cursor of the next page; absent on the last page" example:"AXgBnA-KbR58O5pSPx1bfooBMjAyNi0wMy0wMQ"`
}

// listOutput is the output of an operation that returns a page of a list.
type listOutput[T any] struct{ Body page[T] }

// pageOf returns the page p in its envelope. It converts each item by calling view.
func pageOf[L listKind, S, T any](p domain.Page[S], limit int, view func(S) T) *listOutput[T] {
	out := &listOutput[T]{Body: page[T]{Items: mapItems(p.Items, view), Limit: limit}}
	if !p.Next.IsZero() {
		out.Body.HasMore = true
		var of L
		out.Body.NextCursor = cursorText(of, p.Next)
	}
	return out
}

// mapItems converts each item by calling view, and returns the results. For no items it returns an empty slice and not
// nil, so that the JSON contains an empty array instead of null.
func mapItems[S, T any](items []S, view func(S) T) []T {
	out := make([]T, len(items))
	for i, item := range items {
		out[i] = view(item)
	}
	return out
}
