package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// waitingPull returns a connection whose pull of changes waits for its next attempt, because the vendor fails.
func (e *env) waitingPull() (c domain.Connection, token string, waiting domain.PullID) {
	e.Helper()
	e.vendor.setRows("r1")
	c = e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	token = e.mintToken(c)
	e.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	created := domain.PullScope{Created: map[string]time.Time{account: epoch}}
	waiting = e.getDelivery(e.receive(token, eventBody("first", created)).Delivery.ID).Pull
	for range 6 {
		e.clock.pass(e.runPull(waiting))
	}
	e.runPull(waiting)
	e.wantPull(waiting, domain.PullQueued, domain.VendorUnreachable)
	return c, token, waiting
}

// An attempt that an event has brought forward does not count, and the next one is due when it was due before.
func TestAnEarlyAttemptDoesNotCount(t *testing.T) {
	e := newEnv(t)
	_, token, waiting := e.waitingPull()
	before := e.getPull(waiting)
	queued := e.getDelivery(e.receive(token, eventBody("second", domain.PullScope{Everything: true})).Delivery.ID).Pull
	e.runPull(queued)
	if e.nudged[len(e.nudged)-1] != waiting {
		t.Fatalf("the jobs are %v, want the last one of the waiting pull %s", e.nudged, waiting)
	}
	again := e.runPull(waiting)
	after := e.wantPull(waiting, domain.PullQueued, domain.VendorUnreachable)
	if after.Attempts != before.Attempts || !after.NotBefore.Equal(before.NotBefore) || after.IsEarly() {
		t.Errorf("after an early attempt the pull is %+v, before it was %+v", after, before)
	}
	e.clock.pass(again)
	e.runPull(waiting)
	if p := e.getPull(waiting); p.Attempts != before.Attempts+1 {
		t.Errorf("%d attempts after the next one, want %d", p.Attempts, before.Attempts+1)
	}
}

// An event wakes the waiting pull with the response to it, also if it is added to a pull that is queued already, and
// that no worker handles at the moment.
func TestNewsWakesAWaitingPullAtOnce(t *testing.T) {
	e := newEnv(t)
	_, token, waiting := e.waitingPull()
	quiet := domain.PullScope{Signal: domain.SignalReauth}
	queued := e.getDelivery(e.receive(token, eventBody("quiet", quiet)).Delivery.ID).Pull
	e.runPull(queued)
	if p := e.getPull(waiting); p.IsEarly() {
		t.Fatalf("an event that asks for no read has woken the pull %+v", p)
	}
	news := domain.PullScope{Created: map[string]time.Time{account: epoch}}
	if d := e.getDelivery(e.receive(token, eventBody("news", news)).Delivery.ID); d.Pull != queued {
		t.Fatalf("the news has the pull %s, want the queued one %s", d.Pull, queued)
	}
	if p := e.getPull(waiting); !p.IsEarly() || p.NotBefore.After(e.clock.Now()) {
		t.Errorf("after the news the waiting pull is %+v", p)
	}
	if e.nudged[len(e.nudged)-1] != waiting {
		t.Errorf("the jobs are %v, want the last one of the waiting pull %s", e.nudged, waiting)
	}
}

// An early attempt that succeeds ends the pull, and the queued one follows.
func TestAnEarlyAttemptEndsTheWait(t *testing.T) {
	e := newEnv(t)
	c, token, waiting := e.waitingPull()
	e.vendor.onCheck = nil
	e.vendor.setRows("r1", "r2")
	recovered := domain.PullScope{Signal: domain.SignalRecovered}
	queued := e.getDelivery(e.receive(token, eventBody("second", recovered)).Delivery.ID).Pull
	e.runPull(queued)
	e.runPull(waiting)
	e.wantPull(waiting, domain.PullSucceeded, "")
	e.runPull(queued)
	e.wantPull(queued, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// Our own budget may refuse an early attempt. It then stays an early one, and is made when the budget permits it.
func TestAnEarlyAttemptWaitsForTheBudget(t *testing.T) {
	e := newEnv(t)
	c, _, waiting := e.waitingPull()
	before := e.getPull(waiting)
	e.requestFullPull(c)
	e.vendor.onCheck = func() error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: 3 * time.Second}
	}
	again := e.runPull(waiting)
	p := e.wantPull(waiting, domain.PullQueued, domain.BudgetExhausted)
	if again != 3*time.Second || p.Attempts != before.Attempts || !p.ScheduledAt.Equal(before.NotBefore) {
		t.Errorf("again in %v, and the pull is %+v", again, p)
	}
	e.vendor.onCheck = nil
	e.clock.pass(again)
	e.runPull(waiting)
	e.wantPull(waiting, domain.PullSucceeded, "")
}

// The last counted attempt may follow any number of early ones, and what the vendor requests is obeyed.
func TestAnEarlyAttemptObeysRetryAfter(t *testing.T) {
	e := newEnv(t)
	c, _, waiting := e.waitingPull()
	e.requestFullPull(c)
	e.vendor.onCheck = func() error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: 10 * time.Minute}
	}
	if again := e.runPull(waiting); again != 10*time.Minute {
		t.Errorf("again in %v, want 10 minutes", again)
	}
	e.clock.pass(2 * time.Minute)
	e.requestFullPull(c)
	if again := e.runPull(waiting); again < 7*time.Minute {
		t.Errorf("a request of an operator is followed in %v, before the vendor's Retry-After", again)
	}
}

// A pull that an operator widens reads everything, whatever it was planned for.
func TestAWidenedPullIsPlannedAgain(t *testing.T) {
	e := newEnv(t)
	c, _, waiting := e.waitingPull()
	e.vendor.onCheck = nil
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return nil, unavailable(domain.VendorUnreachable)
	}
	e.clock.pass(time.Hour)
	e.runPull(waiting) // plans the pull
	if id := e.requestFullPull(c); id != waiting {
		t.Fatalf("the operator's pull is %s, want the waiting one", id)
	}
	e.vendor.onRead, e.vendor.scopes = nil, nil
	e.vendor.setRows("r2")
	e.runPull(waiting)
	e.wantPull(waiting, domain.PullSucceeded, "")
	if n := len(e.vendor.scopes); n != 1 || !e.vendor.scopes[0].Everything {
		t.Errorf("the steps were planned for %v", e.vendor.scopes)
	}
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}
