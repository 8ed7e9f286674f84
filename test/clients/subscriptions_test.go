package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

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
