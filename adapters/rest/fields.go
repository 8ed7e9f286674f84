package rest

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// rawJSON is written as it is; nil is left out.
type rawJSON []byte

// MarshalJSON gives the bytes.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// Schema admits anything.
func (rawJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Description: "JSON as it came"}
}

// asJSON gives a body as JSON: itself where it is JSON, a string where it is not.
func asJSON(body []byte) rawJSON {
	if jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		return rawJSON(body)
	}
	quoted, _ := jsontext.AppendQuote(nil, body) // invalid UTF-8 is replaced, and reported
	return rawJSON(quoted)
}

// object is a JSON object whose members another adapter checks.
type object []byte

// MarshalJSON gives the bytes.
func (o object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("{}"), nil
	}
	return o, nil
}

// UnmarshalJSON keeps the bytes: numbers lose nothing.
func (o *object) UnmarshalJSON(raw []byte) error {
	*o = append(object(nil), raw...)
	return nil
}

// Schema admits any object.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// secrets are named secrets, on their way in.
type secrets map[string]domain.Secret

// Schema admits an object of texts that are not empty.
func (secrets) Schema(huma.Registry) *huma.Schema {
	least, most := 1, domain.MaxSecret
	value := &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most, WriteOnly: true}
	value.PrecomputeMessages()
	return &huma.Schema{Type: huma.TypeObject, WriteOnly: true, AdditionalProperties: value}
}

// credential seals the secrets from every printer.
func (s secrets) credential() domain.Credential {
	if len(s) == 0 {
		return domain.Credential{}
	}
	return domain.NewCredential(s)
}

// amount writes money's number as a decimal text; "" for none.
func amount(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return m.Amount.String()
}

// currency writes money's currency; "" for none.
func currency(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return m.Currency
}

// shown writes an id; "" for the zero id.
func shown[T any](id domain.ID[T]) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// byID is the input of operations on one thing. The id is read as text, since a
// malformed one is answered like an unknown one.
type byID struct {
	strict
	ID string `path:"id" doc:"Opaque"`
}

// changing is byID with a condition.
type changing struct {
	ID      string  `path:"id" doc:"Opaque"`
	IfMatch ifMatch `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
}

// created is the answer that names what it made.
type created[T any] struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     T
}

// accepted is the answer to work that is done later.
type accepted[T any] struct {
	Location string `header:"Location"`
	Body     T
}

// tagged is an answer with its entity tag.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// plainBody is an answer that is all body.
type plainBody[T any] struct{ Body T }

// nothing is the answer of 204.
type nothing struct{}

// utc keeps the zero time, so that omitzero leaves it out.
func utc(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC()
}
