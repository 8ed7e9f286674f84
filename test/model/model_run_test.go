package model_test

import (
	"flag"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

var (
	seed       = flag.Uint64("seed", 1, "seed of the random operations")
	total      = flag.Int("operations", 800, "operations of the vendors on each database")
	onlyLife   = flag.Int("life", -1, "run only the life with this number")
	perLife    = flag.Int("per-life", 400, "operations of one life")
	vendors    = flag.String("vendors", "pluggy,belvo,plaid", "vendors of each life, separated by commas")
	concurrent = flag.Int("concurrent", 2, "services on each database that live at the same time")
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestTheServiceAgreesWithTheModel lets simulated vendors change their data at random. Whenever the service has nothing
// left to do, its records, feed, events, sums and completeness must equal those of the model.
func TestTheServiceAgreesWithTheModel(t *testing.T) {
	harness.EachDatabase(t, func(t *testing.T, dsn string) {
		t.Parallel()
		began := time.Now()
		lives := (*total + *perLife - 1) / *perLife
		var next, done, failed, closes atomic.Int64
		var workers sync.WaitGroup
		for worker := range min(*concurrent, lives) {
			s := newService(t, dsnOf(t, dsn, worker))
			workers.Go(func() {
				for {
					n := int(next.Add(1)) - 1
					if *onlyLife >= 0 {
						n += *onlyLife
					}
					const mostFailures = 20
					if n >= lives && *onlyLife < 0 || *onlyLife >= 0 && n > *onlyLife || failed.Load() >= mostFailures {
						return
					}
					operations := min(*perLife, *total-n**perLife)
					if *onlyLife >= 0 {
						operations = *perLife
					}
					if !live(t, s, *seed, n, func(l *life) {
						l.random(operations)
						closes.Add(int64(l.closesAsOf))
					}, strings.Split(*vendors, ",")...) {
						failed.Add(1)
					}
					done.Add(int64(operations))
				}
			})
		}
		workers.Wait()
		t.Logf("%d operations of seed %d in %s; %d times a close equalled the records as of its time, and its "+
			"documents were as on its first day",
			done.Load(), *seed, time.Since(began).Round(time.Second), closes.Load())
	})
}

// dsnOf returns the URL of a worker's database. The first worker uses the given database. Each other worker gets a
// new one of the same kind.
func dsnOf(t *testing.T, dsn string, worker int) string {
	t.Helper()
	switch {
	case worker == 0:
		return dsn
	case len(dsn) > 6 && dsn[:6] == "sqlite":
		return harness.SQLite(t)
	default:
		return pgtest.DSN(t)
	}
}
