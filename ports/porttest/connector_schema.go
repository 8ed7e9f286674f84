package porttest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestConfigSchema checks the JSON Schema of a connector's configuration. The members of the schema must be the fields
// of the struct C, which decode returns. decode may refuse a configuration that is not a JSON object, or that has an
// unknown member. Each error must then name all fields of C.
func TestConfigSchema[C any](t *testing.T, schema string, decode func(json.RawMessage) (C, []*domain.Error)) {
	t.Helper()
	var described struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal([]byte(schema), &described); err != nil {
		t.Fatal(err)
	}
	var members []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[C]()) {
		if !field.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		members = append(members, name)
	}
	slices.Sort(members)
	if diff := cmp.Diff(members, slices.Sorted(maps.Keys(described.Properties))); diff != "" {
		t.Errorf("members (-config +schema):\n%s", diff)
	}
	for _, wrong := range []string{`{"colour":1}`, `[]`, `{"HOSTS":1}`} {
		_, errs := decode(json.RawMessage(wrong))
		if len(errs) == 0 {
			t.Errorf("%s is accepted", wrong)
		}
		for _, err := range errs {
			for _, member := range members {
				if !strings.Contains(err.Message, member) {
					t.Errorf("the message about %s does not name %s: %s", wrong, member, err.Message)
				}
			}
		}
	}
}
