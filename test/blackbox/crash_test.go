package blackbox_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/rabbittest"
)

// defaultKills is the number of kills if CRASH_KILLS is not set. The command `make crash` sets a larger number.
const defaultKills = 20

// killsARound is the maximum number of kills in one round. After each round the simulated vendors stop changing their
// data, and the stored data is compared with the vendors' data.
const killsARound = 15

// TestCrash kills the service, and the PostgreSQL server that it uses, at random points while webhooks arrive.
// Afterwards every accepted delivery and every row of the vendors must be stored exactly once.
//
// Two subscriptions must have received the events of all records. The first one sends to an endpoint that fails from
// time to time. The second one sends to a broker, which is killed while it receives messages, once for every ten kills
// of the service.
//
// Every fourth process is killed only after it has sent events. Without this wait, few processes would send any events:
// a process can take over the subscriptions of a killed process only when the lease of the killed process has ended.
//
// The test reads these environment variables:
//
//   - CRASH_KILLS is the number of kills.
//   - SEED determines the random points.
//   - CRASH_POOLED: if it is set, the test uses only PostgreSQL, through a pooler.
//   - CRASH_CITUS: if it is set, the test uses only a Citus cluster, whose coordinator and workers crash. Half of the
//     workers that crash are replaced by their standbys, and shards move between the workers.
//
// If neither CRASH_POOLED nor CRASH_CITUS is set, the test uses SQLite, PostgreSQL and Citus, each with half of the
// kills. It skips Citus if the server does not have the extension.
func TestCrash(t *testing.T) {
	t.Parallel()
	kills, seed := number(t, "CRASH_KILLS", defaultKills), seedOf(t)
	if os.Getenv("CRASH_POOLED") != "" {
		db := newDatabase(t)
		h := newPooledEnv(t, db.url, poolSize)
		db.poolerURL = h.settings["DATABASE_URL"]
		crash(t, h, db, kills, seed)
		return
	}
	if os.Getenv("CRASH_CITUS") != "" {
		crashOnCitus(t, kills, seed)
		return
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crash(t, newEnv(t, ""), nil, (kills+1)/2, seed)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		crash(t, newEnv(t, db.url), db, kills/2, seed)
	})
	t.Run("citus", func(t *testing.T) {
		t.Parallel()
		crashOnCitus(t, kills/2, seed)
	})
}

func crashOnCitus(t *testing.T, kills int, seed uint64) {
	db := newCitusNodes(t, seed)
	h := newEnv(t, db.URL())
	h.settings["DATABASE_DISTRIBUTE"] = "true"
	crash(t, h, db, kills, seed)
	t.Logf("crashes of the coordinator %d, of the workers %v, of these with a failover %d; moved shards %d",
		db.crashes[0], db.crashes[1:], db.failovers, db.moves)
}

// number returns the value of the named environment variable as a number. If the variable is not set, it returns the
// default value, which is the last argument.
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

// seedOf returns the value of the environment variable SEED, or a random seed if the variable is not set. It logs the
// seed.
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

// crashTest runs a service and kills it repeatedly.
type crashTest struct {
	*env
	t       testing.TB
	random  *rand.Rand
	db      mortalDatabase // nil if the service uses SQLite
	current atomic.Pointer[process]
	kills   int
	crashes int // how often the database was crashed

	endpoint      *eventEndpoint
	earlierEvents int64 // number of events that were sent to the endpoint before the current process started
	senders       int   // how many of the killed processes had sent events to the endpoint

	queue         *eventQueue // nil if there is no broker
	brokerCrashed int         // value of crashTest.kills at the last kill of the broker
	brokerCrashes sync.WaitGroup
}

// mortalDatabase is a server, or a cluster of servers, that the test can kill.
type mortalDatabase interface {
	// crash ends a server immediately.
	crash()
	// start restarts the server that was crashed last, and waits until the server answers.
	start()
}

// newMortalBroker starts a broker that the test can kill. If no broker is installed, and none can be installed, it
// returns nil and skips only the subtest "broker".
func newMortalBroker(t *testing.T) *mortalBroker {
	broker, err := rabbittest.Start()
	if !t.Run("broker", func(t *testing.T) { rabbittest.Require(t, err) }) || err != nil {
		return nil
	}
	t.Cleanup(broker.Stop)
	return &mortalBroker{Broker: broker}
}

func crash(t *testing.T, h *env, db mortalDatabase, kills int, seed uint64) {
	r := &crashTest{env: h, t: t, db: db, random: rand.New(rand.NewPCG(seed, 1))}
	r.startAndWait()
	r.endpoint = h.newEventEndpoint(t, r.current.Load(), seed)
	broker := newMortalBroker(t)
	if broker != nil {
		r.queue = h.newEventQueue(t, r.current.Load(), broker, strings.ReplaceAll(t.Name(), "/", "."))
		t.Cleanup(r.brokerCrashes.Wait)
	}
	var links []*link
	for i := range uint64(3) {
		links = append(links, newPluggy(t, seed+1+i, 60), newBelvo(t, seed+101+i, 60))
	}
	tr := newTraffic(links, r.current.Load)
	for _, l := range links {
		l.connect(h, r.current.Load())
		tr.deliver(l, l.fullPullEvent())
	}
	var v tally
	for round := uint64(0); r.kills < kills && !t.Failed(); round++ {
		r.round(tr, min(kills-r.kills, killsARound), seed+1000*round)
		h.renewToken()
		tr.waitForPulls(t, h, r.current.Load(), waitTimeout)
		v = tr.compareAll(t, h, r.current.Load())
		if kills > killsARound {
			t.Logf("%d kills: %+v", r.kills, v)
		}
	}
	r.brokerCrashes.Wait()
	r.endpoint.check(t, h, r.current.Load())
	brokerKills := 0
	if r.queue != nil {
		r.queue.check(t, h, r.current.Load())
		brokerKills = broker.killed()
	}
	t.Logf(
		"kills %d (%d of senders of events), broker kills %d, database crashes %d, accepted %d, stored %d, lost %d, "+
			"doubled %d, rows %d, pulls taken over %d, seed %d",
		r.kills,
		r.senders,
		brokerKills,
		r.crashes,
		v.accepted,
		v.stored,
		v.lost,
		v.doubled,
		v.rows,
		r.takenOver(links),
		seed,
	)
}

// round kills the service several times under load. When round returns, the service is running and ready.
func (r *crashTest) round(tr *traffic, kills int, seed uint64) {
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
	r.waitUntilReady()
	stop()
	<-ended
}

// kill kills and restarts the service, or the database, or both, and sometimes also the broker. Sometimes it does not
// wait until the restarted service is ready, so that the next kill can hit a process that is still starting.
func (r *crashTest) kill() {
	if r.kills%4 == 2 {
		r.awaitEvents()
	}
	if r.queue != nil && r.kills%10 == 5 && r.brokerCrashed != r.kills {
		r.brokerCrashed = r.kills
		hangs := time.Duration(r.random.IntN(1000)) * time.Millisecond
		r.queue.broker.crashWhileSending(r.t, r.queue.proxy, hangs, &r.brokerCrashes)
		time.Sleep(time.Duration(r.random.IntN(1000)) * time.Millisecond)
	}
	if r.db != nil && r.random.IntN(3) == 0 {
		r.db.crash()
		r.crashes++
		time.Sleep(time.Duration(r.random.IntN(200)) * time.Millisecond)
		r.db.start()
		if r.serving() && r.random.IntN(2) == 0 {
			return // the service is not restarted: it must survive the crash of the database
		}
	}
	r.current.Load().kill()
	r.kills++
	sent := r.endpoint.requests.Load()
	if sent > r.earlierEvents {
		r.senders++
	}
	r.earlierEvents = sent
	r.current.Store(r.serve())
	if r.random.IntN(4) > 0 {
		r.waitUntilReady()
	}
}

// awaitEvents waits until the running process has sent an event to the endpoint. Then it waits for up to 300 ms, so
// that the next kill hits a random point of the process's work.
func (r *crashTest) awaitEvents() {
	r.waitUntilReady()
	sends := func() bool { return r.endpoint.requests.Load() > r.earlierEvents }
	eventually(r.t, waitTimeout, "an event of the process", sends)
	time.Sleep(time.Duration(r.random.IntN(300)) * time.Millisecond)
}

// serving reports whether the service has started to serve. A service that is still starting is allowed
// to end when the database crashes.
func (r *crashTest) serving() bool {
	select {
	case <-r.current.Load().listen:
		return true
	default:
		return false
	}
}

func (r *crashTest) startAndWait() {
	r.current.Store(r.serve())
	r.waitUntilReady()
}

func (r *crashTest) waitUntilReady() { r.current.Load().ready() }

// takenOver returns how many pulls had more than one attempt. Another process takes over a pull by starting another
// attempt.
func (r *crashTest) takenOver(links []*link) (n int) {
	for _, l := range links {
		for _, pull := range r.all(r.current.Load(), "/aggregator-connections/"+l.id+"/pulls") {
			if attempts, _ := pull["attempts"].(float64); attempts > 1 {
				n++
			}
		}
	}
	return n
}
