package rest

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

func TestTheSchemaHasTheMembersOfTheConfiguration(t *testing.T) {
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal([]byte(ConfigSchema), &schema); err != nil {
		t.Fatal(err)
	}
	var members []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		members = append(members, name)
	}
	slices.Sort(members)
	if diff := cmp.Diff(members, slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
		t.Errorf("members (-config +schema):\n%s", diff)
	}
	for _, wrong := range []string{`{"colour":1}`, `[]`, `{"HOSTS":1}`} {
		for _, err := range decoded(wrong) {
			for _, member := range members {
				if !strings.Contains(err.Message, member) {
					t.Errorf("the message about %s does not name %s: %s", wrong, member, err.Message)
				}
			}
		}
	}
}

func decoded(text string) []*domain.Error {
	_, errs := decodeConfig(json.RawMessage(text), false)
	return errs
}
