package belvosim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

func TestControlCoversTheLifeOfALink(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	type named struct{ ID string }
	link := call[named](c, "POST", "/_control/links", `{"institution":"erebor_mx_retail"}`, 200)
	account := call[named](
		c, "POST", "/_control/accounts",
		`{"link":"`+link.ID+`","currency":"MXN","balance":{"current":1.50,"available":null}}`, 200,
	)
	row := call[named](c, "POST", "/_control/transactions",
		`{"link":"`+link.ID+`","account":"`+account.ID+`","amount":12.50,"type":"OUTFLOW",`+
			`"value_date":"2026-11-19"}`, 200)
	url := "/api/transactions/" + row.ID + "/"
	if got, err := c.send("GET", url, ""); err != nil || !strings.Contains(string(got.body), `"amount":12.50`) {
		t.Fatalf("the amount lost its digits: %s, %v", got.body, err)
	}
	call[named](c, "PATCH", "/_control/transactions/"+row.ID, `{"amount":"13.00","status":"PENDING"}`, 200)
	if got := get[map[string]any](c, url, 200); got["amount"] != "13.00" || got["type"] != "OUTFLOW" {
		t.Errorf("patched: %v", got)
	}
	again := call[named](c, "POST", "/_control/transactions/"+row.ID+"/churn", "", 200)
	get[errorList](c, url, 404)
	call[map[string]bool](c, "DELETE", "/_control/transactions/"+again.ID, "", 200)
	call[map[string]bool](c, "POST", "/_control/accounts/"+account.ID+"/generate", `{"count":250}`, 200)
	if got := get[list](c, "/api/transactions/?link="+link.ID, 200); got.Count != 250 {
		t.Errorf("%d rows, want 250", got.Count)
	}
	purged := call[map[string]int](
		c, "POST", "/_control/links/"+link.ID+"/purge", `{"before":"2030-01-01T00:00:00Z"}`, 200,
	)
	if purged["purged"] != 250 {
		t.Errorf("purged %v", purged)
	}
	call[map[string]bool](c, "POST", "/_control/links/"+link.ID+"/status", `{"status":"invalid"}`, 200)
	if got := get[belvosim.Link](c, "/api/links/"+link.ID+"/", 200); got.Status != belvosim.LinkInvalid {
		t.Errorf("status %s", got.Status)
	}
	call[map[string]bool](c, "DELETE", "/_control/links/"+link.ID, "", 200)
	get[errorList](c, "/api/links/"+link.ID+"/", 404)
}

func TestControlInjectsFaultsAndSendsWebhooks(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	call[map[string]bool](
		c, "POST", "/_control/faults",
		`[{"path":"/api/links/","kind":"status","status":429,"retryAfter":"2","times":-1}]`, 200,
	)
	get[map[string]string](c, "/api/", 200)
	get[errorList](c, "/api/links/", 429)
	call[map[string]bool](c, "DELETE", "/_control/faults", "", 200)
	get[list](c, "/api/links/", 200)

	to := newReceiver(t)
	sent := call[struct{ Receipts []belvosim.DeliveryResult }](c, "POST", "/_control/webhooks",
		`{"target":{"url":"`+to.URL+`","headers":{"Authorization":"Bearer x"}},`+
			`"events":[{"event":"LINK/token_required","linkId":"l"}]}`, 200)
	if len(sent.Receipts) != 1 || sent.Receipts[0].Status != 202 || to.headers[0].Get("Authorization") != "Bearer x" {
		t.Errorf("receipts %+v", sent)
	}
	stats := get[belvosim.Stats](c, "/_control/stats", 200)
	if stats.Throttled != 1 || stats.Webhooks != 1 || stats.Requests != 3 {
		t.Errorf("stats %+v", stats)
	}
}

func TestControlStateHidesThePassword(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	got, err := c.send(http.MethodGet, "/_control/state", "")
	if err != nil || !strings.Contains(string(got.body), belvosim.DemoLinkID) ||
		strings.Contains(string(got.body), belvosim.DemoSecretPassword) {
		t.Errorf("got %s, %v", got.body, err)
	}
}

func TestControlRejectsInvalidRequests(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/_control/links", `{"id":"` + belvosim.DemoLinkID + `"}`, 400},
		{"POST", "/_control/links", `{"unheard":1}`, 400},
		{"POST", "/_control/links/x/status", `{"status":"valid"}`, 404},
		{"POST", "/_control/links/x/purge", `{"before":"soon"}`, 400},
		{"POST", "/_control/links/x/purge", `{}`, 404},
		{"DELETE", "/_control/links/x", ``, 404},
		{"POST", "/_control/accounts", `[]`, 400},
		{"POST", "/_control/accounts", `{"link":"x"}`, 404},
		{"POST", "/_control/accounts/x/generate", `{"count":1}`, 404},
		{"POST", "/_control/accounts/x/listed", `{"listed":false}`, 404},
		{"POST", "/_control/accounts/x/generate", `{"count":0}`, 400},
		{"POST", "/_control/accounts/x/generate", ``, 400},
		{"POST", "/_control/transactions", `{"amount":}`, 400},
		{"POST", "/_control/transactions", `{"link":"x"}`, 404},
		{"PATCH", "/_control/transactions/x", `{}`, 404},
		{"PATCH", "/_control/transactions/" + demoRow, `{"type":7}`, 400},
		{"PATCH", "/_control/transactions/" + demoRow, `{`, 400},
		{"DELETE", "/_control/transactions/x", ``, 404},
		{"POST", "/_control/transactions/x/churn", ``, 404},
		{"POST", "/_control/faults", `[{"kind":"earthquake"}]`, 400},
		{"POST", "/_control/faults", `{}`, 400},
		{"POST", "/_control/webhooks", `{"events":[{"event":"x"}]}`, 400},
		{"POST", "/_control/webhooks", `7`, 400},
	} {
		got, err := c.send(test.method, test.path, test.body)
		if err != nil || got.status != test.status {
			t.Errorf("%s %s %s: %d, %v; want %d", test.method, test.path, test.body, got.status, err, test.status)
		}
		var problem struct{ Error string }
		if err := json.Unmarshal(got.body, &problem); err != nil || problem.Error == "" {
			t.Errorf("%s %s: no reason in %s", test.method, test.path, got.body)
		}
	}
}
