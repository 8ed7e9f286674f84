package docs_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// compatibilityRow matches a line of the table "Calls of the guide" in docs/lerian.md: the method, the path, and the
// members of the body and of the answer.
var compatibilityRow = regexp.MustCompile("(?m)^\\| `([A-Z]+) (/[^`]*)` \\|([^|]*)\\|([^|]*)\\|$")

var quoted = regexp.MustCompile("`([A-Za-z_]+)`")

// apiDocument is the part of openapi.json that the table is compared with.
type apiDocument struct {
	Paths map[string]map[string]struct {
		RequestBody struct{ Content map[string]apiContent }
		Responses   map[string]struct{ Content map[string]apiContent }
	}
	Components struct{ Schemas map[string]apiSchema }
}

type apiContent struct{ Schema apiSchema }

type apiSchema struct {
	Ref        string `json:"$ref"`
	Properties map[string]json.RawMessage
}

// has reports whether the schema of a body of JSON has a member.
func (d *apiDocument) has(content map[string]apiContent, member string) bool {
	schema := content["application/json"].Schema
	if schema.Ref != "" {
		schema = d.Components.Schemas[strings.TrimPrefix(schema.Ref, "#/components/schemas/")]
	}
	return schema.Properties[member] != nil
}

// Each call that docs/lerian.md says works as in Lerian's guide takes and returns the members that the page names.
func TestTheCallsOfLeriansGuideAreInTheDocument(t *testing.T) {
	raw, err := os.ReadFile("../../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document apiDocument
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/lerian.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := compatibilityRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) != 10 {
		t.Fatalf("the table has %d calls", len(rows))
	}
	for _, row := range rows {
		operation, ok := document.Paths["/v1/discovery"+row[2]][strings.ToLower(row[1])]
		if !ok {
			t.Errorf("there is no %s %s", row[1], row[2])
		}
		answer := operation.Responses["200"].Content
		if created, ok := operation.Responses["201"]; ok {
			answer = created.Content
		}
		for _, member := range quoted.FindAllStringSubmatch(row[3], -1) {
			if !document.has(operation.RequestBody.Content, member[1]) {
				t.Errorf("the body of %s %s has no %s", row[1], row[2], member[1])
			}
		}
		for _, member := range quoted.FindAllStringSubmatch(row[4], -1) {
			if !document.has(answer, member[1]) {
				t.Errorf("the answer of %s %s has no %s", row[1], row[2], member[1])
			}
		}
	}
}
