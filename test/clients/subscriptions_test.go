package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// A subscription is restricted to an account when it is created and when it is changed. Another change keeps the
// account.
func TestASubscriptionIsRestrictedToAnAccount(t *testing.T) {
	var accounts []any // of the requests
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{}
		if r.Method != http.MethodGet {
			_ = json.NewDecoder(r.Body).Decode(&body)
			accounts = append(accounts, body["accountId"])
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = fmt.Fprint(w, `{"id":"x","name":"ledger","types":["transaction.*"],"accountId":"before",`+
			`"sink":{"kind":"webhook","url":"https://books.example.com/events"},"state":"active"}`)
	}))
	defer service.Close()
	e := &env{origin: service.URL, token: harness.Token(t, "0196f5d4-6f0e-7000-8000-000000000001")}
	e.must(t, "", "subscriptions", "create", "--name", "ledger", "--types", "bill.*", "--kind", "webhook", "--url",
		"https://books.example.com/events", "--account", "created")
	for _, args := range [][]string{{"--account", "changed"}, {"--account", "-"}, {"--name", "other"}} {
		e.must(t, "", append([]string{"subscriptions", "update", "x"}, args...)...)
	}
	if want := []any{"created", "changed", nil, "before"}; !slices.Equal(accounts, want) {
		t.Errorf("the requests have the accounts %v, want %v", accounts, want)
	}
}

// The settings of a sink can be given as a JSON object, so that a kind without flags of its own can be used. Flags take
// precedence over the file.
func TestTheSettingsOfASinkAreReadFromAFile(t *testing.T) {
	var sinks []any // of the requests
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{}
		if r.Method != http.MethodGet {
			_ = json.NewDecoder(r.Body).Decode(&body)
			sinks = append(sinks, body["sink"])
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = fmt.Fprint(w, `{"id":"x","name":"queue","types":["transaction.*"],"sink":{"kind":"queue","url":"a",`+
			`"depth":1},"state":"active"}`)
	}))
	defer service.Close()
	e := &env{origin: service.URL, token: harness.Token(t, "0196f5d4-6f0e-7000-8000-000000000001")}
	create := []string{"subscriptions", "create", "--name", "queue", "--types", "transaction.*", "--kind", "queue"}
	e.must(t, `{"url":"a","depth":12345678,"sasl":{"username":"u","password":"p"}}`,
		append(create, "--url", "b", "--sasl-username", "v", "--sink-file", "-")...)
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"depth":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	e.must(t, "", "subscriptions", "update", "x", "--sink-file", file)
	want := []any{
		map[string]any{
			"kind": "queue", "url": "b", "depth": 12345678.0, "sasl": map[string]any{"username": "v", "password": "p"},
		},
		map[string]any{"kind": "queue", "url": "a", "depth": 2.0},
	}
	if diff := cmp.Diff(want, sinks); diff != "" {
		t.Errorf("the sinks of the requests (-want +got):\n%s", diff)
	}
}

// The service knows the kinds of sinks and their settings. Its refusal names the flaw and shows no value.
func TestARefusedSinkIsNamedWithoutItsSecrets(t *testing.T) {
	e := open(t)
	create := []string{
		"subscriptions", "create", "--name", "queue", "--types", "transaction.*", "--sink-file", "-", "--kind",
	}
	for name, test := range map[string]struct{ kind, file, want string }{
		"an unknown kind":   {"pigeon", `{"url":"https://canary.example.com"}`, "body.sink.kind"},
		"no URL":            {"webhook", `{"headers":{"X-Key":"canary"}}`, "body.sink.url"},
		"no brokers":        {"kafka", `{"sasl":{"password":"canary"}}`, "body.sink.brokers"},
		"an unknown member": {"webhook", `{"url":"https://b.example.com","key":"canary"}`, "body.sink.key"},
		"a list":            {"webhook", `["canary"]`, "standard input must contain a JSON object"},
		"two objects":       {"webhook", `{"url":"canary"} {}`, "must contain a JSON object"},
		"no JSON":           {"webhook", `canary`, "must contain a JSON object"},
	} {
		_, fault, code := e.discovery(t, test.file, append(create, test.kind)...)
		if code != 2 || !strings.Contains(fault, test.want) || strings.Contains(fault, "canary") {
			t.Errorf("%s: exit code %d, %q, want 2 and %q", name, code, fault, test.want)
		}
	}
}
