package blackbox_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// defaultKills is the number of kills of an ordinary test run; make crash sets more.
const defaultKills = 20

// killsARound is the number of kills after which the vendors pause and everything is
// compared.
const killsARound = 15

// TestCrash kills the service, and PostgreSQL under it, at random points while webhooks
// arrive. Afterwards every accepted delivery and every row of the vendors must be stored,
// and nothing twice. CRASH_KILLS and SEED set the number of kills and their points.
func TestCrash(t *testing.T) {
	kills, seed := number(t, "CRASH_KILLS", defaultKills), seedOf(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crash(t, newEnv(t, ""), nil, (kills+1)/2, seed)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		crash(t, newEnv(t, db.url), db, kills/2, seed)
	})
}

// number reads a numeric setting of the run.
func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	given := os.Getenv(name)
	if given == "" {
		return otherwise
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("%s must be a number above zero", name)
	}
	return n
}

// seedOf returns the seed of SEED, or a random one, and prints it.
func seedOf(t testing.TB) uint64 {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	if os.Getenv("SEED") == "" {
		seed, err = rand.Uint64N(1_000_000), nil
	}
	if err != nil {
		t.Fatal("SEED must be a number")
	}
	t.Logf("SEED=%d", seed)
	return seed
}

// killer runs a service and kills it again and again.
type killer struct {
	*env
	t       testing.TB
	random  *rand.Rand
	db      *database // nil: SQLite
	current atomic.Pointer[process]
	kills   int
	crashes int // seeds the random choices
}

func crash(t *testing.T, h *env, db *database, kills int, seed uint64) {
	r := &killer{env: h, t: t, db: db, random: rand.New(rand.NewPCG(seed, 1))}
	r.revive()
	var links []*link
	for i := range uint64(3) {
		links = append(links, newPluggy(t, seed+1+i, 60), newBelvo(t, seed+101+i, 60))
	}
	tr := newTraffic(links, r.current.Load)
	for _, l := range links {
		l.connect(h, r.current.Load())
		tr.deliver(l, l.whole())
	}
	var v tally
	for round := uint64(0); r.kills < kills && !t.Failed(); round++ {
		r.round(tr, min(kills-r.kills, killsARound), seed+1000*round)
		h.renew()
		tr.quiet(t, h, r.current.Load(), 90*time.Second)
		v = tr.compareAll(t, h, r.current.Load())
		if kills > killsARound {
			t.Logf("%d kills: %+v", r.kills, v)
		}
	}
	t.Logf("kills %d, database crashes %d, accepted %d, stored %d, lost %d, doubled %d, rows %d, pulls taken over %d, seed %d",
		r.kills, r.crashes, v.accepted, v.stored, v.lost, v.doubled, v.rows, r.takenOver(links), seed)
}

// round kills several times under load, and leaves the service running.
func (r *killer) round(tr *traffic, kills int, seed uint64) {
	load, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tr.run(load, seed, 150*time.Millisecond)
	}()
	for until := r.kills + kills; r.kills < until; {
		time.Sleep(time.Duration(r.random.IntN(600)) * time.Millisecond)
		r.kill()
	}
	r.await()
	stop()
	<-ended
}

// kill kills and restarts the service, or the database, or both. Sometimes it does not wait
// for the next start, so that a starting process is killed as well.
func (r *killer) kill() {
	if r.db != nil && r.random.IntN(3) == 0 {
		r.db.crash()
		r.crashes++
		time.Sleep(time.Duration(r.random.IntN(200)) * time.Millisecond)
		r.db.start()
		if r.serving() && r.random.IntN(2) == 0 {
			return // this one has to survive
		}
	}
	r.current.Load().kill()
	r.kills++
	r.current.Store(r.serve())
	if r.random.IntN(4) > 0 {
		r.await()
	}
}

// serving reports whether the service has started to serve. One that was still starting may
// rightly end with the database.
func (r *killer) serving() bool {
	select {
	case <-r.current.Load().listen:
		return true
	default:
		return false
	}
}

func (r *killer) revive() {
	r.current.Store(r.serve())
	r.await()
}

func (r *killer) await() { r.current.Load().ready() }

// takenOver returns the number of pulls that more than one process worked on.
func (r *killer) takenOver(links []*link) (n int) {
	for _, l := range links {
		for _, pull := range r.all(r.current.Load(), "/aggregator-connections/"+l.id+"/pulls") {
			if attempts, _ := pull["attempts"].(float64); attempts > 1 {
				n++
			}
		}
	}
	return n
}
