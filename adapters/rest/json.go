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

// jsonFormat parses requests strictly: member names must match exactly, unknown and duplicate
// members are rejected, and the text must be valid UTF-8. It also writes responses, in which the
// vendors' own objects remain unchanged, including their duplicate members.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		buffer := responseWriters.Get().(*bufio.Writer)
		defer func() { buffer.Reset(nil); responseWriters.Put(buffer) }()
		buffer.Reset(w)
		if err := json.MarshalWrite(buffer, v, responseOptions); err != nil {
			return err // the buffered part is discarded, so that a problem document can still be sent
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

// responseOptions are the JSON options for writing responses.
var responseOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))

// responseWriters is a pool of buffers for responses. The encoder writes every few hundred bytes,
// and without a buffer net/http would make a system call for each of these writes.
var responseWriters = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 32<<10) }}

// huma validates a body that was parsed leniently, and continues after an invalid member. Values
// of these two types replace values that must be rejected. No schema accepts these types, so the
// validator reports their members together with all other invalid members.
type (
	nullMember      struct{} // replaces null: a member without a value must be omitted
	duplicateMember struct{} // replaces the value of a member that occurs twice or contains a duplicate member
)

// maxDepth is the maximum nesting depth of a body. All schemas of the API are far less deep.
const maxDepth = 64

var errDepth = errors.New("nested too deeply")

// validationReader decodes JSON into maps, slices and scalars, and marks duplicate members.
type validationReader struct{ tokens *jsontext.Decoder }

// readForValidation decodes one JSON text into target. It returns an error if the data is not one
// JSON text, or is nested too deeply.
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

// markNulls replaces the null values of the body's own members. It does not look into nested
// objects, because the connector validates the members of its own configuration.
func markNulls(members map[string]any) {
	for name, value := range members {
		if value == nil {
			members[name] = nullMember{}
		}
	}
}

// value decodes the next value, and reports whether it contains a duplicate member.
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
		number, _ := strconv.ParseFloat(token.String(), 64) // if the number is too large, it becomes infinite
		return number, false, nil
	case 't', 'f':
		return token.Bool(), false, nil
	default: // The value is null, because the callers never read a closing token here.
		return nil, false, nil
	}
}

// object decodes the members up to the closing brace. If a member occurs twice, neither of its
// values is used.
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

// array decodes the items up to the closing bracket.
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
