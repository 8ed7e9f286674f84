package vendorhttp

import (
	"cmp"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxDepth bounds the nesting of a response or a webhook. The JSON that vendors send has at most
// eight levels.
const maxDepth = 64

// Decode strictly parses JSON text into the value that dst points to. It ignores unknown members, and compares member
// names exactly. A raw member (jsontext.Value, json.RawMessage) keeps its bytes.
//
// A wrong type, a duplicate member, invalid UTF-8, more than 64 levels and any text after the value are errors. All
// errors are Unavailable (malformed_response) and contain no part of the text.
func Decode(body []byte, dst any) error {
	if tooDeep(body) {
		return malformed("JSON nested too deeply")
	}
	if err := json.Unmarshal(body, dst); err != nil {
		return malformed("not the JSON that the vendor documents")
	}
	return nil
}

// DecodeRow parses one row of a list in the same way as [Decode]. If the row is larger than domain.MaxRowBytes, or is
// JSON but cannot be parsed strictly, DecodeRow returns an error created by domain.UnreadableRow. If the row is not
// JSON, it returns Unavailable (malformed_response).
//
// The keys of reasons are the names of the row's outermost members. The values are the error reasons for a wrong type
// inside these members. The default reason is invalid_member.
func DecodeRow(row []byte, into any, reasons map[string]domain.Code) error {
	if len(row) > domain.MaxRowBytes {
		return domain.UnreadableRow(domain.TooLarge)
	}
	if tooDeep(row) {
		return domain.UnreadableRow(domain.TooDeep)
	}
	err := json.Unmarshal(row, into)
	if err == nil {
		return nil
	}
	text := jsontext.Value(row)
	switch {
	case text.IsValid():
		return domain.UnreadableRow(cmp.Or(reasons[memberOf(err)], domain.InvalidMember))
	case text.IsValid(jsontext.AllowInvalidUTF8(true)):
		return domain.UnreadableRow(domain.InvalidText)
	case text.IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)):
		return domain.UnreadableRow(domain.DuplicateMember)
	}
	return malformed("a row that is not JSON")
}

// memberOf returns the name of the outermost member to which an error of the JSON parser refers, or "" if the error
// refers to no member.
func memberOf(err error) string {
	if semantic := (*json.SemanticError)(nil); errors.As(err, &semantic) {
		for name := range semantic.JSONPointer.Tokens() {
			return name
		}
	}
	return ""
}

// tooDeep reports whether the text has more than maxDepth levels. It counts the brackets
// outside of strings, before a parser would recurse into them.
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

// Number is the unchanged text of a JSON number. It is "" for null and for an absent member.
// Any other JSON type is an error. The number is never converted to a float.
type Number string

// UnmarshalJSONFrom decodes a number or null.
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

// NumberOrString is a [Number] that may also be written as a JSON string, because some vendors send both forms.
type NumberOrString string

// UnmarshalJSONFrom decodes a number, a string or null.
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

// ParseMoney parses an amount as the vendor sent it. An amount that the decimal type cannot represent exactly is an
// error. All errors are created by domain.UnreadableRow, with the reason invalid_amount or invalid_currency.
func ParseMoney(amount, currency string) (domain.Money, error) {
	m, err := domain.ParseMoney(amount, currency)
	if err == nil {
		return m, nil
	}
	reason := domain.InvalidAmount
	if invalid := (*domain.Error)(nil); errors.As(err, &invalid) && invalid.Field == "currency" {
		reason = domain.InvalidCurrency
	}
	return domain.Money{}, domain.UnreadableRow(reason)
}
