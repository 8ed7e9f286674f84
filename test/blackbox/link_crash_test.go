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
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const (
	// linkTokenTTL is the time for which the simulated vendor accepts a token of a link session.
	linkTokenTTL = 6 * time.Second
	// linkEnd is the maximum time from the expiry of the last token until the vendor has no orphan, which is an
	// object that belongs to no connection. The time covers a minute in which the vendor could still create an
	// object, the claim of a killed process (25 s), and the retries of a deletion. linkCalls is added for each
	// session, because the rate budget of Belvo permits only 120 requests for the list of links per minute.
	linkEnd   = 4 * time.Minute
	linkCalls = 3 * time.Second
	// linkHolders is the number of account holders who sign in at the same time.
	linkHolders = 8
)

// linkCrash is a run in which account holders link new accounts while the service is killed again and again.
type linkCrash struct {
	*env
	page   linkPage
	vendor *httptest.Server

	mu       sync.Mutex
	process  *process
	sessions map[string]string // maps the ids of the sessions to their config names
	lost     atomic.Int64      // number of requests for a session that did not get a 201
}

// linkPage is a simulated vendor, with the page at which an account holder signs in.
type linkPage struct {
	name, clientID, secret string
	api                    http.Handler
	// signIn creates an object (an item or a link) with an account at the vendor, and returns the id of the object.
	// It returns "" if the token has expired.
	signIn func(token, session string, result signInResult) string
	// finish makes an unfinished sign-in succeed. It does nothing if the service has deleted the object.
	finish  func(object string)
	objects func() []string
	// webhooks returns the number of webhooks that the vendor has, and the number that it must have after the run.
	webhooks func() (found, wanted int)
}

// signInResult is the result of an account holder's attempt to sign in.
type signInResult int

const (
	signedIn signInResult = iota
	signInFailed
	signInUnfinished
)

// pluggyPage returns the page of a Pluggy simulator. Its objects are items.
func pluggyPage(seed uint64) linkPage {
	sim := pluggysim.New(pluggysim.Options{Seed: seed, TokenTTL: linkTokenTTL})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	return linkPage{
		name: "pluggy", clientID: pluggysim.DemoClientID, secret: pluggysim.DemoClientSecret, api: sim,
		signIn: func(token, _ string, result signInResult) string {
			item, err := sim.Connect(token, map[signInResult]pluggysim.Item{
				signInFailed:     {Status: "LOGIN_ERROR", ExecutionStatus: "INVALID_CREDENTIALS"},
				signInUnfinished: {Status: "UPDATING", ExecutionStatus: "LOGIN_IN_PROGRESS"},
			}[result])
			if err != nil {
				return ""
			}
			_, _ = sim.AddAccount(pluggysim.Account{ItemID: item.ID}) // it fails if the service has deleted the item
			return item.ID
		},
		finish: func(item string) { _ = sim.SetItemStatus(item, "UPDATED", "") },
		objects: func() []string {
			return slices.DeleteFunc(sim.Items(), func(id string) bool { return id == pluggysim.DemoItemID })
		},
		webhooks: func() (found, wanted int) { return len(sim.Webhooks()), 1 }, // one for the application
	}
}

// belvoPage returns the page of a Belvo simulator. Its objects are links.
func belvoPage(seed uint64) linkPage {
	sim := belvosim.New(belvosim.Options{Seed: seed, TokenTTL: linkTokenTTL})
	sim.AddSecret(belvosim.DemoSecretID, belvosim.DemoSecretPassword)
	return linkPage{
		name: "belvo", clientID: belvosim.DemoSecretID, secret: belvosim.DemoSecretPassword, api: sim,
		signIn: func(token, session string, result signInResult) string {
			l, err := sim.Connect(token, session, belvosim.Link{
				Institution: "erebor_br_retail", Status: map[signInResult]belvosim.LinkStatus{
					signInFailed: belvosim.LinkInvalid, signInUnfinished: belvosim.LinkTokenRequired,
				}[result],
			})
			if err != nil {
				return ""
			}
			_, _ = sim.AddAccount(belvosim.Account{Link: l.ID}) // it fails if the service has deleted the link
			return l.ID
		},
		finish: func(link string) { _ = sim.SetLinkStatus(link, belvosim.LinkValid) },
		objects: func() (ids []string) {
			for _, l := range sim.Links() {
				ids = append(ids, l.ID)
			}
			return ids
		},
		webhooks: func() (found, wanted int) { return 0, 0 }, // webhooks are set in the vendor's dashboard
	}
}

// TestKilledLinkSessionsLeaveNoOrphan kills the service at random points of many link sessions for new accounts.
// Afterwards the vendor must have exactly the objects to which the stored connections refer. LINK_SESSIONS is the
// number of sessions for each vendor on each backend, and SEED determines the points.
func TestKilledLinkSessionsLeaveNoOrphan(t *testing.T) {
	sessions, seed := number(t, "LINK_SESSIONS", 50), seedOf(t)
	for backend, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		for _, page := range []func(uint64) linkPage{pluggyPage, belvoPage} {
			page := page(seed)
			t.Run(backend+"/"+page.name, func(t *testing.T) {
				t.Parallel() // other tests run until the sessions have ended, which takes minutes
				r := newLinkCrash(t, at(t), page)
				kills := r.run(sessions, rand.New(rand.NewPCG(seed, 1)))
				r.check(t, kills)
			})
		}
	}
}

func newLinkCrash(t *testing.T, database string, page linkPage) *linkCrash {
	t.Helper()
	r := &linkCrash{env: newEnv(t, database), page: page, sessions: map[string]string{}}
	r.vendor = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		// The pauses let a kill hit a request before or after the vendor has handled it.
		pause := rand.N(60 * time.Millisecond)
		time.Sleep(pause)
		r.page.api.ServeHTTP(w, request)
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

// run lets account holders begin the given number of sessions, and kills the service repeatedly until the last token
// has expired. It returns the number of kills.
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

// link starts a session, and then acts as its account holder for a part of the lifetime of its token. It returns false
// if the service has not created the session.
func (r *linkCrash) link(name string, random *rand.Rand) bool {
	a, err := r.try(context.Background(), r.current(), http.MethodPost, surface+"/link-sessions", object{
		"vendor": r.page.name, "configName": name, "baseUrl": r.vendor.URL,
		"clientId": r.page.clientID, "secret": r.page.secret,
	})
	if err != nil || a.status != http.StatusCreated {
		r.lost.Add(1)
		return false
	}
	began, token, session := time.Now(), text(a.body, "token"), text(a.body, "id")
	r.mu.Lock()
	r.sessions[session] = name
	r.mu.Unlock()
	wait := func() { time.Sleep(time.Duration(random.Int64N(int64(linkTokenTTL / 2)))) }
	wait()
	switch random.IntN(5) {
	case 0: // the holder closes the page
	case 1:
		r.page.signIn(token, session, signInFailed)
	case 2:
		r.page.signIn(token, session, signInFailed)
		wait()
		r.page.signIn(token, session, signedIn)
	case 3:
		if id := r.page.signIn(token, session, signInUnfinished); id != "" {
			wait()
			r.page.finish(id)
		}
	default:
		r.page.signIn(token, session, signedIn)
	}
	time.Sleep(time.Until(began.Add(time.Duration(random.Int64N(int64(linkTokenTTL))))))
	return true
}

// check waits until the vendor has exactly the objects of the connections, and until every session has ended.
func (r *linkCrash) check(t *testing.T, kills int) {
	t.Helper()
	var diff string
	end := time.Now().Add(linkEnd + time.Duration(len(r.sessions))*linkCalls)
	for ; time.Now().Before(end); time.Sleep(time.Second) {
		if diff = r.difference(); diff == "" {
			break
		}
	}
	time.Sleep(5 * time.Second) // during this time nothing may change
	if diff = diff + r.difference(); diff != "" {
		t.Errorf("after %d kills (-vendor and done sessions +connections):\n%s", kills, diff)
	}
	done := len(r.all(r.current(), "/aggregator-connections"))
	t.Logf("%d kills, %d sessions, %d connections, %d requests without an answer", kills, len(r.sessions), done,
		r.lost.Load())
	if kills < 3 || done == 0 || done == len(r.sessions) {
		t.Errorf("%d kills and %d connections of %d sessions test too little", kills, done, len(r.sessions))
	}
	if found, wanted := r.page.webhooks(); found != wanted {
		t.Errorf("the vendor has %d webhooks, want %d", found, wanted)
	}
}

// difference compares the vendor's objects with the connections, and the finished sessions with the connections. It
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
	objects := r.page.objects()
	slices.Sort(objects)
	diff := cmp.Diff(objects, refs, cmpopts.EquateEmpty())
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
