package e2e_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
)

var (
	minutes    = flag.Int("minutes", 3, "how long the vendor is kept busy, in its own minutes")
	budgetSeed = flag.Uint64("seed", 1, "seed of the network's delays")
)

// TestTheVendorsRateBudgetIsKeptAndUsed pulls fifty connections continuously, while the vendor enforces its real rate
// limit. In every minute, the service must send at least 90 % of the requests that the vendor allows. No request may
// get a 429.
//
// The test runs in a bubble of testing/synctest. The fake clock of the bubble advances only while all goroutines wait.
// A minute therefore takes only seconds, and a slow machine does not change the result.
func TestTheVendorsRateBudgetIsKeptAndUsed(t *testing.T) {
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(keyset); err != nil {
		t.Fatal(err)
	}
	for name, late := range map[string]time.Duration{
		"a fast network": 10 * time.Millisecond, "a slow network": time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := newVendor(t)
				keepBusy(t, sim, onSQLite(t, keyset, overSockets(sim, late)))
			})
		})
	}
}

func overSockets(sim http.Handler, late time.Duration) *networkTransport {
	return &networkTransport{vendor: sim, late: late, draw: rand.New(rand.NewPCG(*budgetSeed, 0))}
}

// keepBusy pulls all connections repeatedly for the number of minutes that the flag -minutes sets, and checks the
// number of requests in each minute.
func keepBusy(t *testing.T, sim *pluggysim.Simulator, s budgetService) {
	if err := s.queue.Start(t.Context(), s, s); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var pulling sync.WaitGroup
	for i := range budgetConnections {
		id := s.connect(t, i)
		pulling.Go(func() { s.pullRepeatedly(ctx, t, id) })
	}
	used := 0
	for minute := range *minutes {
		time.Sleep(time.Minute)
		rows := sim.Stats().Resources["transactions"]
		checkBudget(t, minute+1, rows.Requests-used)
		used = rows.Requests
	}
	cancel()
	pulling.Wait()
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer done()
	if err := s.queue.Stop(stop); err != nil {
		t.Error(err)
	}
	for resource, of := range sim.Stats().Resources {
		if of.Limited > 0 {
			t.Errorf("%s: %d of %d requests got a 429", resource, of.Limited, of.Requests)
		}
	}
}

func checkBudget(t *testing.T, minute, requests int) {
	t.Helper()
	share := 100 * float64(requests) / pluggysim.RealRateLimit
	t.Logf("minute %d: %d requests of %d, %.1f %%", minute, requests, pluggysim.RealRateLimit, share)
	if share < 90 {
		t.Errorf("minute %d used only %.1f %% of the budget", minute, share)
	}
}
