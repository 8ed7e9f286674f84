package blackbox_test

import (
	"context"
	"database/sql"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver that the test itself uses

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// poolSize is the number of server connections of a pooler in these tests. Without the pooler, three processes would
// use 48 connections.
const poolSize = 20

// newPooledEnv is like newEnv, but its service uses the database through a pooler with at most size server connections.
func newPooledEnv(t testing.TB, database string, size int) *env {
	t.Helper()
	h := newEnv(t, pgtest.Pooled(t, database, size))
	h.settings["DATABASE_POOLED"] = "true"
	return h
}

// Three processes must be able to migrate an empty database at the same time, and to serve under load. They share a
// pooler with fewer server connections than they would use. No data may be lost when one process is killed and another
// one starts.
func TestReplicasShareAPooler(t *testing.T) {
	db := newDatabase(t)
	h := newPooledEnv(t, db.url, poolSize)
	all := make([]*process, 3)
	for i := range all {
		all[i] = h.serve()
	}
	for _, p := range all {
		p.ready()
	}
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60), newBelvo(t, 4, 60)}
	for _, l := range links {
		l.connect(h, all[0])
	}
	tr := newTraffic(links, alternate(all...))
	connections := countConnections(t, db.url)
	feed := follow(h, alternate(all...))
	for _, l := range links {
		tr.deliver(l, l.fullPullEvent())
	}
	seed := seedOf(t)
	tr.runAccepted(t, h, all[1], seed, 4*time.Second, 40*time.Millisecond)
	tr.waitForPulls(t, h, all[1], waitTimeout)
	pullTime := timePulls(t, h, tr, links[0], all[0])

	all[0].kill()
	second := h.serve() // the killed process must have left no lock behind
	started := second.ready()
	tr.target = alternate(all[1], all[2], second)
	feed.target.Store(&tr.target)
	for _, l := range links {
		tr.deliver(l, l.fullPullEvent())
	}
	tr.waitForPulls(t, h, second, waitTimeout)
	v := tr.compareAll(t, h, second)
	seen, missed := feed.compare(t, second, links)
	if most := connections(); most > poolSize {
		t.Errorf("the processes had %d server connections, more than the pool of %d", most, poolSize)
	} else {
		t.Logf("3 processes: %+v, feed %d, missed %d, at most %d server connections, end of a pull %v after the 202 "+
			"(median of %d), a later start took %v, seed %d",
			v, seen, missed, most, pullTime, timedPulls, started, seed)
	}
}

// timedPulls is the number of pulls that timePulls measures.
const timedPulls = 11

// timePulls returns the median time from the 202 of a webhook to the end of the pull that it triggers.
func timePulls(t *testing.T, h *env, tr *traffic, l *link, p *process) time.Duration {
	t.Helper()
	times := make([]time.Duration, timedPulls)
	for i := range times {
		time.Sleep(time.Second) // the rate budget of the vendor must not delay the pull
		tr.deliverTo(func() *process { return p }, l, l.fullPullEvent())
		begun := time.Now()
		eventually(t, waitTimeout, "end of the pull", func() bool {
			open, _ := h.open(p, l.id)
			return open == 0
		})
		times[i] = time.Since(begun)
	}
	slices.Sort(times)
	return times[len(times)/2].Round(time.Millisecond)
}

// countConnections repeatedly counts the clients that are connected to the server, in the background. The returned
// function stops counting and returns the largest number that was found.
func countConnections(t testing.TB, database string) func() int {
	t.Helper()
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	var most atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			var now int64
			err := db.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity
				WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&now)
			if err == nil {
				most.Store(max(most.Load(), now))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended; _ = db.Close() })
	return func() int { cancel(); <-ended; return int(most.Load()) }
}
