package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// testSinks are the kinds of sinks in the tests.
var testSinks = []SinkSchema{
	{
		Kind: "webhook",
		Settings: `{"type":"object","description":"x","required":["url"],"additionalProperties":false,"properties":{
		"url":{"type":"string","minLength":1,"description":"x","examples":["x"]}}}`,
	},
	{
		Kind:  "rabbitmq",
		Check: refuseTestURL,
		Settings: `{"type":"object","description":"x","required":["url","exchange"],"additionalProperties":false,
		"properties":{
			"url":{"type":"string","minLength":1,"description":"x","examples":["x"]},
			"exchange":{"type":"string","description":"x","examples":["x"]},
			"routingKey":{"type":"string","description":"x","examples":["x"]},
			"hosts":{
				"type":"array","minItems":1,"maxItems":2,"items":{"type":"string"},
				"description":"x","examples":[["x"]]},
			"login":{"type":"object","required":["password","user"],"additionalProperties":false,"description":"x",
				"properties":{
					"user":{"type":"string","description":"x","examples":["x"]},
					"password":{"type":"string","writeOnly":true,"description":"x","examples":["x"]}}}}}`,
	},
}

// refuseTestURL refuses the URL "bad", which the schema allows.
func refuseTestURL(_ context.Context, settings domain.Secret) []*domain.Error {
	switch text := string(settings.Reveal()); {
	case strings.Contains(text, `"url":"bad"`):
		return []*domain.Error{domain.FieldError("url", "is bad")}
	case strings.Contains(text, "unknown"):
		return []*domain.Error{domain.FieldError("", "is wrong")}
	}
	return nil
}

// The settings of a sink must be validated with the schema of its kind. One response must list their errors and those
// of the other members.
func TestTheSettingsOfASinkAreValidatedWithTheSchemaOfItsKind(t *testing.T) {
	for sink, want := range map[string][]string{
		`{"kind":"webhook"}`:                        {"body.name", "body.sink.url"},
		`{"kind":"webhook","url":"x"}`:              {"body.name"},
		`{"kind":"rabbitmq"}`:                       {"body.name", "body.sink.exchange", "body.sink.url"},
		`{"kind":"rabbitmq","url":"bad"}`:           {"body.name", "body.sink.exchange", "body.sink.url"},
		`{"kind":"rabbitmq","url":"x","unknown":1}`: {"body.name", "body.sink.exchange", "body.sink.unknown"},
		`{"kind":"pigeon","url":"x"}`:               {"body.name", "body.sink.kind"},
		`{"url":"x"}`:                               {"body.name", "body.sink.kind"},
		`"webhook"`:                                 {"body.name", "body.sink"},
		`{"kind":"webhook","url":"","x":1}`:         {"body.name", "body.sink.url", "body.sink.x"},
		`{"kind":"webhook","url":1}`:                {"body.name", "body.sink.url"},
		`{"kind":"webhook","url":"x","url":1}`:      {"body.name", "body.sink"},
		`{"kind":"rabbitmq","url":"x","exchange":"y","login":{"user":"u"},"hosts":[]}`: {
			"body.name", "body.sink.hosts", "body.sink.login.password",
		},
		`{"kind":"rabbitmq","url":"x","exchange":"y","hosts":["a","b","c"]}`: {"body.name", "body.sink.hosts"},
	} {
		w := newEnv(t).call(http.MethodPost, subscriptionsPath, `{"types":["transaction.*"],"sink":`+sink+`}`)
		var problem Problem
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != http.StatusBadRequest {
			t.Fatalf("%s: status %d: %s", sink, w.Code, w.Body)
		}
		var got []string
		for _, field := range problem.Errors {
			got = append(got, field.Location)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sink, diff)
		}
	}
}

func TestTheDocumentListsTheSettingsOfEachSink(t *testing.T) {
	text, err := Document(Options{SinkSchemas: testSinks})
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	schema := func(name string) string {
		text, _ := json.Marshal(document.Components.Schemas[name])
		return string(text)
	}
	for name, want := range map[string][]string{
		"SinkRequest": {
			`"anyOf":[{"$ref":"#/components/schemas/WebhookSink"},{"$ref":"#/components/schemas/RabbitmqSink"}]`,
		},
		"SinkView":         {`{"$ref":"#/components/schemas/RabbitmqSinkView"}`},
		"WebhookSink":      {`"enum":["webhook"]`, `"required":["kind","url"]`},
		"RabbitmqSinkView": {`"required":["user"]`, `"required":["kind","url","exchange"]`},
	} {
		for _, part := range want {
			if got := schema(name); !strings.Contains(got, part) {
				t.Errorf("%s is %s, without %s", name, got, part)
			}
		}
	}
	if got := schema("RabbitmqSinkView"); strings.Contains(got, "password") {
		t.Errorf("the response has a secret: %s", got)
	}
	for _, schema := range []string{`{`, `{"type":"object","const":1}`} {
		if _, err := Document(Options{SinkSchemas: []SinkSchema{{Kind: "webhook", Settings: schema}}}); err == nil {
			t.Errorf("%s is accepted", schema)
		}
	}
}

func TestASinkWithoutSettingsHasItsKind(t *testing.T) {
	for _, settings := range []string{"{}", ""} {
		text, err := json.Marshal(sinkView{"none", settings})
		if err != nil || string(text) != `{"kind":"none"}` {
			t.Errorf("%q: %s, %v", settings, text, err)
		}
	}
}
