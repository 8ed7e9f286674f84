package porttest

import (
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// earlyTests check what happens to a pull that waits for its next attempt when there is a reason to read again.
var earlyTests = []storeTest{
	{"an event that announces new data brings the attempt of a waiting pull forward", eventBringsForward},
	{"an event that announces nothing new leaves a waiting pull alone", eventLeavesWaitingPull},
	{"a connection has one early attempt a minute", earlyAttemptsAreLimited},
	{"no attempt is before the vendor's Retry-After", earlyAttemptAfterRetryAfter},
	{"the request of an operator brings the attempt of a waiting pull forward", requestBringsForward},
	{"an early attempt is not counted, unless its worker dies", earlyAttemptIsNotCounted},
	{"a request for everything widens a waiting pull", requestWidens},
	{"a pull that began before the target was set is not widened", oldTargetIsNotWidened},
	{"what an event reports is stored while another pull runs", reportedWhileRunning},
	{"what an event reports is stored before its pull starts, also during a pause", reportedBeforeItsPull},
	{"what a running attempt learns about the connection is stored before its end", reportedByAttempt},
}

// wait ends the attempt of a running pull. The pull then waits for an hour. retryAfter is the delay that the vendor
// has requested. The result is the time at which the next attempt is due.
func (f *fixture) wait(l domain.Lease, retryAfter time.Duration) time.Time {
	f.Helper()
	o := ports.Outcome{State: domain.PullQueued, LastError: domain.VendorUnreachable, Attempts: 7, At: f.now()}
	if o.NotBefore = o.At.Add(time.Hour); retryAfter > 0 {
		o.RetryAfterUntil = o.At.Add(retryAfter)
	}
	f.noError(f.Pulls.Finish(f.ctx, l, o))
	return o.NotBefore
}

// waitingPull returns a connection with a token, and its pull that waits for an hour after seven attempts.
func (f *fixture) waitingPull(retryAfter time.Duration) (domain.Connection, domain.WebhookToken, domain.PullID) {
	f.Helper()
	c, token := f.connectionWithToken()
	p := f.requestPull(c, domain.PullScope{News: true})
	l, _ := f.claim(p.ID)
	f.wait(l, retryAfter)
	return c, token, p.ID
}

// announce receives an event with a scope, and handles its pull, which must wait for another one. It returns the pull,
// and the time at which it was handled.
func (f *fixture) announce(token domain.WebhookToken, scope domain.PullScope) (queued domain.PullID, at time.Time) {
	f.Helper()
	queued = f.receive(f.incoming(token, wantedEvent(fmt.Sprint(f.now()), scope))).Delivery.Pull
	at = f.now()
	f.handleBlocked(queued, at)
	return queued, at
}

func (f *fixture) handleBlocked(queued domain.PullID, at time.Time) {
	f.Helper()
	blocked, err := f.Pulls.RemoveAnnounced(f.ctx, queued, at, withoutMatching)
	f.noError(err)
	f.equal("blocked", true, blocked)
}

func eventBringsForward(f *fixture) {
	for _, scope := range []domain.PullScope{
		{Everything: true}, {News: true}, {Changed: map[string][]string{"acc": {"1"}}},
		{Created: map[string]time.Time{"acc": epoch}}, {Signal: domain.SignalRecovered},
	} {
		_, token, waiting := f.waitingPull(0)
		due := f.getPull(waiting).NotBefore
		queued, at := f.announce(token, scope)
		p := f.getPull(waiting)
		f.equal("due", at, p.NotBefore)
		f.equal("was due", due, p.ScheduledAt)
		f.inUTC(p.ScheduledAt)
		f.equal("listed as due", true, f.isStuck(waiting, at.Add(timeResolution), 0))
		f.handleBlocked(queued, f.now())
		f.equal("due after a second look at the same event", at, f.getPull(waiting).NotBefore)
		l, claimed := f.claim(waiting)
		f.equal("the claimed pull", due, claimed.Pull.ScheduledAt)
		f.wait(l, 0)
		f.handleBlocked(queued, f.now().Add(5*time.Minute))
		f.equal("early attempt for the event that was followed", time.Time{}, f.getPull(waiting).ScheduledAt)
	}
}

func eventLeavesWaitingPull(f *fixture) {
	for _, scope := range []domain.PullScope{
		{}, {Removed: []string{"1"}}, {Signal: domain.SignalReauth},
		{Consents: []domain.ConsentReport{{Status: domain.ReportedRevoked}}},
	} {
		_, token, waiting := f.waitingPull(0)
		before := f.getPull(waiting)
		f.announce(token, scope)
		f.equal("the waiting pull", before, f.getPull(waiting))
	}
	_, token, waiting := f.waitingPull(0)
	_, at := f.announce(token, domain.PullScope{News: true})
	l, _ := f.claimAt(waiting, at)
	f.wait(l, 0)
	f.announce(token, domain.PullScope{Signal: domain.SignalReauth}) // attached to the pull that also has the news
	f.equal("early attempt", time.Time{}, f.getPull(waiting).ScheduledAt)
}

func earlyAttemptsAreLimited(f *fixture) {
	_, token, waiting := f.waitingPull(0)
	_, first := f.announce(token, domain.PullScope{News: true})
	l, _ := f.claim(waiting)
	f.wait(l, 0)
	for range 2 {
		f.announce(token, domain.PullScope{News: true})
		p := f.getPull(waiting)
		f.equal("due", first.Add(time.Minute), p.NotBefore)
		f.notDue(waiting, p.NotBefore.Add(-timeResolution))
	}
	f.claimAt(waiting, first.Add(time.Minute))
}

func earlyAttemptAfterRetryAfter(f *fixture) {
	for _, wait := range []time.Duration{10 * time.Minute, 2 * time.Hour} {
		c, token, waiting := f.waitingPull(wait)
		before := f.getPull(waiting)
		f.announce(token, domain.PullScope{News: true})
		f.requestPull(c, domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-31"}})
		p := f.getPull(waiting)
		due := before.NotBefore
		if wait < time.Hour {
			due = before.RetryAfterUntil
		}
		f.equal("due", due, p.NotBefore)
		f.equal("Retry-After", before.RetryAfterUntil, p.RetryAfterUntil)
		f.equal("early", wait < time.Hour, p.IsEarly())
		_, claimed := f.claimAt(waiting, due)
		f.equal("Retry-After of the claimed pull", time.Time{}, claimed.Pull.RetryAfterUntil)
	}
}

func requestBringsForward(f *fixture) {
	for _, trigger := range []domain.Trigger{domain.TriggerOperator, domain.TriggerReconcile} {
		c, _, waiting := f.waitingPull(0)
		due := f.getPull(waiting).NotBefore
		r := ports.PullRequest{
			ID: newID[domain.Pull](), Trigger: trigger, At: f.now(),
			Scope: domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-31"}},
		}
		queued, err := f.Pulls.Request(f.ctx, c.Tenant, c.ID, r, nil)
		f.noError(err)
		f.equal("the queued pull", r.ID, queued.ID)
		if trigger == domain.TriggerOperator {
			due = r.At
		}
		f.equal("due", due, f.getPull(waiting).NotBefore)
		f.notDue(queued.ID, f.now())
	}
}

func earlyAttemptIsNotCounted(f *fixture) {
	_, token, waiting := f.waitingPull(0)
	f.announce(token, domain.PullScope{News: true})
	l, claimed := f.claim(waiting)
	f.equal("attempts", 7, claimed.Pull.Attempts)
	f.equal("stored attempts", 7, f.getPull(waiting).Attempts)
	_, claimed = f.claimAt(waiting, l.Until)
	f.equal("attempts after the worker died", 8, claimed.Pull.Attempts)
	f.equal("early", false, claimed.Pull.IsEarly())

	_, token, waiting = f.waitingPull(0)
	f.announce(token, domain.PullScope{News: true})
	due := f.getPull(waiting).ScheduledAt
	_, claimed = f.claimAt(waiting, due) // no worker was free before
	f.equal("attempts at the scheduled time", 8, claimed.Pull.Attempts)
	f.equal("early at the scheduled time", false, claimed.Pull.IsEarly())
}

func requestWidens(f *fixture) {
	c, _, waiting := f.waitingPull(0)
	before := f.getPull(waiting)
	r := ports.PullRequest{
		ID:      newID[domain.Pull](),
		Scope:   domain.PullScope{Everything: true},
		Trigger: domain.TriggerReconcile,
		At:      f.now(),
	}
	p, err := f.Pulls.Request(f.ctx, c.Tenant, c.ID, r, nil)
	f.noError(err)
	want := before
	want.Scope = want.Scope.Merge(r.Scope)
	f.equal("the returned pull", want, p)
	f.equal("the stored pull", want, f.getPull(waiting))
	f.equal("due for reconciliation", false, f.isDueForReconcile(c, longAfter(f.now())))
	p = f.requestPull(c, domain.PullScope{Everything: true})
	f.equal("the pull of the operator", waiting, p.ID)
	f.equal("early", true, p.IsEarly())
	l, claimed := f.claim(waiting)
	f.equal("claimed", true, claimed.Pull.Scope.Everything)

	f.mustStorePage(l, ports.PageWrite{Progress: domain.Progress{
		Planned: true,
		Target:  c.Target(),
		Steps:   []domain.Step{{Account: "a"}, {Account: "b"}},
		Step:    1,
		Cursor:  "next",
	}})
	f.wait(l, 0)
	f.requestPull(c, domain.PullScope{Everything: true})
	_, claimed = f.claimAt(waiting, f.getPull(waiting).NotBefore)
	f.equal("planned again", true, claimed.Pull.Progress.Widened)
	f.equal("cursor", "next", claimed.Pull.Progress.Cursor)
}

func oldTargetIsNotWidened(f *fixture) {
	c, _, waiting := f.waitingPull(0)
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Repoint(c.BaseURL, c.AccountRef+"-2", f.now())
		return nil
	})
	f.noError(err)
	p := f.requestPull(c, domain.PullScope{Everything: true})
	if p.ID == waiting {
		f.Error("the request widens a pull that has begun to read another target")
	}
	f.equal("early", true, f.getPull(waiting).IsEarly())
}

func reportedBeforeItsPull(f *fixture) {
	for _, paused := range []bool{false, true} {
		c, token := f.connectionWithToken()
		f.setPaused(c, paused)
		received := f.receive(f.incoming(token, wantedEvent("sign in", domain.PullScope{Signal: domain.SignalReauth})))
		f.equal("reporting", []domain.PullID{received.Delivery.Pull}, received.Reporting)
		for range 2 { // the second time, nothing changes
			blocked, err := f.Pulls.RemoveAnnounced(f.ctx, received.Delivery.Pull, f.now(), withoutMatching)
			f.noError(err)
			f.equal("blocked", false, blocked)
			h := f.getConnection(c).Health
			f.equal("needsReauth", true, h.NeedsReauth && h.ReauthByEvent)
			f.equal("since", received.Delivery.ReceivedAt, h.ReauthSince)
			f.equal("signal", received.Delivery.ReceivedAt, h.SignalAt)
		}
		f.equal("not asking", 0, len(received.Asking))
		news := f.receive(f.incoming(token, wantedEvent("news", domain.PullScope{Everything: true})))
		f.equal("nothing to report", 0, len(news.Reporting))
		f.equal("asking", []domain.PullID{received.Delivery.Pull}, news.Asking)
	}
}

func reportedByAttempt(f *fixture) {
	c := f.createConnection()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	at := f.now()
	learn := func(c *domain.Connection) { c.Health = c.Health.AfterReauth(at) }
	f.noError(f.Pulls.ReportConnection(f.ctx, l, at, learn))
	f.equal("needsReauth", true, f.getConnection(c).Health.NeedsReauth)
	f.noError(f.Pulls.ReportConnection(f.ctx, l, at, func(c *domain.Connection) { c.Name = "another" }))
	f.equal("the name", c.Name, f.getConnection(c).Name)
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullSucceeded, At: f.now()}))
	f.errorIs(f.Pulls.ReportConnection(f.ctx, l, at, learn), domain.LeaseLost)
}

func reportedWhileRunning(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	f.storeRows(l, row("1"))
	scope := domain.PullScope{Signal: domain.SignalReauth, Removed: []string{"1"}}
	queued := f.receive(f.incoming(token, wantedEvent("error", scope))).Delivery.Pull
	blocked, err := f.Pulls.RemoveAnnounced(f.ctx, queued, f.now(), withoutMatching)
	f.noError(err)
	f.equal("blocked", false, blocked)
	f.equal("reauth", true, f.factsOf(c).Health.NeedsReauth)
	f.equal("the removal waits for the running pull", 1, f.getRow(c, "1").Version)
	f.equal("the running pull", domain.PullRunning, f.getPull(l.Pull).State)
}
