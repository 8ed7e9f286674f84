package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A given member of the sink must replace only this member. The same applies to a member of the login in the sink.
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

func TestHeadersAndLeftOutMembersAreGivenWithFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "headers.json")
	if err := os.WriteFile(file, []byte(`{"X-Api-Key":"k"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := sinkFlags{kind: "webhook", headersFile: file, without: []string{"metadata"}}
	got, err := flags.settings(nil)
	want := map[string]any{
		"kind": "webhook", "headers": map[string]string{"X-Api-Key": "k"}, "without": []string{"metadata"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := os.WriteFile(file, []byte(`["canary"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := flags.settings(nil); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a list of headers: %v", err)
	}
}

// A given source must replace the source of the same account. The sources of other accounts must be kept.
func TestASourceIsAddedToTheOthers(t *testing.T) {
	source := func(account, id string) any {
		return map[string]any{"accountId": account, "contextId": "c", "sourceId": id}
	}
	sink := map[string]any{"kind": "matcher", "sources": []any{source("a", "1"), source("b", "2")}}
	flags := matcherFlags{sources: []string{"b,c,3", " d , c , 4 "}}
	given := map[string]any{}
	if err := flags.addTo(given, nil); err != nil {
		t.Fatal(err)
	}
	got := flags.withSources(sink, withMembers(sink, given))["sources"]
	want := []any{source("a", "1"), source("b", "3"), source("d", "4")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	flags = matcherFlags{sources: []string{"b,c"}}
	if err := flags.addTo(given, nil); err == nil {
		t.Error("a source without an id of a source is accepted")
	}
}
