package belvosim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

// receiver is an HTTP server that receives webhooks and records the requests.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	bodies  []string
	headers []http.Header
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	to := &receiver{}
	to.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		to.mu.Lock()
		defer to.mu.Unlock()
		to.bodies, to.headers = append(to.bodies, string(body)), append(to.headers, r.Header)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(to.Close)
	return to
}

var newRows = belvosim.Event{Name: "TRANSACTIONS/new_transactions_available", LinkID: belvosim.DemoLinkID}

func TestWebhookCarriesTheConfiguredHeader(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	for _, value := range []string{"Bearer abc", "Basic dTpw", ""} {
		to := newReceiver(t)
		status, err := sim.SendWebhook(
			t.Context(), belvosim.Target{URL: to.URL, Headers: map[string]string{"Authorization": value}}, newRows,
		)
		if err != nil || status != 202 {
			t.Fatalf("got %d, %v", status, err)
		}
		if got := to.headers[0]; got.Get("Authorization") != value || got.Get("Content-Type") != "application/json" {
			t.Errorf("sent %v", got)
		}
	}
}

func TestCopiesAreIdenticalAndEventsAreNot(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	to := newReceiver(t)
	receipts, err := sim.SendWebhooks(
		t.Context(), belvosim.Target{URL: to.URL, Copies: 2, Reorder: true}, newRows, newRows, newRows,
	)
	if err != nil || len(receipts) != 9 {
		t.Fatalf("%d receipts, %v", len(receipts), err)
	}
	counts := map[string]int{}
	order := []string{}
	for at, body := range to.bodies {
		if receipts[at].Body != body || receipts[at].Attempts != 1 {
			t.Errorf("receipt %d is %+v for %s", at, receipts[at], body)
		}
		counts[body]++
		order = append(order, body)
	}
	if len(counts) != 3 {
		t.Errorf("%d different bodies, want 3", len(counts))
	}
	if order[0] == order[1] && order[1] == order[2] && order[3] == order[4] && order[4] == order[5] {
		t.Error("nothing was reordered")
	}
}

func TestEventContainsTheCurrentData(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	for event, want := range map[string]map[string]any{
		"TRANSACTIONS/historical_update": {
			"total_transactions": 5.0, "total_inflow_transactions": 2.0, "total_outflow_transactions": 3.0,
			"first_transaction_date": "2026-11-16", "last_transaction_date": "2026-11-19",
		},
		"ACCOUNTS/historical_update":              {"total_accounts": 2.0},
		"TRANSACTIONS/new_transactions_available": {"new_transactions": 2.0},
		"TRANSACTIONS/transactions_deleted":       {"count": 2.0, "deleted_transactions": []any{"a", "b"}},
	} {
		body, err := sim.Payload(belvosim.Event{
			Name: event, LinkID: belvosim.DemoLinkID, TransactionIDs: []string{"a", "b"},
			WebhookID: "w", RequestID: "r",
		})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got["data"]); diff != "" {
			t.Errorf("%s: %s", event, diff)
		}
		if got["webhook_id"] != "w" || got["request_id"] != "r" || got["external_id"] != "customer-7731" {
			t.Errorf("%s: %s", event, body)
		}
	}
}

func TestUndeliverableEventIsAnError(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	up := newReceiver(t)
	for name, test := range map[string]struct {
		ctx   context.Context
		url   string
		event belvosim.Event
	}{
		"unknown event":        {t.Context(), up.URL, belvosim.Event{Name: "TRANSACTIONS/exploded"}},
		"no URL":               {t.Context(), "::", newRows},
		"unreachable receiver": {t.Context(), "http://127.0.0.1:1", newRows},
		"cancelled context":    {over, up.URL, newRows},
	} {
		if status, err := sim.SendWebhook(
			test.ctx, belvosim.Target{URL: test.url, Retries: 2, DelayMs: 1}, test.event,
		); err == nil || status != 0 {
			t.Errorf("%s: got %d, %v", name, status, err)
		}
	}
	if len(up.bodies) != 0 {
		t.Errorf("%d posts arrived", len(up.bodies))
	}
}

func TestRawBodyIsPostedUnchanged(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	to := newReceiver(t)
	if _, err := sim.SendWebhook(
		t.Context(), belvosim.Target{URL: to.URL}, belvosim.Event{Raw: []byte("<not json>")},
	); err != nil {
		t.Fatal(err)
	}
	if to.bodies[0] != "<not json>" {
		t.Errorf("got %s", to.bodies[0])
	}
}
