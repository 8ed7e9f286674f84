package application_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// wantSignIn fails the test unless the health says whether the account holder must sign in.
func (e *env) wantSignIn(c domain.Connection, want bool) {
	e.Helper()
	if h := e.getHealth(c); h.NeedsReauth != want {
		e.Errorf("needsReauth is %t, want %t: %+v", h.NeedsReauth, want, h)
	}
}

// pullStates bring a connection into each state of a pull, and call fn in this state.
var pullStates = map[string]func(e *env, fn func(c domain.Connection, token string)){
	"idle": func(e *env, fn func(domain.Connection, string)) {
		c := e.createConnection("books")
		e.runPull(e.requestFullPull(c))
		fn(c, e.mintToken(c))
	},
	"paused": func(e *env, fn func(domain.Connection, string)) {
		c := e.createConnection("books")
		e.runPull(e.requestFullPull(c))
		token := e.mintToken(c)
		e.pause(c)
		fn(c, token)
	},
	"running": func(e *env, fn func(domain.Connection, string)) {
		c := e.createConnection("books")
		token := e.mintToken(c)
		e.vendor.setRows("r1")
		called := false
		e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			if !called {
				called = true
				e.clock.pass(time.Second)
				fn(c, token)
				e.clock.pass(time.Second)
			}
			return nil, nil
		}
		id := e.requestFullPull(c)
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		if !called {
			e.Error("the pull has read no page")
		}
	},
	"waiting": func(e *env, fn func(domain.Connection, string)) {
		c, token, _ := e.waitingPull()
		fn(c, token)
	},
	"widened": func(e *env, fn func(domain.Connection, string)) {
		c, token, waiting := e.waitingPull()
		if id := e.requestFullPull(c); id != waiting {
			e.Fatalf("the pull of the operator is %s, want the waiting one", id)
		}
		fn(c, token)
	},
}

// An event that the account holder must sign in is shown with the response to it, whatever a pull does. The answer of a
// running pull to an earlier request does not clear it. Later ones do, or another event.
func TestASignInEventIsShownAtOnce(t *testing.T) {
	for name, inState := range pullStates {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			var c domain.Connection
			var queued domain.PullID
			inState(e, func(connection domain.Connection, token string) {
				c = connection
				e.wantSignIn(c, false)
				scope := domain.PullScope{Signal: domain.SignalReauth}
				queued = e.getDelivery(e.receive(token, eventBody("sign in", scope)).Delivery.ID).Pull
				e.wantSignIn(c, true)
			})
			e.wantSignIn(c, true)
			if name != "idle" && name != "running" {
				return
			}
			e.clock.pass(time.Second)
			e.runPull(queued)
			e.wantPull(queued, domain.PullSucceeded, "")
			e.wantSignIn(c, false)
		})
	}
}

// An event that the account holder has signed in is shown with the response to it. The answer of a running pull to an
// earlier request does not take it back.
func TestASignInThatIsDoneIsShownAtOnce(t *testing.T) {
	for name, inState := range pullStates {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			if name == "running" {
				e.vendor.status = domain.LinkStatus{NeedsReauth: true}
			}
			var c domain.Connection
			inState(e, func(connection domain.Connection, token string) {
				if c = connection; name != "running" {
					e.setHealth(c.ID, domain.Health{}.AfterReauth(e.clock.Now()))
				}
				e.wantSignIn(c, true)
				e.receive(token, eventBody("signed in", domain.PullScope{Signal: domain.SignalRecovered}))
				e.wantSignIn(c, false)
			})
			e.wantSignIn(c, false)
		})
	}
}

// What the vendor answers is shown while the attempt goes on, and although it fails in the end.
func TestASignInThatAnAttemptLearnsOfIsShownMeanwhile(t *testing.T) {
	e := newEnv(t)
	c, token, waiting := e.waitingPull()
	e.vendor.onCheck, e.vendor.status = nil, domain.LinkStatus{NeedsReauth: true}
	read := false
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		read = true
		e.wantSignIn(c, true)
		return nil, unavailable(domain.VendorUnreachable)
	}
	e.receive(token, eventBody("error", domain.PullScope{Problem: true}))
	if e.nudged[len(e.nudged)-1] != waiting {
		t.Fatalf("the jobs are %v, want the last one of the waiting pull %s", e.nudged, waiting)
	}
	e.runPull(waiting)
	e.wantPull(waiting, domain.PullQueued, domain.VendorUnreachable)
	if !read {
		t.Error("the attempt has read nothing")
	}
	e.wantSignIn(c, true)
}

// A replay does not repeat what an event has reported about the connection: newer ones may have followed.
func TestAReplayReportsNoSignIn(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	token := e.mintToken(c)
	event := domain.PullScope{Everything: true, Signal: domain.SignalReauth}
	d := e.getDelivery(e.receive(token, eventBody("sign in", event)).Delivery.ID)
	e.clock.pass(time.Second)
	e.runPull(d.Pull)
	e.wantSignIn(c, false)
	e.vendor.status.SyncComplete = false
	_, err := e.ReplayDelivery(e.ctx, e.tenant, d.ID)
	e.noError(err)
	e.runPull(e.getDelivery(d.ID).Pull)
	e.wantSignIn(c, false)
}
