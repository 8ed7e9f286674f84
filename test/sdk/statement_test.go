package sdk_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

// hostileTexts are descriptions of transactions that a program can easily write or read incorrectly in a format of
// account statements.
var hostileTexts = []string{
	"=HYPERLINK(\"http://x.example\")",
	"+55 11 99999-0000",
	"-1+1",
	"@SUM(A1)",
	"a;=1+1",
	"\"quoted\", 'and' more",
	"line\nbreak\r\nand\ttab",
	"<Ntry>&amp;</Ntry> ]]>",
	"bell \a and escape \x1b",
	"\U0001F600 \u00e9\u0301 \u4e2d\u6587",
	"C:\\temp\\\\x",
	strings.Repeat("long \u00e7 ", 120),
	"'=1",
	"</OFX><STMTTRN>",
}

// The data that third-party packages read from the statement documents must be equal to the data that the API returns.
func TestStatementsAreReadByOtherPrograms(t *testing.T) {
	nodejs.Require(t)
	sim := pluggysim.New(pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }})
	sim.SeedAt(time.Now())
	for i, description := range hostileTexts {
		amount := json.Number("-1" + strings.Repeat("0", i%5) + ".5")
		row := pluggysim.Transaction{
			AccountID:   pluggysim.DemoBankAccountID,
			Description: description,
			Amount:      pluggysim.Number(amount),
			Type:        "DEBIT",
		}
		if i%3 == 0 {
			row.CurrencyCode, row.AmountInAccountCurrency = "USD", "-7.25"
		}
		if _, err := sim.AddTransaction(row); err != nil {
			t.Fatal(err)
		}
	}
	vendor := httptest.NewServer(sim.Handler())
	defer vendor.Close()
	app, err := compose.New(t.Context(), harness.Config(t, harness.SQLite(t)), compose.Overrides{PerMinute: -1})
	if err != nil {
		t.Fatal(err)
	}
	origin, _ := harness.Serve(t, app)
	c := &apiClient{t, origin + "/v1/discovery", harness.Token(t, uuid.NewString())}
	connection := c.send(http.MethodPost, "/aggregator-connections", map[string]any{
		"vendor": "pluggy", "configName": "main", "baseUrl": vendor.URL, "accountRef": pluggysim.DemoItemID,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	})
	path := "/aggregator-connections/" + connection["id"].(string)
	pull := c.send(http.MethodPost, path+"/pulls", map[string]any{})
	harness.Eventually(t, "the pull", func() bool {
		return c.send(http.MethodGet, "/pulls/"+pull["id"].(string), nil)["status"] == "succeeded"
	})
	nodejs.Test(t, "statement.test.mjs", "API="+c.origin, "TOKEN="+c.token, "CONNECTION="+path)
}

// apiClient sends requests with the token of an operator.
type apiClient struct {
	t             *testing.T
	origin, token string
}

// send sends a request and returns the object in the response.
func (c *apiClient) send(method, path string, body any) (response map[string]any) {
	c.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.origin+path, bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&response); err != nil || answer.StatusCode >= http.StatusBadRequest {
		c.t.Fatalf("%s %s: %d %v %v", method, path, answer.StatusCode, response, err)
	}
	return response
}
