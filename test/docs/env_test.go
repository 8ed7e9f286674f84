package docs_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

const shared = "Bearer the-shared-value-of-pluggy"

// env is a running service on one database, with an operator and a simulated vendor.
type env struct {
	app    *compose.App
	url    string
	tenant domain.TenantID
	token  string
	vendor string // the origin of the simulated vendor
	calls  *calls
}

// each runs body as a subtest on an empty SQLite and on an empty PostgreSQL database.
func each(t *testing.T, body func(*testing.T, *env)) {
	t.Helper()
	harness.EachDatabase(t, func(t *testing.T, dsn string) { body(t, open(t, dsn)) })
}

// open composes the service. It serves the service and a simulated vendor until the test ends.
func open(t *testing.T, dsn string) *env {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }})
	sim.SeedAt(time.Now())
	vendor := httptest.NewServer(sim.Handler())
	t.Cleanup(vendor.Close)

	w := &env{vendor: vendor.URL, calls: &calls{}, tenant: domain.TenantID{UUID: uuid.New()}}
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	cfg := harness.Config(t, dsn)
	cfg.PublicURL = w.url
	cfg.Sources["pluggy"] = domain.SourcePolicy{Authorization: domain.SecretText(shared)}
	log := &harness.Journal{}
	app, err := compose.New(t.Context(), cfg, compose.Overrides{
		LogTo: log, PerMinute: -1, StoreTimeout: harness.StoreTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", log)
		}
	})
	harness.Work(t, app)
	w.app, w.token = app, harness.Token(t, w.tenant.String())
	server.Config.Handler = w.calls.record(app.Handler())
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// calls records which operations of the service were called.
type calls struct {
	mu   sync.Mutex
	made map[string]bool // keys have the form "GET /path"
}

func (c *calls) record(nextHandler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		if c.made == nil {
			c.made = map[string]bool{}
		}
		c.made[r.Method+" "+r.URL.Path] = true
		c.mu.Unlock()
		nextHandler.ServeHTTP(w, r)
	})
}
