package pluggysim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

func TestControlSurface(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	item, row10 := "/_control/items/"+pluggysim.DemoItemID, "/_control/transactions/"+row("10")
	for _, c := range []struct {
		method, target, body string
		status               int
	}{
		{
			"POST", "/_control/transactions",
			`{"id":"` + row("77") + `","accountId":"` + pluggysim.DemoBankAccountID +
				`","amount":-12.30,"date":"2026-11-20"}`,
			200,
		},
		{"POST", "/_control/transactions", `{"accountId":"none"}`, 404},
		{"POST", "/_control/transactions", `{"accountId":"` + pluggysim.DemoBankAccountID + `","amount":"-1"}`, 400},
		{"POST", "/_control/transactions", `{"sum":1}`, 400},
		{"PATCH", "/_control/transactions/" + row("77"), `{"description":"NOVA","amount":-12.40}`, 200},
		{"PATCH", "/_control/transactions/" + row("77"), `{"date":"soon"}`, 400},
		{"PATCH", "/_control/transactions/none", `{}`, 404},
		{"POST", row10 + "/churn", ``, 200},
		{"POST", row10 + "/churn", ``, 404},
		{"DELETE", "/_control/transactions/" + row("12"), ``, 200},
		{"DELETE", "/_control/transactions/" + row("12"), ``, 404},
		{"POST", "/_control/accounts/" + pluggysim.DemoCardAccountID + "/generate", `{"count":10}`, 200},
		{"POST", "/_control/accounts/" + pluggysim.DemoCardAccountID + "/generate", `{"count":0}`, 400},
		{"POST", "/_control/accounts/" + pluggysim.DemoCardAccountID + "/listed", `{"listed":false}`, 200},
		{"POST", "/_control/accounts/x/listed", `{"listed":false}`, 404},
		{"POST", "/_control/items", `{"id":"` + row("78") + `"}`, 200},
		{"POST", "/_control/items", `{"bank":1}`, 400},
		{"POST", "/_control/accounts", `{"id":"` + row("79") + `","itemId":"` + row("78") + `"}`, 200},
		{"POST", "/_control/accounts", `{"itemId":"none"}`, 404},
		{"POST", item + "/status", `{"status":"OUTDATED"}`, 200},
		{"POST", "/_control/items/none/status", `{"status":"OUTDATED"}`, 404},
		{"POST", "/_control/faults", `[{"path":"/items/*","kind":"status","status":503,"times":2}]`, 200},
		{"POST", "/_control/faults", `[{"kind":"meteor"}]`, 400},
		{
			"POST", "/_control/webhooks",
			`{"target":{"url":"` + in.URL + `"},"itemId":"` + pluggysim.DemoItemID + `"}`, 200,
		},
		{"POST", "/_control/webhooks", `{"target":{"url":"` + in.URL + `"},"events":[{"event":"item/eaten"}]}`, 400},
		{"POST", "/_control/keys/expire", ``, 200},
		{"GET", "/_control/stats", ``, 200},
	} {
		if got := e.send(c.method, c.target, c.body); got.status != c.status {
			t.Errorf("%s %s %s: %d, want %d: %s", c.method, c.target, c.body, got.status, c.status, got.body)
		}
	}
	// One "created" webhook is sent for each account. The removal of a row is not announced if the
	// row itself was never announced.
	if n := len(in.bodies); n != 2 {
		t.Errorf("%d webhooks", n)
	}
	want := map[string]any{
		"clients": []any{pluggysim.DemoClientID}, "webhooks": 0.0,
		"faults": []any{map[string]any{
			"path": "/items/*", "kind": "status", "times": 2.0, "status": 503.0,
		}},
		"items": []any{
			map[string]any{
				"id": pluggysim.DemoItemID, "clientId": pluggysim.DemoClientID, "status": "OUTDATED",
				"accounts": []any{
					map[string]any{"id": pluggysim.DemoBankAccountID, "type": "BANK", "transactions": 6.0},
					map[string]any{"id": pluggysim.DemoCardAccountID, "type": "CREDIT", "transactions": 12.0},
				},
			},
			map[string]any{
				"id": row("78"), "clientId": "", "status": "UPDATED",
				"accounts": []any{map[string]any{"id": row("79"), "type": "BANK", "transactions": 0.0}},
			},
		},
	}
	var state map[string]any
	e.get("/_control/state").decode(&state)
	if diff := cmp.Diff(want, state); diff != "" {
		t.Error(diff)
	}
	if got := e.get("/items/" + pluggysim.DemoItemID).status; got != 503 {
		t.Errorf("fault set by control: %d", got)
	}
	e.send("DELETE", "/_control/faults", "")
	if got := e.get("/items/" + pluggysim.DemoItemID).status; got != 403 {
		t.Errorf("key expired by control: %d", got)
	}
}

func TestTheVendorAPIHasNoControlSurface(t *testing.T) {
	s := pluggysim.New(pluggysim.Options{Seed: 1})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/_control/keys/expire", nil))
	if w.Code != 404 {
		t.Errorf("the vendor's handler serves the control surface: %d", w.Code)
	}
}

func TestConcurrentUse(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 2})
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 25 {
				made, err := e.AddTransaction(pluggysim.Transaction{AccountID: pluggysim.DemoBankAccountID})
				if err != nil {
					t.Error(err)
				}
				_, _ = e.UpdateTransaction(made.ID, func(t *pluggysim.Transaction) { t.Description = "X" })
				_, _ = e.Churn(made.ID)
				_ = e.SetItemStatus(pluggysim.DemoItemID, "UPDATED", "")
				e.Stats()
				e.Pending(pluggysim.DemoItemID)
			}
		})
		users.Go(func() {
			get := caller(t, e.Simulator)
			for range 25 {
				for _, target := range []string{
					"/v2/transactions" + bank, "/items/" + pluggysim.DemoItemID,
					"/accounts?itemId=" + pluggysim.DemoItemID,
				} {
					if w := get(target); w.Code != 200 || !json.Valid(w.Body.Bytes()) {
						t.Errorf("%s: %d", target, w.Code)
					}
				}
			}
		})
	}
	users.Wait()
	if got := len(e.readAll(bank, nil)); got != 105 {
		t.Errorf("%d rows, want 105", got)
	}
}

func TestNumbersAndTimesRefuseOtherTypes(t *testing.T) {
	for _, raw := range []string{
		`{"amount":"1"}`, `{"amount":true}`, `{"amount":{}}`, `{"date":"soon"}`, `{"date":7}`,
	} {
		var v pluggysim.Transaction
		if err := json.Unmarshal([]byte(raw), &v); err == nil {
			t.Errorf("%s was decoded as %v %v", raw, v.Amount, v.Date)
		}
	}
	var v pluggysim.Transaction
	err := json.Unmarshal([]byte(`{"amount":null,"date":null,"balance":1.50}`), &v)
	if err != nil || v.Balance != "1.50" {
		t.Errorf("%+v %v", v, err)
	}
}

// An account can be read while it is changed. The race detector reports a read without the lock.
func TestAnAccountIsReadWhileItChanges(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	var changes sync.WaitGroup
	changes.Go(func() {
		for range 100 {
			err := e.UpdateAccount(pluggysim.DemoBankAccountID, func(a *pluggysim.Account) { a.Name += "x" })
			if err != nil {
				t.Error(err)
			}
		}
	})
	for range 100 {
		if got := e.get("/accounts/" + pluggysim.DemoBankAccountID); got.status != 200 {
			t.Fatalf("%d: %s", got.status, got.body)
		}
	}
	changes.Wait()
}
