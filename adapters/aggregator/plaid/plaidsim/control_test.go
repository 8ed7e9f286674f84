package plaidsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
)

func TestControlChangesTheDemoData(t *testing.T) {
	sim := plaidsim.New(plaidsim.Options{Seed: 1})
	if err := sim.Seed(); err != nil {
		t.Fatal(err)
	}
	var proof string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proof = r.Header.Get(plaidsim.ProofHeader)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receiver.Close)
	call := func(method, path string, body any, want int) map[string]any {
		t.Helper()
		text, _ := json.Marshal(body)
		w := httptest.NewRecorder()
		sim.Handler().ServeHTTP(w, httptest.NewRequest(method, path, bytes.NewReader(text)))
		var got map[string]any
		answer, _ := io.ReadAll(w.Body)
		if err := json.Unmarshal(answer, &got); err != nil || w.Code != want {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, answer)
		}
		return got
	}
	const item = "/_control/items/" + plaidsim.DemoItemID
	rows := func() int {
		all, _ := call("GET", item+"/transactions", nil, 200)["transactions"].([]any)
		return len(all)
	}
	before := rows()
	row := call("POST", item+"/transactions", map[string]any{
		"account_id": plaidsim.DemoBankAccountID, "amount": 1.5, "iso_currency_code": "USD", "date": "2026-11-01",
	}, 200)
	if rows() != before+1 {
		t.Errorf("%d rows", rows())
	}
	call("DELETE", item+"/transactions/"+row["transaction_id"].(string), nil, 200)
	call("DELETE", item+"/transactions/unknown", nil, 404)
	if rows() != before {
		t.Errorf("%d rows", rows())
	}
	sent := call("POST", "/_control/webhooks", map[string]any{
		"target": map[string]any{"url": receiver.URL}, "itemId": plaidsim.DemoItemID, "type": "TRANSACTIONS",
		"code": "SYNC_UPDATES_AVAILABLE",
	}, 200)
	receipts, _ := sent["receipts"].([]any)
	if len(receipts) != 1 || receipts[0].(map[string]any)["status"] != 204.0 || proof == "" {
		t.Errorf("%v, proof %q", sent, proof)
	}
	keys := map[string]any{
		"client_id": plaidsim.DemoClientID, "secret": plaidsim.DemoSecret, "access_token": plaidsim.DemoAccessToken,
	}
	call("POST", item+"/not-ready", map[string]int{"times": 2}, 200)
	for _, want := range []string{plaidsim.HistoryNotReady, plaidsim.HistoryNotReady, plaidsim.HistoryComplete} {
		if page := call("POST", "/transactions/sync", keys, 200); page["transactions_update_status"] != want {
			t.Errorf("status %v, want %v", page["transactions_update_status"], want)
		}
	}
	call("POST", item+"/rate-limit", map[string]int{"times": 2}, 200)
	if e := call("POST", "/accounts/get", keys, 429); e["error_code"] != "ACCOUNTS_LIMIT" {
		t.Errorf("%v", e)
	}
	if e := call("POST", "/transactions/sync", keys, 429); e["error_code"] != "TRANSACTIONS_SYNC_LIMIT" {
		t.Errorf("%v", e)
	}
	call("POST", "/accounts/get", keys, 200)
	if e := call("POST", item+"/enrich", map[string]string{"category": "TRAVEL"}, 200); e["rows"] != float64(before) {
		t.Errorf("%v", e)
	}
	call("POST", item+"/error", map[string]string{"code": "ITEM_LOGIN_REQUIRED"}, 200)
	call("POST", "/accounts/get", map[string]string{
		"client_id": plaidsim.DemoClientID, "secret": plaidsim.DemoSecret, "access_token": plaidsim.DemoAccessToken,
	}, 400)
}
