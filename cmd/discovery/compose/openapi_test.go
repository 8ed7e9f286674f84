package compose_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

func TestTheCommittedOpenAPIDocumentIsTheServedOne(t *testing.T) {
	committed, err := os.ReadFile("../../../openapi.json")
	if err != nil {
		t.Fatalf("%v: run make generate", err)
	}
	cfg := settings(t)
	cfg.Egress.AllowHTTP = false
	_, origin, end := serve(t, cfg, compose.Overrides{})
	defer end()
	response, err := http.Get(origin + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	served, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parsed(t, served), parsed(t, committed)); diff != "" {
		t.Errorf("openapi.json is outdated: run make generate (-served +committed):\n%s", diff)
	}
}

// An erased transaction keeps only the members that this test lists, and the schema must not require any others.
// Clients are generated from the document before a transaction is erased for the first time, so their types must allow
// erased transactions from the start.
func TestTheDocumentAllowsErasedTransactions(t *testing.T) {
	text, err := compose.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct {
			Schemas struct {
				TransactionView struct {
					Required   []string                   `json:"required"`
					Properties map[string]json.RawMessage `json:"properties"`
				}
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	schema := document.Components.Schemas.TransactionView
	if diff := cmp.Diff([]string{"id", "connectionId", "version"}, schema.Required); diff != "" {
		t.Errorf("an erased transaction lacks required members (-erased +required):\n%s", diff)
	}
	for _, member := range []string{"id", "connectionId", "version", "removedAt", "erasedAt"} {
		if schema.Properties[member] == nil {
			t.Errorf("the schema does not have the member %s of an erased transaction", member)
		}
	}
}

// parsed returns the OpenAPI document without the version, which differs from build to build.
func parsed(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	info, _ := document["info"].(map[string]any)
	delete(info, "version")
	return document
}
