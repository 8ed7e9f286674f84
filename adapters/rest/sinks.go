package rest

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SinkSchema describes the settings of one kind of sink.
type SinkSchema struct {
	Kind     string
	Settings string // JSON Schema; see ports.Sink.Schema
	// Check returns the invalid fields of the settings of a new subscription; see ports.Sink.Parse. It is called for a
	// request that violates its schema, so that one response also lists the fields that the schema cannot validate. It
	// may be nil.
	Check func(ctx context.Context, settings domain.Secret) []*domain.Error
}

// The names of the schemas of the member "sink". For each kind of sink there are two further schemas, such as
// WebhookSink and WebhookSinkView.
const (
	sinkRequestSchema = "SinkRequest"
	sinkViewSchema    = "SinkView"
)

// memberWithout is the member of each kind of sink with the members that are left out of the data of events.
const memberWithout = "without"

// sinkRequest is the part of a request that describes where events are sent (the sink). The members besides kind are
// the settings, which are passed on as they are.
type sinkRequest ports.SinkRequest

// Schema implements operation.Describer. It returns a reference; addSinkSchemas adds the schema itself.
func (sinkRequest) Schema() *operation.Schema { return operation.Ref(sinkRequestSchema) }

// UnmarshalJSON separates the kind of the sink from its settings.
func (r *sinkRequest) UnmarshalJSON(text []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if err := json.Unmarshal(members["kind"], &r.Kind); err != nil {
		return err
	}
	if text := members[memberWithout]; text != nil {
		if err := json.Unmarshal(text, &r.Without); err != nil {
			return err
		}
	}
	delete(members, "kind")
	delete(members, memberWithout)
	settings, err := json.Marshal(members, json.Deterministic(true))
	r.Settings = domain.NewSecret(settings)
	return err
}

// sinkFaults returns the invalid fields of the member "sink" of a body. It returns none if it cannot read the member.
func (s *server) sinkFaults(ctx context.Context, body []byte) (all []ProblemField) {
	var request struct {
		Sink sinkRequest `json:"sink"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil
	}
	for _, sink := range s.SinkSchemas {
		if sink.Kind != request.Sink.Kind || sink.Check == nil {
			continue
		}
		for _, fault := range sink.Check(ctx, request.Sink.Settings) {
			if fault.Field != "" { // otherwise the schema names the field
				all = append(all, ProblemField{printableLocation("body.sink." + fault.Field), fault.Message})
			}
		}
	}
	return all
}

// sinkView is the part of a response that describes where events are sent (the sink).
type sinkView struct {
	kind     string
	settings string // a JSON object
}

// Schema implements operation.Describer. It returns a reference; addSinkSchemas adds the schema itself.
func (sinkView) Schema() *operation.Schema { return operation.Ref(sinkViewSchema) }

// MarshalJSON returns an object with the kind and the settings.
func (v sinkView) MarshalJSON() ([]byte, error) {
	kind, err := json.Marshal(v.kind)
	if err != nil {
		return nil, err
	}
	text := append([]byte(`{"kind":`), kind...)
	if v.settings == "" || v.settings == "{}" {
		return append(text, '}'), nil
	}
	text = append(text, ',')
	return append(text, strings.TrimPrefix(v.settings, "{")...), nil
}

// addSinkSchemas adds the schemas that sinkRequest and sinkView refer to, and the schemas of all kinds. A request is
// validated with the schema of its kind. It returns an error if a schema is not valid or uses a keyword that
// operation.Schema does not have.
func (s *server) addSinkSchemas(schemas operation.Schemas) error {
	kind := &operation.Schema{Type: operation.TypeString, Description: "The kind of sink"}
	request := &operation.Schema{
		Type: operation.TypeObject, Required: []string{"kind"}, Properties: map[string]*operation.Schema{"kind": kind},
	}
	schemas[sinkRequestSchema], schemas[sinkViewSchema] = request, &operation.Schema{Type: operation.TypeObject}
	for _, sink := range s.SinkSchemas {
		name := sinkName(sink.Kind)
		for _, public := range []bool{false, true} {
			schema, err := sink.schema(public)
			if err != nil {
				return fmt.Errorf("rest: schema of the sink %s: %w", sink.Kind, err)
			}
			if public {
				schemas[name+"View"] = schema
			} else {
				schemas[name] = schema
			}
		}
		kind.Enum = append(kind.Enum, sink.Kind)
		request.AllOf = append(request.AllOf, &operation.Schema{
			If: &operation.Schema{
				Required:   []string{"kind"},
				Properties: map[string]*operation.Schema{"kind": {Enum: []any{sink.Kind}}},
			},
			Then: operation.Ref(name),
		})
	}
	return nil
}

// describeSinks replaces the schemas that addSinkSchemas added for the validation of requests. The new schemas, which
// the document shows, list the kinds as alternatives. They must not be passed to API.Compile.
func (s *server) describeSinks(schemas operation.Schemas) {
	if len(s.SinkSchemas) == 0 {
		return
	}
	request := &operation.Schema{Description: "Where events are sent"}
	view := &operation.Schema{Description: "Where events are sent"}
	for _, sink := range s.SinkSchemas {
		request.AnyOf = append(request.AnyOf, operation.Ref(sinkName(sink.Kind)))
		view.AnyOf = append(view.AnyOf, operation.Ref(sinkName(sink.Kind)+"View"))
	}
	schemas[sinkRequestSchema], schemas[sinkViewSchema] = request, view
}

// sinkName returns the name of the schema of a kind, such as WebhookSink.
func sinkName(kind string) string { return strings.ToUpper(kind[:1]) + kind[1:] + "Sink" }

// schema returns the schema of a sink of this kind in requests or, if public is set, in responses.
func (s SinkSchema) schema(public bool) (*operation.Schema, error) {
	decoder := stdjson.NewDecoder(bytes.NewReader([]byte(s.Settings)))
	decoder.DisallowUnknownFields()
	schema := &operation.Schema{}
	if err := decoder.Decode(schema); err != nil {
		return nil, err
	}
	if err := decodeProperties(schema); err != nil {
		return nil, err
	}
	if public {
		withoutSecrets(schema)
	}
	schema.Properties["kind"] = &operation.Schema{
		Type: operation.TypeString, Description: "The kind of sink; it cannot be changed",
		Enum: []any{s.Kind}, Examples: []any{s.Kind},
	}
	schema.Properties[memberWithout] = &operation.Schema{
		Type: operation.TypeArray, Items: &operation.Schema{Type: operation.TypeString, Enum: []any{events.Metadata}},
		Description: "The members that are left out of the data of events; metadata is the vendor's own object",
		Examples:    []any{[]any{events.Metadata}},
	}
	schema.Required = append([]string{"kind"}, schema.Required...)
	return schema, nil
}

// decodeProperties converts each additionalProperties that is a schema, and not a boolean, into an operation.Schema.
func decodeProperties(s *operation.Schema) error {
	if _, isObject := s.AdditionalProperties.(map[string]any); isObject {
		text, err := stdjson.Marshal(s.AdditionalProperties)
		if err != nil {
			return err
		}
		values := &operation.Schema{}
		if err := stdjson.Unmarshal(text, values); err != nil {
			return err
		}
		s.AdditionalProperties = values
	}
	for _, member := range s.Properties {
		if err := decodeProperties(member); err != nil {
			return err
		}
	}
	return nil
}

// withoutSecrets removes the members with secrets from the schema, because responses do not contain them.
func withoutSecrets(s *operation.Schema) {
	for name, member := range s.Properties {
		if member.WriteOnly {
			delete(s.Properties, name)
			s.Required = slices.DeleteFunc(s.Required, func(required string) bool { return required == name })
			continue
		}
		withoutSecrets(member)
	}
}
