package events_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/events"
)

func TestOnlyTheVendorsOwnObjectMayBeLeftOut(t *testing.T) {
	for _, tc := range []struct {
		members []string
		want    bool
	}{
		{nil, true}, {[]string{"metadata"}, true}, {[]string{"metadata", "metadata"}, true}, {[]string{"id"}, false},
		{[]string{"metadata", "id"}, false}, {[]string{"Metadata"}, false},
	} {
		if got := events.MayLeaveOut(tc.members); got != tc.want {
			t.Errorf("%v: %t", tc.members, got)
		}
	}
}

// The settings of a sink are a JSON object, to which the members that are left out are added.
func TestWhatIsLeftOutIsStoredWithTheSettings(t *testing.T) {
	for _, tc := range []struct {
		settings string
		without  []string
		stored   string
	}{
		{`{"url":"x"}`, nil, `{"url":"x"}`},
		{`{"url":"x"}`, []string{"metadata"}, `{"without":["metadata"],"url":"x"}`},
		{` { "url":"x" } `, []string{"b", "a", "b"}, `{"without":["a","b"],"url":"x"}`},
		{`{}`, []string{"metadata"}, `{"without":["metadata"]}`},
		{`{ }`, []string{"metadata"}, `{"without":["metadata"]}`},
	} {
		stored := events.WithWithout(tc.settings, tc.without)
		if !sameJSON(stored, tc.stored) {
			t.Errorf("%s without %v is stored as %s", tc.settings, tc.without, stored)
		}
		rest, without := events.SplitWithout(stored)
		want := slices.Compact(slices.Sorted(slices.Values(tc.without)))
		if !sameJSON(rest, tc.settings) || !slices.Equal(without, want) {
			t.Errorf("%s is split into %s and %v", stored, rest, without)
		}
	}
	for _, settings := range []string{"", "x", `[]`, `{"without":1}`, `{"without":{}}`} {
		if rest, without := events.SplitWithout(settings); rest != settings || without != nil {
			t.Errorf("%q is split into %q and %v", settings, rest, without)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func TestMembersOfAnEventAreLeftOut(t *testing.T) {
	const data = `{"id":"1","metadata":{"a":[1, 2]},"amount":1.50,"t\"x":null}`
	for _, tc := range []struct {
		data  string
		names []string
		want  string
	}{
		{data, nil, data},
		{"", []string{"id"}, ""},
		{data, []string{"metadata"}, `{"id":"1","amount":1.50,"t\"x":null}`},
		{data, []string{"id", "amount"}, `{"metadata":{"a":[1, 2]},"t\"x":null}`},
		{data, []string{"a"}, data}, // of the object itself only
		{`{"id":"1"}`, []string{"id"}, `{}`},
		{`{}`, []string{"id"}, `{}`},
	} {
		if got, err := events.LeaveOut([]byte(tc.data), tc.names); err != nil || string(got) != tc.want {
			t.Errorf("%s without %v: %s, %v", tc.data, tc.names, got, err)
		}
	}
	for _, data := range []string{"?", `{"id"`, `{"id":?}`, `{"id":"1",?}`} {
		if got, err := events.LeaveOut([]byte(data), []string{"x"}); err == nil {
			t.Errorf("%s: %s", data, got)
		}
	}
}
