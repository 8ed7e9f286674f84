package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyValuesOfSeveralTypesBecomeRawJSON(t *testing.T) {
	raw := map[string]any{"x-go-type": "json.RawMessage", "x-go-type-skip-optional-pointer": true}
	for name, c := range map[string]struct {
		schema string
		want   map[string]any // nil means unchanged
	}{
		"any value":          {`{}`, raw},
		"an object or text":  {`{"type":["object","string"]}`, raw},
		"text":               {`{"type":"string"}`, nil},
		"text or null":       {`{"type":["string","null"]}`, nil},
		"a reference":        {`{"$ref":"#/components/schemas/B"}`, nil},
		"a reference or nil": {`{"anyOf":[{"$ref":"#/components/schemas/B"},{"type":"null"}]}`, nil},
		"a constant":         {`{"const":"update"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			document := `{"components":{"schemas":{"A":{"type":"object","properties":{"x":` + c.schema + `}}}}}`
			prepared, err := prepare([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				if err := json.Unmarshal([]byte(c.schema), &c.want); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(c.want, property(t, prepared)); diff != "" {
				t.Errorf("the schema is not as expected (-want +got):\n%s", diff)
			}
		})
	}
}

// property returns the schema of the property "x" in the schema "A".
func property(t *testing.T, document []byte) map[string]any {
	t.Helper()
	var d struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	return d.Components.Schemas["A"].Properties["x"]
}

func TestXMLBodiesAreNotDecoded(t *testing.T) {
	prepared, err := prepare([]byte(`{"paths":{"/a":{"get":{"responses":{"200":{"content":` +
		`{"application/xml":{},"application/json":{}}}}}}}}`))
	want := `{"paths":{"/a":{"get":{"responses":{"200":{"content":{"application/json":{}}}}}}}}`
	if err != nil || string(prepared) != want {
		t.Errorf("%s, %v", prepared, err)
	}
}

func TestASecondSpellingOfAMemberIsRemoved(t *testing.T) {
	text, err := prepare(
		[]byte(`{"components":{"schemas":{"A":{"type":"object","required":["webhookUrl","webhook_url","a_b"],
		"properties":{"webhookUrl":{"type":"string"},"webhook_url":{"type":"string"},"a_b":{"type":"string"}}}}}}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"components":{"schemas":{"A":{"properties":{"a_b":{"type":"string"},"webhookUrl":{"type":"string"}},` +
		`"required":["webhookUrl","a_b"],"type":"object"}}}}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
}
