package belvosim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

// shape maps the path of each member (names joined by dots) to the JSON types that the member may have ("null|string").
// A member whose path ends in ? may be absent even if its parent is present.
type shape map[string]string

func golden[T any](t *testing.T, file string) (into T) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err == nil {
		err = json.Unmarshal(text, &into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return into
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

// flatten adds the path and the JSON type of every member of a value to a map.
func flatten(path string, value any, into map[string]string) {
	if path != "" {
		into[path] = typeOf(value)
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			flatten(strings.TrimPrefix(path+"."+name, "."), member, into)
		}
	case []any:
		for _, element := range value {
			flatten(path+"[]", element, into)
		}
	}
}

// mismatches returns the paths of those members of the value that do not match the shape.
func (s shape) mismatches(value any) []string {
	var faults []string
	found := map[string]string{}
	flatten("", value, found)
	for path, kind := range found {
		allowed, exists := s[path]
		if optional, isOptional := s[path+"?"]; isOptional {
			allowed, exists = optional, true
		}
		if !exists || !slices.Contains(strings.Split(allowed, "|"), kind) {
			faults = append(faults, fmt.Sprintf("%s is %s, the vendor's is %q", path, kind, allowed))
		}
	}
	for path := range s {
		parent := path[:max(0, strings.LastIndex(path, "."))]
		_, present := found[path]
		if !present && !strings.HasSuffix(path, "?") && (parent == "" || found[parent] == "object") {
			faults = append(faults, path+" is missing")
		}
	}
	slices.Sort(faults)
	return faults
}

func TestResponsesHaveTheVendorsShape(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	shapes := golden[map[string]shape](t, "shapes.json")
	for path, name := range map[string]string{
		"/api/links/": "link",
		"/api/accounts/?link=" + belvosim.DemoLinkID:                "account",
		"/api/accounts/?link=" + belvosim.DemoOpenFinanceLinkID:     "account_ofda",
		"/api/transactions/?link=" + belvosim.DemoLinkID:            "transaction",
		"/api/transactions/?link=" + belvosim.DemoOpenFinanceLinkID: "transaction_ofda",
	} {
		page := get[map[string]any](c, path, 200)
		results := page["results"].([]any)
		delete(page, "results")
		if faults := shapes["page"].mismatches(page); len(faults) > 0 {
			t.Errorf("%s: envelope: %q", path, faults)
		}
		if len(results) == 0 {
			t.Errorf("%s: nothing to compare", path)
		}
		for _, result := range results {
			if faults := shapes[name].mismatches(result); len(faults) > 0 {
				t.Errorf("%s: %q", path, faults)
			}
		}
	}
}

func TestErrorsHaveTheVendorsShape(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	shapes := golden[map[string]shape](t, "shapes.json")
	for _, fault := range []belvosim.Fault{
		{Status: 400}, {Status: 401}, {Status: 403}, {Status: 404}, {Status: 408}, {Status: 409}, {Status: 428},
		{Status: 429}, {Status: 500}, {Status: 400, Code: "required"}, {Status: 400, Code: "session_expired"},
	} {
		fault.Kind = belvosim.FaultStatus
		if err := sim.Inject(fault); err != nil {
			t.Fatal(err)
		}
		name := "error"
		if fault.Status == 428 {
			name = "error_428"
		}
		body := get[[]any](c, "/api/", fault.Status)
		if faults := shapes[name].mismatches(body[0]); len(body) != 1 || len(faults) > 0 {
			t.Errorf("%d: %d errors, %q", fault.Status, len(body), faults)
		}
	}
}

func TestEventsHaveTheVendorsShape(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	kinds := golden[map[string]struct{ Members, Fixed shape }](t, "events.json")
	if len(kinds) != len(belvosim.EventNames()) {
		t.Errorf("%d events are documented, %d can be sent", len(kinds), len(belvosim.EventNames()))
	}
	for name, kind := range kinds {
		body, err := sim.Payload(belvosim.Event{Name: name, LinkID: belvosim.DemoLinkID, TransactionIDs: []string{"x"}})
		if err != nil {
			t.Error(err)
			continue
		}
		var payload map[string]any
		if err := json.Unmarshal(body, &payload); err != nil {
			t.Fatal(err)
		}
		if faults := kind.Members.mismatches(payload); len(faults) > 0 {
			t.Errorf("%s: %q", name, faults)
		}
		for member, want := range kind.Fixed {
			if payload[member] != want {
				t.Errorf("%s: %s is %v, the vendor's is %s", name, member, payload[member], want)
			}
		}
	}
}

func TestShapeDetectsADeviation(t *testing.T) {
	s := shape{"a": "string", "b.c": "number", "b": "null|object", "d?": "array"}
	for text, want := range map[string]int{
		`{"a":"x","b":{"c":1},"d":[]}`: 0, `{"a":"x","b":null}`: 0,
		`{"b":null}`: 1, `{"a":1,"b":null}`: 1, `{"a":"x","b":{}}`: 1, `{"a":"x","b":null,"e":1}`: 1,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if got := s.mismatches(value); len(got) != want {
			t.Errorf("%s: %q, want %d", text, got, want)
		}
	}
}
