package belvo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestParseRejectsInvalidEvents(t *testing.T) {
	long := strings.Repeat("x", maxIdentifier+1)
	for name, body := range map[string]string{
		"nothing":                 ``,
		"not JSON":                `<html>`,
		"null":                    `null`,
		"a list":                  `[]`,
		"no envelope":             `{"hello":"world"}`,
		"no code":                 `{"webhook_type":"LINK"}`,
		"an invalid type":         `{"webhook_type":"LI\u0000NK","webhook_code":"link_deleted"}`,
		"a code that is a number": `{"webhook_type":"LINK","webhook_code":7}`,
		"a code too long":         `{"webhook_type":"LINK","webhook_code":"` + long + `"}`,
		"a duplicate member":      `{"webhook_type":"LINK","webhook_code":"link_deleted","link_id":"a","link_id":"b"}`,
		"invalid UTF-8":           "{\"webhook_type\":\"LINK\",\"webhook_code\":\"x\",\"link_id\":\"\xff\"}",
		"two values":              `{"webhook_type":"LINK","webhook_code":"link_deleted"}{}`,
		"unbounded nesting":       strings.Repeat(`{"data":`, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			event, err := (&Adapter{}).Parse([]byte(body))
			if !errors.Is(err, domain.Invalid) || event.WantsPull || event.DedupKey != "" {
				t.Errorf("got %+v (%v)", event, err)
			}
		})
	}
}

// TestParseWantsEverythingIfAnIDIsOdd checks that an event with an invalid id asks for a pull that reads everything,
// and that its valid ids are still used.
func TestParseWantsEverythingIfAnIDIsOdd(t *testing.T) {
	long := strings.Repeat("x", domain.MaxEventID+1)
	event := func(kind, code, members string) string {
		return fmt.Sprintf(`{"webhook_type":%q,"webhook_code":%q,%s}`, kind, code, members)
	}
	deleted := func(ids string) string {
		return event("TRANSACTIONS", "transactions_deleted", `"link_id":"l","data":{"deleted_transactions":`+ids+`}`)
	}
	for body, want := range map[string]struct {
		link    string
		removed []string
	}{
		event("LINK", "link_deleted", `"link_id":7`):                                {},
		event("LINK", "link_deleted", `"link_id":"\ud800"`):                         {},
		event("LINK", "link_deleted", `"link_id":"l","data":{"text":"\ud800"}`):     {link: "l"},
		event("LINK", "link_deleted", `"link_id":"`+long+`"`):                       {},
		event("LINK", "link_deleted", `"link_id":"http://127.0.0.1/"`):              {},
		event("LINK", "link_deleted", `"link_id":"l","webhook_id":"`+long+`"`):      {link: "l"},
		event("LINK", "link_deleted", `"link_id":"l","webhook_id":"a\u0000"`):       {link: "l"},
		event("ACCOUNTS", "historical_update", `"link_id":"l","request_id":{}`):     {link: "l"},
		event("TRANSACTIONS", "historical_update", `"link_id":"l","data":"x"`):      {link: "l"},
		event("TRANSACTIONS", "transactions_deleted", `"link_id":"l","data":["a"]`): {link: "l"},
		deleted(`"a"`): {link: "l"},
		deleted(`[1]`): {link: "l"},
		deleted(`["a","` + long + `","b\u0000",{},"","c",null]`): {"l", []string{"a", "c"}},
	} {
		got, err := (&Adapter{}).Parse([]byte(body))
		if err != nil || !got.WantsPull || !got.Scope.Everything || got.AccountRef != want.link ||
			!slices.Equal(got.Scope.Removed, want.removed) {
			t.Errorf("%.120s: got %+v (%v), want everything of %q without %q", body, got, err, want.link, want.removed)
		}
	}
	got, err := (&Adapter{}).Parse([]byte(event("OWNERS", "historical_update", `"link_id":7`)))
	if err != nil || got.WantsPull || got.Scope.Everything {
		t.Errorf("an event that asks for no pull: %+v (%v)", got, err)
	}
}

func TestParseAcceptsMissingOptionalMembers(t *testing.T) {
	for _, body := range []string{
		`{"webhook_type":"TRANSACTIONS","webhook_code":"transactions_deleted"}`,
		`{"webhook_type":"TRANSACTIONS","webhook_code":"historical_update","data":null}`,
		`{"webhook_type":"LINK","webhook_code":"link_deleted","webhook_id":null,"request_id":null,"external_id":7}`,
	} {
		if event, err := (&Adapter{}).Parse([]byte(body)); err != nil || !event.WantsPull {
			t.Errorf("%s: %+v (%v)", body, event, err)
		}
	}
}

// The vendor possibly sends the same webhook_id with every event of a registration. Events with equal webhook_id must
// have different deduplication keys if their request id, code or body differs.
func TestDedupKeyDistinguishesEvents(t *testing.T) {
	body := func(id, request, code, data string) []byte {
		return fmt.Appendf(
			nil, `{"webhook_id":%q,"webhook_type":"TRANSACTIONS","webhook_code":%q,"request_id":%q,"data":%s}`, id,
			code, request, data,
		)
	}
	key := func(b []byte) string {
		event, err := (&Adapter{}).Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		return event.DedupKey
	}
	base := key(body("w", "r", "historical_update", `{}`))
	if base != key(body("w", "r", "historical_update", `{}`)) {
		t.Error("the same event has two deduplication keys")
	}
	for _, without := range [][]byte{
		body("w", "", "historical_update", `{}`), body("", "r", "historical_update", `{}`),
	} {
		if got := key(without); got != "" {
			t.Errorf("%s has the deduplication key %q, want none", without, got)
		}
	}
	for name, other := range map[string][]byte{
		"webhook_id": body("v", "r", "historical_update", `{}`),
		"request_id": body("w", "s", "historical_update", `{}`),
		"code":       body("w", "r", "transactions_updated", `{}`),
		"body":       body("w", "r", "historical_update", `{"total_transactions":1}`),
	} {
		if key(other) == base {
			t.Errorf("an event with another %s has the same deduplication key", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/webhook/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"webhook_type":"LINK","webhook_code":"x","data":[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := (&Adapter{}).Parse(body)
		if err != nil {
			if !errors.Is(err, domain.Invalid) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		for _, id := range append(event.Scope.Removed, event.Name) {
			if id == "" || len(id) > domain.MaxEventID {
				t.Fatalf("an id of %d bytes", len(id))
			}
		}
		if max(len(event.ID), len(event.AccountRef)) > domain.MaxEventID ||
			event.DedupKey != "" && event.ID == "" {
			t.Fatalf("unbounded: %+v", event)
		}
	})
}
