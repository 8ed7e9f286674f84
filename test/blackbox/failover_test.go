package blackbox_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// failoverLimit bounds the time from the promotion of the standby until every process has accepted a webhook again.
const failoverLimit = 20 * time.Second

// The primary server fails while webhooks arrive, and its synchronous standby is promoted some time later. After that:
//
//   - Every webhook that got a 202 must be stored.
//   - Every process must accept webhooks again.
//   - The change feed must contain every change.
func TestFailoverToASynchronousStandby(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		parameters string
		lose       func(*pgtest.Server) error
	}{
		"killed":  {"", (*pgtest.Server).Destroy},
		"hanging": {"&connect_timeout=1", (*pgtest.Server).Freeze},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pace.Within(t, failoverLimit, func() time.Duration { return failover(t, test.parameters, test.lose) })
		})
	}
}

// detection is the time between the loss of the primary and the promotion of the standby.
const detection = 4 * time.Second

// failover returns the time from the promotion of the standby until every process has accepted a webhook.
func failover(t *testing.T, parameters string, lose func(*pgtest.Server) error) time.Duration {
	t.Helper()
	primary, standby := newCluster(t)
	h := newEnv(t, fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable"+
		"&target_session_attrs=read-write%s", primary.Port(), standby.Port(), parameters))
	all := []*process{h.serve(), h.serve()}
	for _, p := range all {
		p.ready()
	}
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60), newBelvo(t, 4, 60)}
	for _, l := range links {
		l.connect(h, all[0])
	}
	tr := newTraffic(links, alternate(all...))
	feed := follow(h, alternate(all...))
	load, stop := context.WithCancel(context.Background())
	defer stop()
	seed := seedOf(t)
	var loaded sync.WaitGroup
	loaded.Go(func() { tr.run(load, seed, 40*time.Millisecond) })

	time.Sleep(2 * time.Second)
	if err := lose(primary); err != nil {
		t.Fatal(err)
	}
	time.Sleep(detection)
	for _, p := range all {
		if status := p.status("/readyz"); status != 503 {
			t.Errorf("without a primary, /readyz answered %d", status)
		}
	}
	begun := time.Now()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	promoted := time.Since(begun)
	slowest := awaitAccepted(tr, all, links[0], begun)
	time.Sleep(time.Second)
	stop()
	loaded.Wait()
	for _, p := range all {
		eventually(t, waitTimeout, "readiness", func() bool { return p.status("/readyz") == 200 })
	}
	tr.waitForPulls(t, h, all[0], waitTimeout)
	v := tr.compareAll(t, h, all[1])
	seen, missed := feed.compare(t, all[0], links)
	t.Logf(
		"%+v, feed %d, missed %d, every process accepted webhooks again %v after the promotion began, which took %v; "+
			"statuses besides 202: %sseed %d",
		v,
		seen,
		missed,
		slowest.Round(time.Millisecond),
		promoted.Round(time.Millisecond),
		formatStatuses(tr.statuses),
		seed,
	)
	return slowest
}

// awaitAccepted posts a webhook to each process repeatedly, until the process accepts the webhook. It returns the time
// between begun and the moment at which the last process accepted a webhook.
func awaitAccepted(tr *traffic, all []*process, l *link, begun time.Time) time.Duration {
	var mu sync.Mutex
	var slowest time.Duration
	var probes sync.WaitGroup
	for _, p := range all {
		body := l.fullPullEvent()
		probes.Go(func() {
			tr.deliverTo(func() *process { return p }, l, body)
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(begun))
		})
	}
	probes.Wait()
	return slowest
}

// newCluster starts a server and its synchronous standby. At the end of the test it kills both servers, even if they
// are frozen.
func newCluster(t testing.TB) (primary, standby *pgtest.Server) {
	t.Helper()
	options := func() pgtest.Options {
		return pgtest.Options{
			Fsync: true, Dir: filepath.Join(datadir.New(t), "data"),
			// With any other value, a killed server never releases its shared memory.
			Settings: map[string]string{"dynamic_shared_memory_type": "mmap"},
		}
	}
	primary, err := pgtest.Start(options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Destroy() })
	standby, err = pgtest.StartStandby(primary, options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Destroy() })
	return primary, standby
}
