package rest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonFormat reads requests strictly (exact names, no unknown and no doubled member,
// valid UTF-8) and writes answers. Vendors' own objects are written as they are, whatever
// they repeat.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		large := writers.Get().(*bufio.Writer)
		defer func() { large.Reset(nil); writers.Put(large) }()
		large.Reset(w)
		if err := json.MarshalWrite(large, v, written); err != nil {
			return err // what was gathered is dropped, for the problem to take its place
		}
		return large.Flush()
	},
	Unmarshal: func(data []byte, v any) error {
		if loose, ok := v.(*any); ok {
			return readLoose(data, loose)
		}
		return json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	},
}

// written are the options of answers.
var written = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))

// writers gather an answer: the encoder writes every few hundred bytes, and each write of
// net/http's is one to the kernel.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 32<<10) }}

// huma validates a loosely read body and keeps going after a fault. These two stand in
// that body for what no schema admits, so that the validator names their members beside
// all the others.
type (
	nullMember    struct{} // null, where a member should be left out
	doubledMember struct{} // a member that came twice, or holds one that did
)

// maxDepth bounds nesting; no schema of the surface comes near it.
const maxDepth = 64

var errDepth = errors.New("nested too deeply")

// looseReader builds plain values from JSON, marking what is doubled.
type looseReader struct{ tokens *jsontext.Decoder }

// readLoose reads one JSON text. Errors: what is not JSON, or nested too deeply.
func readLoose(data []byte, target *any) error {
	r := looseReader{jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))}
	value, _, err := r.value(0)
	if err != nil {
		return err
	}
	if _, err = r.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON text")
	}
	if members, ok := value.(map[string]any); ok {
		markNulls(members)
	}
	*target = value
	return nil
}

// markNulls marks the body's own members alone: what is inside a connector's
// configuration is for the connector to judge.
func markNulls(members map[string]any) {
	for name, value := range members {
		if value == nil {
			members[name] = nullMember{}
		}
	}
}

// value reads the next value, and says whether something inside it was doubled.
func (r looseReader) value(depth int) (value any, doubled bool, err error) {
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
		number, _ := strconv.ParseFloat(token.String(), 64) // too large reads as infinite
		return number, false, nil
	case 't', 'f':
		return token.Bool(), false, nil
	default: // null: the decoder lets no closing token come here
		return nil, false, nil
	}
}

// object reads the members up to the closing brace; of a doubled one neither value counts.
func (r looseReader) object(depth int) (any, bool, error) {
	members, repeats := map[string]any{}, false
	for r.tokens.PeekKind() != '}' {
		token, err := r.tokens.ReadToken()
		if err != nil {
			return nil, false, err
		}
		name := token.String()
		value, doubled, err := r.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		if _, known := members[name]; known || doubled {
			value, repeats = doubledMember{}, true
		}
		members[name] = value
	}
	_, err := r.tokens.ReadToken()
	return members, repeats, err
}

// array reads the items up to the closing bracket.
func (r looseReader) array(depth int) (any, bool, error) {
	items, repeats := []any{}, false
	for r.tokens.PeekKind() != ']' {
		value, doubled, err := r.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		items, repeats = append(items, value), repeats || doubled
	}
	_, err := r.tokens.ReadToken()
	return items, repeats, err
}
