package compose_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waitTimeout bounds each wait for an expected event.
const waitTimeout = time.Minute

const sharedAuthorization = "Bearer canary-shared-value"

// settings returns the settings of a development machine, with SQLite in a temporary directory.
func settings(t *testing.T) configs.Config {
	t.Helper()
	cfg := harness.Config(t, harness.SQLite(t))
	cfg.EnvName, cfg.Log.Level, cfg.PullWorkers = configs.Development, zapcore.InfoLevel, 8
	cfg.Sources["pluggy"] = domain.SourcePolicy{Authorization: domain.SecretText(sharedAuthorization)}
	return cfg
}

// serve composes and serves the service. It returns the service, its origin, and a function that stops
// the service and waits until it has ended.
func serve(t *testing.T, cfg configs.Config, o compose.Overrides) (app *compose.App, origin string, end func()) {
	t.Helper()
	o.StoreTimeout = harness.StoreTimeout
	app, err := compose.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	origin, end = harness.Serve(t, app)
	return app, origin, end
}

// vendor starts a simulator of Pluggy on a loopback address, and returns the simulator and its URL.
func vendor(t *testing.T) (*pluggysim.Simulator, string) {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: 1})
	sim.Seed()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, server.URL
}

// demoConnection returns a connection to the simulator at baseURL.
func demoConnection(baseURL string) ports.NewConnection {
	return ports.NewConnection{
		Vendor: "pluggy", Name: "main", BaseURL: baseURL, AccountRef: pluggysim.DemoItemID,
		ClientID: domain.SecretText(pluggysim.DemoClientID), Secret: domain.SecretText(pluggysim.DemoClientSecret),
	}
}

// connect creates a connection to the simulator at baseURL. It returns the tenant of the connection
// and the path of its webhook.
func connect(t *testing.T, app *compose.App, baseURL string) (tenant domain.TenantID, path string) {
	t.Helper()
	tenant = domain.TenantID{UUID: uuid.New()}
	_, err := app.Service.CreateConnection(t.Context(), tenant, demoConnection(baseURL))
	if err != nil {
		t.Fatal(err)
	}
	minted, err := app.Service.MintToken(t.Context(), tenant, ports.MintRequest{Vendor: "pluggy", Name: "main"})
	if err != nil {
		t.Fatal(err)
	}
	return tenant, "/v1/discovery/webhooks/pluggy/" + string(minted.Raw.Reveal())
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(waitTimeout):
		t.Fatalf("timeout while waiting for %s", what)
	}
}
