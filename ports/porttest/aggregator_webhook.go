package porttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// testWebhooks checks that Parse accepts every webhook body in env.Webhooks. It also checks that Parse returns the
// error Invalid for bodies that no vendor sends.
func testWebhooks(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	for name, body := range suite.Webhooks {
		t.Run(name, func(t *testing.T) {
			testBody(t, env, body)
			testCorruptedBody(t, env, body)
		})
	}
	for _, body := range garbage() {
		if _, err := env.Adapter.Parse(body); !errors.Is(err, domain.Invalid) {
			t.Errorf("Parse(%.40q): %v, want Invalid", body, err)
		}
	}
}

// testBody checks that Parse returns the same event when it is called twice, that the event contains
// no URL, and that Parse does not change the body.
func testBody(t *testing.T, env VendorEnv, body []byte) {
	t.Helper()
	before := bytes.Clone(body)
	event, err := env.Adapter.Parse(body)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	again, _ := env.Adapter.Parse(body)
	if diff := cmp.Diff(event, again); diff != "" {
		t.Errorf("Parse is not pure: %s", diff)
	}
	if !bytes.Equal(before, body) {
		t.Error("Parse changed the body")
	}
	checkEvent(t, event)
	if event.Name == "" {
		t.Error("an event without a name")
	}
	if strings.Contains(fmt.Sprint(event), "http") {
		t.Error("an event that contains a URL")
	}
	if !event.WantsPull && !cmp.Equal(event.Scope, domain.PullScope{}) {
		t.Error("an event that wants no pull has a scope")
	}
}

// checkEvent checks that every text of the event has a bounded length, because these texts are stored and
// indexed.
func checkEvent(t *testing.T, e domain.WebhookEvent) {
	t.Helper()
	for _, text := range []string{e.Name, e.ID, e.AccountRef} {
		if len(text) > domain.MaxEventID {
			t.Errorf("a name or id of %d bytes", len(text))
		}
	}
	for _, id := range e.Scope.Removed {
		if id == "" || len(id) > domain.MaxEventID {
			t.Errorf("an id of %d bytes", len(id))
		}
	}
}

// testCorruptedBody checks that Parse never panics on a corrupted body. A body that is truncated after any byte must be
// Invalid. If a member is replaced by one of the values of oddValues, Parse must return an event or the error Invalid.
func testCorruptedBody(t *testing.T, env VendorEnv, body []byte) {
	t.Helper()
	trimmed := bytes.TrimSpace(body)
	for end := range trimmed {
		if _, err := env.Adapter.Parse(trimmed[:end]); !errors.Is(err, domain.Invalid) {
			t.Fatalf("the first %d bytes of a body: %v, want Invalid", end, err)
		}
	}
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return
	}
	odds := oddValues()
	for name, was := range members {
		for _, odd := range odds {
			members[name] = odd
			spoiled, _ := json.Marshal(members)
			event, err := env.Adapter.Parse(spoiled)
			if err != nil && !errors.Is(err, domain.Invalid) {
				t.Errorf("%s as %.40q: %v, want Invalid or none", name, odd, err)
			}
			checkEvent(t, event)
		}
		members[name] = was
	}
}

// oddValues returns values that a hostile sender could put into a member of the body: values of every JSON
// type, texts that are invalid in stores, headers or lists, and more ids than a pull may request.
func oddValues() []any {
	ids := make([]string, 11_000)
	for i := range ids {
		ids[i] = fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", i)
	}
	return []any{
		nil, true, -1, 1e300, "", "x", "\x00", "\u202e", strings.Repeat("x", 1<<16), []any{}, []any{nil},
		[]any{1, "a", map[string]any{}},
		map[string]any{}, map[string]any{"errors": []any{nil}}, ids, append(ids[:3:3], ids[:3]...),
		"9999-99-99T99:99:99Z", "0000-01-01", "http://127.0.0.1/", "../../x", "a,b",
	}
}

// garbage returns bodies that no vendor sends as a webhook and that Parse must reject.
func garbage() [][]byte {
	nest := strings.Repeat("[", 200_000)
	return [][]byte{
		nil, []byte(" "), []byte("null"), []byte("true"), []byte("1"), []byte(`"event"`), []byte("[]"),
		[]byte("[{}]"), []byte("{}"),
		[]byte("{"), []byte("}"), []byte("\xff\xfe{\x00}\x00"), []byte("<xml/>"), []byte(`{"a":1}{"b":2}`),
		[]byte(nest),
		[]byte(`{"x":` + nest), []byte(strings.Repeat(`{"x":`, 100_000)), []byte(`{"hello":"world"}`),
	}
}
