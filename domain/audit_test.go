package domain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestDetailsAreParsed(t *testing.T) {
	id := uuid.MustParse("11111111-1111-4111-8111-111111111111")
	for _, d := range []AuditDetail{
		{}, {Changed: []string{"a", "b"}}, {Numbers: map[string]int64{"n": -1<<53 + 1, "zero": 0}},
		AuditDetail{Changed: []string{"a"}, Numbers: map[string]int64{"n": 1}}.WithID("connectionId", id),
		{Dates: map[string]Date{"date": "2026-02-28"}, Hashes: map[string]AuditHash{"digest": {0xab, 31: 1}}},
	} {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseAuditDetail(text)
		if diff := cmp.Diff(d, got); diff != "" || err != nil {
			t.Errorf("%s (-want +got): %s %v", text, diff, err)
		}
	}
}

func TestOtherTextsAreNoDetails(t *testing.T) {
	for _, text := range []string{
		"", "null", "[]", "{", `{"a":"a text"}`, `{"changed":"a"}`, `{"changed":["b","a"]}`, `{"changed":[]}`,
		`{"a":1.5}`, `{"a":9007199254740993}`, `{"a":true}`, `{"a":{}}`, `{ }`, `{"b":1,"a":1}`, `{"a":1,"a":1}`,
		`{"a":1e2}`,
		`{"a":"11111111-1111-4111-8111-11111111111A"}`, `{"a":"2026-02-30"}`, `{"a":"2026-2-28"}`,
		`{"a":"` + strings.Repeat("A", 64) + `"}`, `{"a":"` + strings.Repeat("a", 62) + `"}`,
	} {
		if d, err := ParseAuditDetail([]byte(text)); err == nil {
			t.Errorf("%s is parsed as %+v", text, d)
		}
	}
}

// ParseAuditDetail must accept only one text for each detail. If it accepted two texts, one stored text could be
// replaced by the other, and the audit tree would not show the change.
func FuzzParseAuditDetail(f *testing.F) {
	for _, text := range []string{`{}`, `{"changed":["a"],"n":1}`, `{"id":"11111111-1111-4111-8111-111111111111"}`,
		`{"date":"2026-02-28"}`, `{"digest":"` + strings.Repeat("0a", 32) + `"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseAuditDetail(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is encoded as %q (%v)", text, again, err)
		}
	})
}
