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

// jsonFormat reads requests strictly (exact names, no unknown and no duplicate member, valid
// UTF-8) and writes responses. Vendors' own objects are written unchanged, including
// duplicate members.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		buffer := responseWriters.Get().(*bufio.Writer)
		defer func() { buffer.Reset(nil); responseWriters.Put(buffer) }()
		buffer.Reset(w)
		if err := json.MarshalWrite(buffer, v, responseOptions); err != nil {
			return err // the buffered part is dropped, so that a problem document can be sent
		}
		return buffer.Flush()
	},
	Unmarshal: func(data []byte, v any) error {
		if target, ok := v.(*any); ok {
			return readForValidation(data, target)
		}
		return json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	},
}

// responseOptions are the options for writing responses.
var responseOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))

// responseWriters are buffers for responses: the encoder writes every few hundred bytes, and
// net/http makes a system call for each write.
var responseWriters = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 32<<10) }}

// huma validates a body that was read leniently, and continues after an invalid member.
// These two types replace values that no schema accepts, so that the validator reports their
// members together with all the other invalid members.
type (
	nullMember      struct{} // null, where a member should be omitted
	duplicateMember struct{} // a member that occurs twice, or contains one that does
)

// maxDepth limits nesting; no schema of the API comes near it.
const maxDepth = 64

var errDepth = errors.New("nested too deeply")

// validationReader decodes JSON into plain values and marks duplicate members.
type validationReader struct{ tokens *jsontext.Decoder }

// readForValidation decodes one JSON text into target. Errors: for text that is not JSON, or
// is nested too deeply.
func readForValidation(data []byte, target *any) error {
	r := validationReader{jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))}
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

// markNulls marks only the body's own members: the connector validates the members of its
// own configuration.
func markNulls(members map[string]any) {
	for name, value := range members {
		if value == nil {
			members[name] = nullMember{}
		}
	}
}

// value reads the next value, and reports whether it contains a duplicate member.
func (r validationReader) value(depth int) (value any, duplicate bool, err error) {
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
		number, _ := strconv.ParseFloat(token.String(), 64) // a number that is too large becomes infinite
		return number, false, nil
	case 't', 'f':
		return token.Bool(), false, nil
	default: // null: the decoder returns no closing token here
		return nil, false, nil
	}
}

// object reads the members up to the closing brace; neither value of a duplicate member is used.
func (r validationReader) object(depth int) (any, bool, error) {
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

// array reads the items up to the closing bracket.
func (r validationReader) array(depth int) (any, bool, error) {
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
