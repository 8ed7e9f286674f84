package vendorhttp

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DecodeObject decodes the JSON object that is the value of a member. It returns the zero value of T if the member is
// absent, has another JSON type, or cannot be decoded. Use it only for members that are optional.
func DecodeObject[T any](value jsontext.Value) T {
	var object, zero T
	if value.Kind() != '{' || Decode(value, &object) != nil {
		return zero
	}
	return object
}

// Clean returns the text in a form that every store accepts, or "" if the member is not a string.
func (t Text) Clean() string { return domain.CleanText(t.Value) }

// Reference returns the text as an identifier of a transaction, in the form in which it is stored; see
// domain.CleanReference. It returns "" if the member is not a string.
func (t Text) Reference() string { return domain.CleanReference(t.Value) }

// WholeNumber parses a whole number from 0 to 2147483647 (31 bits). It returns 0 for any other text.
func WholeNumber(text string) int {
	number, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return int(number)
}

// TaxNumber returns a complete CPF or CNPJ without punctuation, or "" for any other text. See domain.TaxNumber.
func TaxNumber(text string) string { return domain.TaxNumber(text) }
