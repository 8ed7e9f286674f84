package blackbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// newCitus starts a Citus cluster that survives crashes. If the server has no Citus, the test is skipped.
func newCitus(t testing.TB) *pgtest.Citus {
	t.Helper()
	c, err := pgtest.StartCitus(pgtest.Options{Fsync: true, Dir: datadir.New(t), Settings: map[string]string{
		"dynamic_shared_memory_type":  "mmap",  // with any other value, a lost worker never releases its shared memory
		"wal_retrieve_retry_interval": "100ms", // how soon a standby connects again to a restarted worker
	}})
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

// citusNodes is a Citus cluster whose workers have synchronous standbys. Its crash method crashes a random node.
type citusNodes struct {
	*pgtest.Citus

	t         testing.TB
	random    *rand.Rand
	down      int   // the node that was crashed last: 0 is the coordinator, n > 0 is worker n-1
	lost      bool  // whether the data of the node that was crashed last is gone
	crashes   []int // number of crashes of each node
	failovers int   // number of crashes after which the standby of a worker took over
	moves     int   // number of moved shards
}

func newCitusNodes(t testing.TB, seed uint64) *citusNodes {
	t.Helper()
	c := newCitus(t)
	for i := range c.Workers {
		if err := c.AddStandby(i); err != nil {
			t.Fatal(err)
		}
	}
	return &citusNodes{
		Citus: c, t: t, random: rand.New(rand.NewPCG(seed, 2)), crashes: make([]int, 1+len(c.Workers)),
	}
}

// crash implements mortalDatabase. Half of the workers that crash lose their data.
func (c *citusNodes) crash() {
	c.t.Helper()
	c.down = c.random.IntN(len(c.crashes))
	c.lost = c.down > 0 && c.random.IntN(2) == 0
	c.crashes[c.down]++
	kill := c.KillCoordinator
	switch {
	case c.lost:
		kill = func() error { return c.LoseWorker(c.down - 1) }
	case c.down > 0:
		kill = func() error { return c.KillWorker(c.down - 1) }
	}
	if err := kill(); err != nil {
		c.t.Fatal(err)
	}
}

// start implements mortalDatabase. If the crashed worker lost its data, its standby takes over and gets a standby of
// its own. Then start sometimes moves a shard to the other worker.
func (c *citusNodes) start() {
	c.t.Helper()
	var err error
	switch {
	case c.lost:
		c.failovers++
		err = errors.Join(c.FailOver(c.down-1), c.AddStandby(c.down-1))
	case c.down > 0:
		err = c.StartWorker(c.down - 1)
	default:
		err = c.StartCoordinator()
	}
	if err == nil && c.random.IntN(2) == 0 {
		err = c.moveShard()
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// moveShard moves a random shard of all distributed tables to another worker, while the service uses it. It does
// nothing if the service has not yet distributed the tables. Citus refuses the move while it cannot lock what an
// earlier move has left behind; an operator repeats it then.
func (c *citusNodes) moveShard() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	nth := c.random.IntN(4)
	for {
		err := c.moveShardOnce(ctx, conn, nth)
		if err == nil || !strings.Contains(err.Error(), "could not be cleaned up") || ctx.Err() != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// moveShardOnce moves the shard with the given index among those of the deliveries.
func (c *citusNodes) moveShardOnce(ctx context.Context, conn *pgx.Conn, nth int) error {
	moved, err := conn.Exec(ctx, `SELECT citus_move_shard_placement(shardid, n.nodename, n.nodeport, m.nodename,
			m.nodeport, 'block_writes')
		FROM (SELECT shardid, groupid FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)
			WHERE logicalrelid::text = 'deliveries' ORDER BY shardid OFFSET $1 LIMIT 1) AS s
			JOIN pg_dist_node n USING (groupid)
			JOIN pg_dist_node m ON m.groupid NOT IN (0, s.groupid)`, nth)
	c.moves += int(moved.RowsAffected())
	return err
}

// Two processes distribute an empty database over a Citus cluster and serve requests under load. They must lose no data
// when one process is killed and replaced. Afterwards they must also lose no data when each worker is killed and
// restarted, when shards move, and when the standby of each worker takes over.
func TestReplicasOnCitusLoseNothing(t *testing.T) {
	cluster := newCitusNodes(t, seedOf(t))
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

	during := func(change func() error) {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			load()
		}()
		if err := change(); err != nil {
			t.Error(err)
		}
		<-ended
	}
	for i := range cluster.Workers {
		during(func() error { return errors.Join(cluster.KillWorker(i), cluster.StartWorker(i)) })
		during(cluster.moveShard)
		during(func() error { return errors.Join(cluster.LoseWorker(i), cluster.FailOver(i)) })
	}
	t.Logf("2 processes on Citus: %s; moved shards %d", tr.finish(t, h, third, feed), cluster.moves)
}

// Two processes serve requests under load on a Citus cluster with a pooler in front of each node. They must lose no
// data when one process is killed and replaced.
func TestCitusBehindPoolersLosesNothing(t *testing.T) {
	cluster := newCitus(t)
	for i := range cluster.Workers {
		p, err := cluster.PoolWorker(i, poolSize)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	h := newPooledEnv(t, cluster.URL(), poolSize)
	h.settings["DATABASE_DISTRIBUTE"] = "true"
	first, second := h.serve(), h.serve()
	first.ready()
	second.ready()
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60), newBelvo(t, 4, 60)}
	for _, l := range links {
		l.connect(h, first)
	}
	tr := newTraffic(links, alternate(first, second))
	feed := follow(h, alternate(first, second))
	seed := seedOf(t)
	load := func() {
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		defer stop()
		tr.run(ctx, seed, 40*time.Millisecond)
	}
	load()
	tr.checkStatuses(t)
	first.kill()
	third := h.serve()
	third.ready()
	tr.target = alternate(second, third)
	feed.target.Store(&tr.target)
	load()
	t.Logf("2 processes, poolers in front of the nodes: %s", tr.finish(t, h, third, feed))
}

// finish makes the service pull all records of each link once more. It compares the accepted webhooks and the
// vendors' rows with the stored data, and the stored records with what the follower has received. It returns the
// counts.
func (tr *traffic) finish(t testing.TB, h *env, p *process, feed *follower) string {
	t.Helper()
	for _, l := range tr.links {
		tr.deliver(l, l.fullPullEvent())
	}
	tr.waitForPulls(t, h, p, waitTimeout)
	v := tr.compareAll(t, h, p)
	seen, missed := feed.compare(t, p, tr.links)
	return fmt.Sprintf("%+v, feed %d, missed %d, statuses besides 202 %v", v, seen, missed, tr.statuses)
}
