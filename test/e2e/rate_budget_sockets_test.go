package e2e_test

import (
	"flag"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

var overSocketsFlag = flag.Bool(
	"wire",
	false,
	"keep the vendor busy for -minutes of real time, over sockets and SQLite",
)

// TestTheRateBudgetOverSockets is the same test as TestTheVendorsRateBudgetIsKeptAndUsed, but in real time. The service
// uses SQLite, loopback sockets and the wall clock.
func TestTheRateBudgetOverSockets(t *testing.T) {
	if !*overSocketsFlag {
		t.Skip("takes -minutes of real time: run it with -wire")
	}
	sim := newVendor(t)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	cfg := harness.Config(t, harness.SQLite(t))
	cfg.PullWorkers = 4 * budgetConnections
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	begun := time.Now()
	keepBusy(t, sim, budgetService{app.Service, app.Stores.Queue, server.URL, cfg.Sealing})
	t.Logf("%v of real time", time.Since(begun).Round(time.Second))
}
