// The flood_*_test.go files contain a benchmark that measures how much one tenant's flood of requests
// slows down another tenant's requests. It is run by hand:
//
//	go test ./test/bench -run '^$' -bench Flood -benchtime 1x -v

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	shared = "Bearer the-shared-value"
	prefix = "/v1/discovery"
)

// limit is the default of RATE_LIMIT_PER_MINUTE. The flood of webhooks is measured with the same limit.
const limit = 6000

// serve starts the service with these limits and returns its origin.
func serve(b *testing.B, dsn string) (origin string) {
	b.Helper()
	cfg := harness.Config(b, dsn)
	cfg.Log.Level = zapcore.InfoLevel // log lines are part of the measured cost of a request
	cfg.ServerMaxConnections, cfg.PullWorkers = 4096, 32
	cfg.RatePerMinute, cfg.WebhookRatePerMinute = limit, limit
	cfg.Sources["pluggy"] = domain.SourcePolicy{Authorization: domain.SecretText(shared)}
	app, err := compose.New(b.Context(), cfg, compose.Overrides{LogTo: io.Discard})
	must(b, err)
	origin, _ = harness.Serve(b, app)
	return origin
}

// tenant sends requests on behalf of one tenant, which has one connection to its own simulated vendor.
type tenant struct {
	origin, bearer, hook string
	http                 *http.Client
}

func newTenant(b *testing.B, origin string) tenant {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: inFlight, MaxConnsPerHost: inFlight}
	b.Cleanup(transport.CloseIdleConnections)
	t := tenant{
		origin: origin,
		bearer: "Bearer " + harness.Token(b, uuid.NewString()),
		http:   &http.Client{Transport: transport},
	}
	t.connect(b)
	return t
}

func (w *tenant) connect(b *testing.B) {
	b.Helper()
	sim := pluggysim.New(pluggysim.Options{})
	sim.SeedAt(time.Now())
	bank := httptest.NewServer(sim)
	b.Cleanup(bank.Close)
	w.post(b, "/aggregator-connections", map[string]string{
		"vendor": "pluggy", "configName": "main", "baseUrl": bank.URL, "accountRef": pluggysim.DemoItemID,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	})
	minted := w.post(b, "/webhooks/tokens", map[string]string{"vendor": "pluggy", "connection_config_name": "main"})
	raw, _ := minted["token"].(string)
	w.hook = w.origin + prefix + "/webhooks/pluggy/" + raw
}

// post creates a resource and returns the body of the response.
func (w *tenant) post(b *testing.B, path string, body map[string]string) (made map[string]any) {
	b.Helper()
	raw, err := json.Marshal(body)
	must(b, err)
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, w.origin+prefix+path, bytes.NewReader(raw))
	must(b, err)
	request.Header.Set("Authorization", w.bearer)
	request.Header.Set("Content-Type", "application/json")
	response, err := w.http.Do(request)
	must(b, err)
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusCreated {
		b.Fatalf("POST %s answered %d", path, response.StatusCode)
	}
	must(b, json.NewDecoder(response.Body).Decode(&made))
	return made
}

// list requests the tenant's list of connections. It returns the status of the response, or 0 if there is no response.
func (w *tenant) list() int {
	return w.send(http.MethodGet, w.origin+prefix+"/aggregator-connections", w.bearer, "")
}

// sendWebhook sends a webhook with a new event, so that the service does not treat it as a duplicate. It returns the
// status of the response, or 0 if there is no response.
func (w *tenant) sendWebhook() int {
	return w.send(http.MethodPost, w.hook, shared,
		fmt.Sprintf(`{"event":"item/updated","eventId":%q,"itemId":%q}`, uuid.NewString(), pluggysim.DemoItemID))
}

// send sends a request and returns the status of the response, or 0 if there is no response.
func (w *tenant) send(method, url, authorization, body string) int {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", authorization)
	response, err := w.http.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
