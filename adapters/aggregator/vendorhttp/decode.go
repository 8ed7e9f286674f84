package vendorhttp

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds how deep an answer or a webhook may nest; the vendors' go to eight.
const maxDepth = 64

// Decode reads JSON text into a value. Unknown members are passed over; a wrong type, a
// doubled member, invalid UTF-8, more than 64 levels and anything behind the value are
// errors. Member names are compared exactly; a raw member (jsontext.Value,
// json.RawMessage) keeps its bytes. Errors: Unavailable (malformed_response), without a
// word of the text.
func Decode(body []byte, into any) error {
	if tooDeep(body) {
		return malformed("JSON nested too deeply")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return malformed("not the JSON that the vendor documents")
	}
	return nil
}

// tooDeep counts brackets outside of strings, before a parser recurses into them.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// Number is a JSON number as it was written; "" for null or an absent member. Any other
// JSON type is an error: a number never goes through a float.
type Number string

// UnmarshalJSONFrom reads a number or null.
func (n *Number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	switch {
	case err != nil:
		return err
	case value.Kind() == 'n':
		*n = ""
	case value.Kind() == '0':
		*n = Number(value)
	default:
		return errNumber
	}
	return nil
}

// NumberOrText is a [Number] that may stand in quotes, for vendors that write both.
type NumberOrString string

// UnmarshalJSONFrom reads a number, a string or null.
func (n *NumberOrString) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '"' {
		return (*Number)(n).UnmarshalJSONFrom(dec)
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	text, err := jsontext.AppendUnquote(nil, value)
	*n = NumberOrString(strings.TrimSpace(string(text)))
	return err
}

var errNumber = errors.New("not a number")
