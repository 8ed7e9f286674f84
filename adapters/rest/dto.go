package rest

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// rawJSON is JSON that is written unchanged; nil is omitted.
type rawJSON []byte

// MarshalJSON returns the bytes.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// Schema allows any JSON value.
func (rawJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Description: "The vendor's JSON, unchanged"}
}

// asJSON returns a body as JSON: unchanged where it is JSON, as a JSON string otherwise.
func asJSON(body []byte) rawJSON {
	if jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		return rawJSON(body)
	}
	quoted, _ := jsontext.AppendQuote(nil, body) // invalid UTF-8 is replaced; the error reports only that
	return rawJSON(quoted)
}

// plainText is text without control characters.
type plainText string

// Schema allows any string without control characters.
func (plainText) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{
		Type: huma.TypeString, Pattern: `^[^\x00-\x1F\x7F-\x9F]*$`,
		PatternDescription: "text without control characters",
	}
	schema.PrecomputeMessages()
	return schema
}

// jsonObject is a JSON object whose members are validated by another adapter.
type jsonObject []byte

// MarshalJSON returns the bytes; an empty object for nil.
func (o jsonObject) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("{}"), nil
	}
	return o, nil
}

// UnmarshalJSON stores the bytes unchanged, so that numbers lose no precision.
func (o *jsonObject) UnmarshalJSON(raw []byte) error {
	*o = append(jsonObject(nil), raw...)
	return nil
}

// Schema allows any object.
func (jsonObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// secretMap holds the named secrets of a request.
type secretMap map[string]domain.Secret

// Schema allows an object whose members are non-empty strings.
func (secretMap) Schema(huma.Registry) *huma.Schema {
	least, most := 1, domain.MaxSecret
	value := &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most, WriteOnly: true}
	value.PrecomputeMessages()
	return &huma.Schema{Type: huma.TypeObject, WriteOnly: true, AdditionalProperties: value}
}

// credential converts the secrets to a credential, which cannot be printed.
func (s secretMap) credential() domain.Credential {
	if len(s) == 0 {
		return domain.Credential{}
	}
	return domain.NewCredential(s)
}

// amount formats money's amount as a decimal string; "" for nil.
func amount(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return m.Amount.String()
}

// currency returns money's currency; "" for nil.
func currency(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return m.Currency
}

// idOrEmpty formats an id; "" for the zero id.
func idOrEmpty[T any](id domain.ID[T]) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// idInput is the input of operations on one object. The id is read as text, because a
// malformed id gets the same response as an unknown one.
type idInput struct {
	strictQuery
	ID string `path:"id" doc:"Opaque"`
}

// conditionalInput is idInput with an If-Match condition.
type conditionalInput struct {
	ID      string        `path:"id" doc:"Opaque"`
	IfMatch ifMatchHeader `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
}

// createdOutput is a response with the location of the object that was created.
type createdOutput[T any] struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     T
}

// acceptedOutput is a response to a request whose work is done later.
type acceptedOutput[T any] struct {
	Location string `header:"Location"`
	Body     T
}

// taggedOutput is a response with its entity tag.
type taggedOutput[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// bodyOutput is a response that consists of a body only.
type bodyOutput[T any] struct{ Body T }

// noContent is the output of a 204.
type noContent struct{}

// utcOrZero converts a time to UTC. It returns the zero time unchanged, so that omitzero
// omits it.
func utcOrZero(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC()
}
