// Package settings parses the settings of sinks: the JSON of a request, and URLs that contain secrets. All sinks share
// it.
package settings

import (
	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Decode decodes the settings in a request into a struct. Members that the struct does not have are invalid, and so are
// values of other types. invalid is the message about such settings. An error contains no part of the settings.
func Decode[T any](requested domain.Secret, invalid string) (T, []*domain.Error) {
	var decoded T
	if err := json.Unmarshal(requested.Reveal(), &decoded, json.RejectUnknownMembers(true)); err != nil {
		return decoded, []*domain.Error{domain.FieldError("", invalid)}
	}
	return decoded, nil
}

// Stored decodes stored settings into a struct. It returns the zero value if there are none. Members that the struct
// does not have are ignored: a later version can have stored them.
func Stored[T any](public string) T {
	var decoded T
	if err := json.Unmarshal([]byte(public), &decoded); err != nil {
		var zero T
		return zero
	}
	return decoded
}

// Encode returns the settings in a struct as JSON. The struct must consist of texts, booleans, numbers, and lists and
// structs of these.
func Encode(public any) string {
	text, err := json.Marshal(public, json.Deterministic(true))
	if err != nil {
		panic(err) // the type cannot be encoded, which depends only on the code
	}
	return string(text)
}
