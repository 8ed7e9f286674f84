package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A change of one member of a login keeps the others, as a change of one member of a sink does.
func TestAGivenMemberReplacesThatOfTheSink(t *testing.T) {
	sink := map[string]any{"kind": "kafka", "topic": "a", "sasl": map[string]any{"mechanism": "PLAIN", "username": "u"}}
	for name, test := range map[string]struct{ given, want map[string]any }{
		"nothing": {nil, sink},
		"a topic": {map[string]any{"topic": "b"}, map[string]any{"kind": "kafka", "topic": "b", "sasl": sink["sasl"]}},
		"a password": {
			map[string]any{"sasl": map[string]any{"password": "p"}},
			map[string]any{"kind": "kafka", "topic": "a", "sasl": map[string]any{
				"mechanism": "PLAIN", "username": "u", "password": "p",
			}},
		},
	} {
		if diff := cmp.Diff(test.want, withMembers(sink, test.given)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	login := map[string]any{"mechanism": "PLAIN"}
	got := withMembers(map[string]any{"kind": "kafka"}, map[string]any{"sasl": login})
	if diff := cmp.Diff(map[string]any{"kind": "kafka", "sasl": login}, got); diff != "" {
		t.Errorf("a first login (-want +got):\n%s", diff)
	}
}
