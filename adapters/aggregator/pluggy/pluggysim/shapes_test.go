package pluggysim_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// shape replaces each value inside a JSON value by its type and keeps the names of the members. In a list,
// consecutive elements with equal shapes are reduced to one.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			out[name] = shape(value)
		}
		return out
	case []any:
		out := []any{}
		for _, element := range v {
			if s := shape(element); len(out) == 0 || !cmp.Equal(out[len(out)-1], s) {
				out = append(out, s)
			}
		}
		return out
	case string:
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", v); err == nil {
			return "instant"
		}
		return "text"
	case float64:
		return "number"
	case bool:
		return "bool"
	default:
		return "null"
	}
}

func shapeOf(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %.200s", err, raw)
	}
	return shape(v)
}

// golden checks that a body has the same shape as the vendor's example in the file testdata/<name>.json.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	want, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shapeOf(t, want), shapeOf(t, body)); diff != "" {
		t.Errorf("%s (-vendor +simulator):\n%s", name, diff)
	}
}

func TestResponsesHaveTheVendorsShapes(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 2})
	e.AddClient(pluggysim.Client{ID: "off", Secret: "s", Disabled: true})
	tooMany := strings.Repeat("x,", 500) + "x"
	const none = "00000000-0000-4000-8000-00000000ffff"
	second := func() string {
		var page transactionPage
		e.get("/v2/transactions" + card).decode(&page)
		return "/v2/transactions" + *page.Next
	}()
	for _, c := range []struct {
		golden, method, target, body string
		status                       int
	}{
		{
			"auth", "POST", "/auth",
			`{"clientId":"` + pluggysim.DemoClientID + `","clientSecret":"` + pluggysim.DemoClientSecret + `"}`, 200,
		},
		{"error_auth", "POST", "/auth", `{"clientId":"x","clientSecret":"y"}`, 401},
		{"error_auth_disabled", "POST", "/auth", `{"clientId":"off","clientSecret":"s"}`, 401},
		{"item", "GET", "/items/" + pluggysim.DemoItemID, "", 200},
		{"error_item", "GET", "/items/" + none, "", 404},
		{"accounts", "GET", "/accounts?itemId=" + pluggysim.DemoItemID, "", 200},
		{"error_item", "GET", "/accounts?itemId=" + none, "", 404},
		{"error_account", "GET", "/accounts/" + none, "", 404},
		{"transactions_page", "GET", "/v2/transactions" + card, "", 200},
		{"transactions_last", "GET", second, "", 200},
		{"transaction_pix", "GET", "/transactions/" + row("01"), "", 200},
		{"error_transaction", "GET", "/transactions/" + none, "", 404},
		{"error_account", "GET", "/v2/transactions?accountId=" + none, "", 404},
		{"error_account_id", "GET", "/v2/transactions", "", 400},
		{
			"error_account_id", "GET",
			"/v2/transactions" + card + "&dateFrom=2026-01-01&createdAtFrom=2026-01-01", "", 400,
		},
		{"error_account_id", "GET", "/v2/transactions" + card + "&dateTo=yesterday", "", 400},
		{"error_cursor", "GET", "/v2/transactions" + card + "&after=x", "", 400},
		{"error_cursor", "GET", "/v2/transactions" + card + "&after=eA==", "", 400},
		{"error_ids", "GET", "/v2/transactions" + card + "&ids=" + tooMany, "", 400},
		{"error_account_id", "GET", "/transactions" + card, "", 410},
		{"error_account_id", "GET", "/nowhere", "", 404},
	} {
		t.Run(c.golden+" "+c.target[:min(40, len(c.target))], func(t *testing.T) {
			got := e.send(c.method, c.target, c.body)
			if got.status != c.status {
				t.Errorf("status %d, want %d: %s", got.status, c.status, got.body)
			}
			golden(t, c.golden, got.body)
		})
	}
}

func TestErrorsHaveTheVendorsCodesAndMessages(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	var got struct {
		Code            int
		CodeDescription string
		Message         string
	}
	e.get("/v2/transactions" + card + "&after=x").decode(&got)
	if got.Code != 400 || got.Message != "Invalid cursor" {
		t.Errorf("bad cursor: %+v", got)
	}
	e.get("/items/x").decode(&got)
	if got.Code != 404 || got.CodeDescription != "ITEM_NOT_FOUND" {
		t.Errorf("item: %+v", got)
	}
}

func TestRequestsToTheDeprecatedListAreCounted(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	e.get("/transactions" + card)
	e.get("/transactions/" + row("01"))
	if n := e.Stats().Deprecated; n != 1 {
		t.Errorf("deprecated calls: %d, want 1", n)
	}
}

func TestAmountsKeepTheirDigits(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	added := pluggysim.Transaction{
		ID: row("99"), AccountID: pluggysim.DemoBankAccountID, Amount: "-1234567890123456.70",
	}
	if _, err := e.AddTransaction(added); err != nil {
		t.Fatal(err)
	}
	got := string(e.get("/transactions/" + row("99")).body)
	if !strings.Contains(got, `"amount":-1234567890123456.70,`) {
		t.Errorf("digits changed in %s", got)
	}
}

func TestLoginErrorShape(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	if err := e.SetItemStatus(pluggysim.DemoItemID, "LOGIN_ERROR", ""); err != nil {
		t.Fatal(err)
	}
	golden(t, "item_login_error", e.get("/items/"+pluggysim.DemoItemID).body)
	if err := e.SetItemStatus(pluggysim.DemoItemID, "UPDATED", ""); err != nil {
		t.Fatal(err)
	}
	var item struct {
		Error *struct{}
		Fails int `json:"consecutiveFailedLoginAttempts"`
	}
	e.get("/items/" + pluggysim.DemoItemID).decode(&item)
	if item.Error != nil || item.Fails != 0 {
		t.Errorf("an error remains after a successful login: %+v", item)
	}
}

func TestPartialSuccessShape(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	if err := e.SetItemStatus(pluggysim.DemoItemID, "UPDATED", "PARTIAL_SUCCESS"); err != nil {
		t.Fatal(err)
	}
	golden(t, "item_partial_success", e.get("/items/"+pluggysim.DemoItemID).body)
}

func TestRemoveItemRemovesItsAccountsAndRows(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	if err := e.RemoveItem(pluggysim.DemoItemID); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"/items/" + pluggysim.DemoItemID, "/accounts/" + pluggysim.DemoBankAccountID, "/transactions/" + row("01"),
	} {
		if got := e.get(target).status; got != 404 {
			t.Errorf("%s: %d", target, got)
		}
	}
	if err := e.RemoveItem(pluggysim.DemoItemID); !errors.Is(err, pluggysim.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestWebhookRegistration(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	made := e.send("POST", "/webhooks",
		`{"event":"all","url":"https://hooks.example.com/p","headers":{"Authorization":"x"}}`)
	if made.status != 200 {
		t.Errorf("status %d, the SDK accepts only 200", made.status)
	}
	golden(t, "webhook", made.body)
	golden(t, "webhooks", e.get("/webhooks").body)
	var h struct{ ID string }
	made.decode(&h)
	golden(t, "webhook", e.get("/webhooks/"+h.ID).body)
	if got := e.Webhooks()[0].Headers["Authorization"]; got != "x" {
		t.Errorf("header %q", got)
	}
	golden(t, "webhook_deleted", e.send("DELETE", "/webhooks/"+h.ID, "").body)
	if got := e.get("/webhooks/" + h.ID).status; got != 404 {
		t.Errorf("status %d after the deletion", got)
	}
}

func TestWebhookRegistrationRules(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	for name, body := range map[string]string{
		"no https":      `{"event":"all","url":"http://hooks.example.com"}`,
		"an address":    `{"event":"all","url":"https://192.0.2.1/x"}`,
		"localhost":     `{"event":"all","url":"https://localhost/x"}`,
		"unknown event": `{"event":"item/eaten","url":"https://hooks.example.com"}`,
		"no JSON":       `event=all`,
	} {
		if got := e.send("POST", "/webhooks", body).status; got != 400 {
			t.Errorf("%s: %d", name, got)
		}
	}
	for i := range 6 {
		want := 200
		if i == 5 {
			want = 400
		}
		if got := e.send("POST", "/webhooks", `{"event":"all","url":"https://hooks.example.com"}`).status; got != want {
			t.Errorf("registration %d: %d, want %d", i+1, got, want)
		}
	}
}
