package blackbox_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// newCitus starts a Citus cluster that survives crashes. If the server has no Citus, the test is skipped.
func newCitus(t testing.TB) *pgtest.Citus {
	t.Helper()
	c, err := pgtest.StartCitus(pgtest.Options{Fsync: true, Dir: datadir.New(t)})
	if errors.Is(err, pgtest.ErrNoCitus) {
		t.Skip(err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// citusNodes is a Citus cluster. Its crash method crashes a random node.
type citusNodes struct {
	*pgtest.Citus

	t       testing.TB
	random  *rand.Rand
	down    int   // the node that was crashed last: 0 is the coordinator, n > 0 is worker n-1
	crashes []int // number of crashes of each node
}

func newCitusNodes(t testing.TB, seed uint64) *citusNodes {
	t.Helper()
	c := newCitus(t)
	return &citusNodes{
		Citus: c, t: t, random: rand.New(rand.NewPCG(seed, 2)), crashes: make([]int, 1+len(c.Workers)),
	}
}

// crash implements mortalDatabase.
func (c *citusNodes) crash() {
	c.t.Helper()
	c.down = c.random.IntN(len(c.crashes))
	c.crashes[c.down]++
	kill := c.KillCoordinator
	if c.down > 0 {
		kill = func() error { return c.KillWorker(c.down - 1) }
	}
	if err := kill(); err != nil {
		c.t.Fatal(err)
	}
}

// start implements mortalDatabase.
func (c *citusNodes) start() {
	c.t.Helper()
	start := c.StartCoordinator
	if c.down > 0 {
		start = func() error { return c.StartWorker(c.down - 1) }
	}
	if err := start(); err != nil {
		c.t.Fatal(err)
	}
}

// Two processes distribute an empty database over a Citus cluster and serve requests under load. They must lose no data
// when one process is killed and replaced. They must also lose no data when each worker of the cluster is afterwards
// killed and restarted.
func TestReplicasOnCitusLoseNothing(t *testing.T) {
	cluster := newCitus(t)
	h := newEnv(t, cluster.URL())
	h.settings["DATABASE_DISTRIBUTE"] = "true"
	first, second := h.serve(), h.serve()
	first.ready()
	second.ready()
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60)}
	for _, l := range links {
		l.connect(h, first)
	}
	tr := newTraffic(links, alternate(first, second))
	feed := follow(h, alternate(first, second))
	load := func() {
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		defer stop()
		tr.run(ctx, seedOf(t), 40*time.Millisecond)
	}
	load()
	tr.checkStatuses(t)
	first.kill()
	third := h.serve()
	third.ready()
	tr.target = alternate(second, third)
	feed.target.Store(&tr.target)
	load()

	for i := range cluster.Workers {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			load()
		}()
		if err := cluster.KillWorker(i); err != nil {
			t.Error(err)
		}
		if err := cluster.StartWorker(i); err != nil {
			t.Error(err)
		}
		<-ended
	}
	for _, l := range links {
		tr.deliver(l, l.fullPullEvent())
	}
	tr.waitForPulls(t, h, third, waitTimeout)
	v := tr.compareAll(t, h, third)
	seen, missed := feed.compare(t, third, links)
	t.Logf("2 processes on Citus: %+v, feed %d, missed %d, statuses besides 202 %v", v, seen, missed, tr.statuses)
}
