package rest

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// rawJSON is JSON that is written to the response unchanged. A nil value is omitted.
type rawJSON []byte

// MarshalJSON returns the bytes unchanged.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// Schema returns a schema that allows any JSON value.
func (rawJSON) Schema() *operation.Schema {
	return &operation.Schema{
		Description: "The vendor's JSON, unchanged",
		Examples:    []any{map[string]any{"id": "c0ffee00-0000-4000-8000-000000000002"}},
	}
}

// asJSON returns the body of a webhook as JSON. If the body is JSON, it is returned unchanged;
// otherwise it is returned as a JSON string.
func asJSON(body []byte) rawJSON {
	if jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		return rawJSON(body)
	}
	quoted, _ := jsontext.AppendQuote(nil, body) // the error only reports that invalid UTF-8 was replaced
	return rawJSON(quoted)
}

// asStrictJSON returns the bytes of a vendor's row. If they are strict JSON (valid UTF-8, no duplicate
// members), they are returned unchanged; otherwise they are returned as a JSON string, in which invalid
// UTF-8 is replaced.
func asStrictJSON(row []byte) rawJSON {
	if jsontext.Value(row).IsValid() {
		return rawJSON(row)
	}
	quoted, _ := jsontext.AppendQuote(nil, row)
	return rawJSON(quoted)
}

// plainText is a text that must not contain control characters.
type plainText string

// Schema returns a schema that allows any string without control characters.
func (plainText) Schema() *operation.Schema {
	schema := &operation.Schema{
		Type: operation.TypeString, Pattern: `^[^\x00-\x1F\x7F-\x9F]*$`,
		PatternDescription: "text without control characters",
	}
	return schema
}

// jsonObject is a JSON object that this package does not validate. An adapter outside of this package validates its
// members.
type jsonObject []byte

// MarshalJSON returns the bytes unchanged, or an empty object if there are none.
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

// Schema returns a schema that allows any JSON object.
func (jsonObject) Schema() *operation.Schema {
	return &operation.Schema{
		Type: operation.TypeObject, AdditionalProperties: true,
		Examples: []any{map[string]any{"host": "db.example.com", "database": "books"}},
	}
}

// secretMap is an object of named secrets in a request.
type secretMap map[string]domain.Secret

// Schema returns a schema that allows an object whose members are non-empty strings.
func (secretMap) Schema() *operation.Schema {
	least, most := 1, domain.MaxSecret
	value := &operation.Schema{Type: operation.TypeString, MinLength: &least, MaxLength: &most, WriteOnly: true}
	return &operation.Schema{
		Type: operation.TypeObject, WriteOnly: true, AdditionalProperties: value,
		Examples: []any{map[string]any{"username": "reader", "password": "correct horse battery staple"}},
	}
}

// credential returns the secrets as a credential.
func (s secretMap) credential() domain.Credential {
	if len(s) == 0 {
		return domain.Credential{}
	}
	return domain.NewCredential(s)
}

// amount returns the amount of m as a decimal string, or "" if m is nil.
func amount(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return m.Amount.String()
}

// currency returns the currency of m, or "" if m is nil.
func currency(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return m.Currency
}

// idOrEmpty returns the id as text, or "" for the zero id.
func idOrEmpty[T any](id domain.ID[T]) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// idInput is the input of operations on one object of type T.
type idInput[T any] struct {
	ID pathID[T] `path:"id" doc:"Opaque"`
}

// conditionalInput is the input of an operation on one object of type T with an If-Match condition.
type conditionalInput[T any] struct {
	ID      pathID[T]     `path:"id" doc:"Opaque"`
	IfMatch ifMatchHeader `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
}

// createdOutput is a response to the creation of an object, with the object's location and entity
// tag.
type createdOutput[T any] struct {
	Location string `header:"Location" doc:"The path of the new object"`
	ETag     string `header:"ETag" doc:"The entity tag of the revision, for If-Match"`
	Body     T
}

// acceptedOutput is the response to a request that only starts a pull. The pull does the work later, and the response
// contains its location.
type acceptedOutput[T any] struct {
	Location string `header:"Location" doc:"The path of the pull that does the work"`
	Body     T
}

// taggedOutput is a response that contains an object and its entity tag.
type taggedOutput[T any] struct {
	ETag string `header:"ETag" doc:"The entity tag of the revision, for If-Match"`
	Body T
}

// bodyOutput is a response that consists of a body only.
type bodyOutput[T any] struct{ Body T }

// noContent is the output of a response with status 204, which has no body.
type noContent struct{}

// utcOrZero returns the time in UTC. The zero time is returned unchanged, so that omitzero omits
// it.
func utcOrZero(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC()
}
