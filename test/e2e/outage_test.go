package e2e_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The service must survive an outage of its database. The test stops and restarts its PostgreSQL
// server, so it needs its own server and environment.
func TestTheServiceSurvivesADatabaseOutage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(datadir.New(t), "data")
	first, err := pgtest.Start(pgtest.Options{Dir: dir, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	again := first
	// The server stops last, after the environment opened below has closed its connections.
	t.Cleanup(func() { _ = again.Stop() })
	w := open(t, "postgres", first.URL())
	o, b, id, hook := w.webhook(t)
	port := first.Port()
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	body := b.payload(t, "all")
	for _, ask := range []func() response{
		func() response { return o.send(http.MethodGet, connections, nil) },
		func() response { return o.send(http.MethodPost, connections, creation(b, "other")) },
		func() response { return w.postWebhook(t, "pluggy", hook, body) },
	} {
		// When the database refuses connections, the caller must not have to wait for the timeout of the store. The
		// documented limit of 2 s is tested in test/blackbox.
		pace.Within(t, harness.StoreTimeout/2, func() time.Duration {
			begun := time.Now()
			ask().problem(503, "MTCH-0008")
			return time.Since(begun)
		})
	}
	if ready := w.call(t, http.MethodGet, "/readyz", nil).want(503).json(); ready["status"] != "unavailable" {
		t.Errorf("without a database it returned %v", ready)
	}
	w.call(t, http.MethodGet, "/health", nil).want(200)

	again, err = pgtest.Start(pgtest.Options{Dir: dir, Port: port, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "readiness", func() bool { return w.call(t, http.MethodGet, "/readyz", nil).status == 200 })
	// A vendor sends a webhook again if it got a 503, which can happen while the database server is still recovering.
	eventually(t, "an accepted webhook", func() bool { return w.postWebhook(t, "pluggy", hook, body).status == 202 })
	o.waitForSuccess(id)
	o.checkRows(b, id)
	if kept := o.pages(deliveries, 20); len(kept) != 1 {
		t.Errorf("%d deliveries are stored; exactly 1 got a 202", len(kept))
	}
}
