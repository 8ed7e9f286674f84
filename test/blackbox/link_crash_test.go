package blackbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const (
	// linkTokenTTL is how long the simulated vendor accepts a token of a link session.
	linkTokenTTL = 6 * time.Second
	// linkEnd is how long after the last token has expired the vendor has no orphan: a minute in which it could still
	// create an item, the claim of a killed process (25 s), and the retries of a deletion.
	linkEnd = 4 * time.Minute
	// linkHolders is the number of account holders who sign in at the same time.
	linkHolders = 8
)

// linkCrash is a run in which account holders link new accounts while the service is killed again and again.
type linkCrash struct {
	*env
	sim    *pluggysim.Simulator
	vendor *httptest.Server

	mu       sync.Mutex
	process  *process
	sessions map[string]string // maps the ids of the sessions to their config names
	lost     atomic.Int64      // requests for a session that were not answered
}

// TestKilledLinkSessionsLeaveNoOrphan kills the service at random points of many link sessions for new accounts.
// Afterwards the vendor must have exactly the items of the connections. LINK_SESSIONS is the number of sessions on each
// backend, and SEED chooses the points.
func TestKilledLinkSessionsLeaveNoOrphan(t *testing.T) {
	sessions, seed := number(t, "LINK_SESSIONS", 50), seedOf(t)
	for backend, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel() // other tests run until the sessions have ended, which takes minutes
			r := newLinkCrash(t, at(t), seed)
			kills := r.run(sessions, rand.New(rand.NewPCG(seed, 1)))
			r.check(t, kills)
		})
	}
}

func newLinkCrash(t *testing.T, database string, seed uint64) *linkCrash {
	t.Helper()
	r := &linkCrash{env: newEnv(t, database), sessions: map[string]string{}}
	r.sim = pluggysim.New(pluggysim.Options{Seed: seed, TokenTTL: linkTokenTTL})
	r.sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	r.vendor = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		// The pauses let a kill hit a request before or after the vendor has handled it.
		pause := rand.N(60 * time.Millisecond)
		time.Sleep(pause)
		r.sim.ServeHTTP(w, request)
		time.Sleep(pause)
	}))
	t.Cleanup(func() { r.vendor.CloseClientConnections(); r.vendor.Close() })
	r.settings["PUBLIC_URL"] = "https://webhooks.example.test" // the vendor accepts only https
	r.restart()
	return r
}

func (r *linkCrash) restart() {
	p := r.serve()
	p.ready()
	r.mu.Lock()
	r.process = p
	r.mu.Unlock()
}

// current returns the process that was started last. It may have been killed.
func (r *linkCrash) current() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.process
}

// run lets account holders begin the given number of sessions, and kills the service until the last token has expired.
// It returns the number of kills.
func (r *linkCrash) run(sessions int, random *rand.Rand) (kills int) {
	var begun, named atomic.Int64
	ended := make(chan struct{})
	var holders sync.WaitGroup
	for n := range linkHolders {
		own := rand.New(rand.NewPCG(random.Uint64(), uint64(n)))
		holders.Go(func() {
			for int(begun.Add(1)) <= sessions {
				for !r.link(fmt.Sprint("linked ", named.Add(1)), own) {
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	go func() { holders.Wait(); time.Sleep(linkTokenTTL); close(ended) }()
	for {
		select {
		case <-ended:
			return kills
		case <-time.After(500*time.Millisecond + rand.N(2500*time.Millisecond)):
			r.current().kill()
			kills++
			r.restart()
		}
	}
}

// link starts a session, and then acts as its account holder for a part of the life of its token. It returns false if
// the service has not answered.
func (r *linkCrash) link(name string, random *rand.Rand) bool {
	a, err := r.try(context.Background(), r.current(), http.MethodPost, surface+"/link-sessions", object{
		"vendor": "pluggy", "configName": name, "baseUrl": r.vendor.URL,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	})
	if err != nil || a.status != http.StatusCreated {
		r.lost.Add(1)
		return false
	}
	began, token := time.Now(), text(a.body, "token")
	r.mu.Lock()
	r.sessions[text(a.body, "id")] = name
	r.mu.Unlock()
	wait := func() { time.Sleep(time.Duration(random.Int64N(int64(linkTokenTTL / 2)))) }
	wait()
	failed := pluggysim.Item{Status: "LOGIN_ERROR", ExecutionStatus: "INVALID_CREDENTIALS"}
	switch random.IntN(5) {
	case 0: // the holder closes the page
	case 1:
		r.signIn(token, failed)
	case 2:
		r.signIn(token, failed)
		wait()
		r.signIn(token, pluggysim.Item{})
	case 3:
		if id := r.signIn(token, pluggysim.Item{Status: "UPDATING", ExecutionStatus: "LOGIN_IN_PROGRESS"}); id != "" {
			wait()
			_ = r.sim.SetItemStatus(id, "UPDATED", "") // it fails if the service has deleted the item
		}
	default:
		r.signIn(token, pluggysim.Item{})
	}
	time.Sleep(time.Until(began.Add(time.Duration(random.Int64N(int64(linkTokenTTL))))))
	return true
}

// signIn creates an item with an account at the vendor, and returns its id. It returns "" if the token has expired.
func (r *linkCrash) signIn(token string, item pluggysim.Item) string {
	made, err := r.sim.Connect(token, item)
	if err != nil {
		return ""
	}
	_, _ = r.sim.AddAccount(pluggysim.Account{ItemID: made.ID}) // it fails if the service has deleted the item
	return made.ID
}

// check waits until the vendor has exactly the items of the connections, and every session has ended.
func (r *linkCrash) check(t *testing.T, kills int) {
	t.Helper()
	var diff string
	for end := time.Now().Add(linkEnd); time.Now().Before(end); time.Sleep(time.Second) {
		if diff = r.difference(); diff == "" {
			break
		}
	}
	time.Sleep(5 * time.Second) // nothing changes any more
	if diff = diff + r.difference(); diff != "" {
		t.Errorf("after %d kills (-vendor and done sessions +connections):\n%s", kills, diff)
	}
	done := len(r.all(r.current(), "/aggregator-connections"))
	t.Logf("%d kills, %d sessions, %d connections, %d requests without an answer", kills, len(r.sessions), done,
		r.lost.Load())
	if kills < 3 || done == 0 || done == len(r.sessions) {
		t.Errorf("%d kills and %d connections of %d sessions test too little", kills, done, len(r.sessions))
	}
	if n := len(r.sim.Webhooks()); n != 1 {
		t.Errorf("the vendor has %d webhooks, want one for the application", n)
	}
}

// difference compares the items of the vendor with the connections, and the sessions that are done with them. It
// returns "" if they are equal and no session is open.
func (r *linkCrash) difference() string {
	p := r.current()
	var refs, made []string
	for _, c := range r.all(p, "/aggregator-connections") {
		refs = append(refs, text(c, "accountRef"))
		made = append(made, text(c, "id"))
	}
	slices.Sort(refs)
	slices.Sort(made)
	items := slices.DeleteFunc(r.sim.Items(), func(id string) bool { return id == pluggysim.DemoItemID })
	diff := cmp.Diff(items, refs)
	var done []string
	for id, name := range r.sessions {
		switch s := r.call(p, http.MethodGet, "/link-sessions/"+id, nil, http.StatusOK); s["status"] {
		case "done":
			done = append(done, text(s, "connectionId"))
		case "abandoned":
		default:
			diff += fmt.Sprintf("%s is %v\n", name, s["status"])
		}
	}
	slices.Sort(done)
	return diff + cmp.Diff(done, made)
}
