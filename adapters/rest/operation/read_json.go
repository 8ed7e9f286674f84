package operation

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// duplicateMember replaces the value of a member in two cases: the member occurs twice, or its value contains a
// duplicate member. No schema accepts a duplicateMember. The validator therefore reports the member together with all
// other invalid members.
type duplicateMember struct{}

// maxDepth is the maximum nesting depth of a body. All schemas of the API are far less deep.
const maxDepth = 64

var errDepth = errors.New("nested too deeply")

// reader decodes JSON into maps, slices and scalars, and marks duplicate members.
type reader struct{ tokens *jsontext.Decoder }

// readJSON decodes one JSON text for the validator. It returns an error if data is not exactly one JSON text, is not
// UTF-8, or is nested too deeply.
func readJSON(data []byte) (any, error) {
	r := reader{jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))}
	value, _, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err = r.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON text")
	}
	return value, nil
}

// value decodes the next value, and reports whether it contains a duplicate member.
func (r reader) value(depth int) (value any, duplicate bool, err error) {
	token, err := r.tokens.ReadToken()
	if err != nil {
		return nil, false, err
	}
	if depth > maxDepth {
		return nil, false, errDepth
	}
	switch token.Kind() {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return token.String(), false, nil
	case '0':
		return finite(token.String()), false, nil
	case 't', 'f':
		return token.Bool(), false, nil
	default: // null; the callers have already handled closing tokens
		return nil, false, nil
	}
}

// finite parses a number. For a number that is too large for a float64 it returns the largest float64, which every
// schema also rejects as too large.
func finite(text string) float64 {
	number, _ := strconv.ParseFloat(text, 64)
	return min(max(number, -math.MaxFloat64), math.MaxFloat64)
}

// object decodes the members up to the closing brace. If a member occurs twice, neither of its
// values is used.
func (r reader) object(depth int) (any, bool, error) {
	members, duplicates := map[string]any{}, false
	for r.tokens.PeekKind() != '}' {
		token, err := r.tokens.ReadToken()
		if err != nil {
			return nil, false, err
		}
		name := token.String()
		value, duplicate, err := r.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		if _, known := members[name]; known || duplicate {
			value, duplicates = duplicateMember{}, true
		}
		members[name] = value
	}
	_, err := r.tokens.ReadToken()
	return members, duplicates, err
}

// array decodes the items up to the closing bracket.
func (r reader) array(depth int) (any, bool, error) {
	items, duplicates := []any{}, false
	for r.tokens.PeekKind() != ']' {
		value, duplicate, err := r.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		items, duplicates = append(items, value), duplicates || duplicate
	}
	_, err := r.tokens.ReadToken()
	return items, duplicates, err
}
