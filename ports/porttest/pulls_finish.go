package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// finishTests check Pulls.Finish.
var finishTests = []storeTest{
	{"a pull ends with the outcome of its last attempt", finishSetsTheOutcome},
	{"an attempt that cost nothing is not counted", attemptIsRestored},
	{"a success clears the last error", successClearsLastError},
	{"the outcome of an attempt updates only the connection's health", healthIsUpdated},
	{"a complete pull that succeeds is counted in the month, and an update keeps the count", completePullsAreCounted},
	{"the position in the stream is stored for its target, and an update keeps it", streamPositionIsStored},
	{"concurrent updates of health and of the connection are both kept", healthRacesUpdate},
}

func finishSetsTheOutcome(f *fixture) {
	for _, o := range []ports.Outcome{
		{State: domain.PullSucceeded, Attempts: 1, At: f.now()},
		{State: domain.PullFailed, LastError: domain.CredentialRejected, Attempts: 25, At: f.now()},
		{State: domain.PullQueued, LastError: domain.VendorRateLimited, NotBefore: epoch.Add(90 * time.Second),
			Attempts: 1, At: f.now()},
	} {
		c, l := f.runningPull()
		f.storeRows(l, row("1"))
		want := f.getPull(l.Pull)
		want.State, want.LastError, want.NotBefore, want.Attempts = o.State, o.LastError, o.NotBefore, o.Attempts
		if o.State != domain.PullQueued {
			want.FinishedAt = o.At
		}
		f.noError(f.Pulls.Finish(f.ctx, l, o))
		got := f.getPull(l.Pull)
		f.equal("pull", want, got)
		c.Announced.PullFailed = o.State == domain.PullFailed
		f.equal("connection", c, f.getConnection(c))
		if o.State == domain.PullQueued {
			f.inUTC(got.NotBefore)
		} else {
			f.inUTC(got.FinishedAt)
		}
	}
}

// attemptIsRestored checks a pull whose only attempt was not counted. The field Attempts of the pull is zero, although
// the pull has started. A new request for some rows must not be merged into a started pull.
func attemptIsRestored(f *fixture) {
	c, l := f.runningPull()
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.BudgetExhausted, NotBefore: at, Attempts: 0, At: at,
	}))
	f.equal("attempts", 0, f.getPull(l.Pull).Attempts)
	next := f.requestPull(c, domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-31"}})
	if next.ID == l.Pull {
		f.Fatal("a request merged into a started pull whose attempt was not counted")
	}
	f.notDue(next.ID, at)
	l, claimed := f.claimAt(l.Pull, at)
	f.equal("attempts of the next attempt", 1, claimed.Pull.Attempts)
	f.equal("StartedAt is of the first attempt", true, claimed.Pull.StartedAt.Before(at))
	f.finish(l, domain.PullSucceeded, "")
	_, claimed = f.claim(next.ID)
	f.equal("the next pull's scope", next.Scope, claimed.Pull.Scope)
}

func successClearsLastError(f *fixture) {
	_, l := f.runningPull()
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.equal("last error while it waits", domain.VendorUnreachable, f.getPull(l.Pull).LastError)
	l, _ = f.claimAt(l.Pull, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("last error afterwards", domain.Code(""), f.getPull(l.Pull).LastError)
}

// healthIsUpdated checks that Finish updates only the health of the connection. Revision and UpdatedAt must not change,
// because they reflect only changes by an operator. Otherwise a request with If-Match would fail.
func healthIsUpdated(f *fixture) {
	c, l := f.runningPull()
	at := f.now()
	steps := []func(domain.Health) domain.Health{
		func(h domain.Health) domain.Health {
			return h.AfterSignal(domain.SignalReauth, at).AfterFailure(domain.AccessDenied, at)
		},
		nil,
		func(h domain.Health) domain.Health { return h.AfterSuccess(domain.LinkStatus{}, at.Add(time.Hour)) },
	}
	want := c
	for _, fold := range steps {
		if fold != nil {
			want.Health = fold(want.Health)
		}
		f.noError(f.Pulls.Finish(f.ctx, l,
			ports.Outcome{State: domain.PullFailed, Attempts: 1, At: f.now(), Health: fold}))
		want.Announced = domain.Announced{Reauth: want.Health.NeedsReauth, PullFailed: true}
		got := f.getConnection(c)
		f.equal("connection", want, got)
		f.inUTC(got.Health.Since)
		l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	}
}

// streamPositionIsStored checks that Get, List and Claim return the stream position that Finish has stored.
func streamPositionIsStored(f *fixture) {
	c, l := f.runningPull()
	finish := func(target, position string) {
		f.Helper()
		f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 1, At: epoch,
			Stream: &records.StreamRead{Target: target, Position: position},
		}))
		var claimed ports.Claimed
		l, claimed = f.claim(f.requestPull(c, domain.PullScope{}).ID)
		f.equal("position of the claimed pull", f.getConnection(c).StreamPosition, claimed.Connection.StreamPosition)
	}
	const position = "abc+/=="
	finish(c.Target(), position)
	f.equal("position", position, f.getConnection(c).StreamPosition)
	finish("another target", "other")
	f.equal("position after a pull of another target", position, f.getConnection(c).StreamPosition)
	rename := func(c *domain.Connection) error {
		c.Rename("renamed")
		return nil
	}
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, rename)
	f.noError(err)
	page, err := f.Connections.List(f.ctx, f.tenant, ports.ConnectionFilter{Kind: c.Kind}, domain.PageRequest{Limit: 1})
	f.noError(err)
	f.equal("position in the list", position, page.Items[0].StreamPosition)
	repoint := func(c *domain.Connection) error {
		c.Repoint(c.BaseURL, c.AccountRef+"-2", epoch)
		return nil
	}
	_, err = f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, repoint)
	f.noError(err)
	f.equal("position of another account reference", "", f.getConnection(c).StreamPosition)
}

// completePullsAreCounted checks that Finish counts succeeded complete pulls in the monthly usage of the connection,
// and that Get and List return the usage.
func completePullsAreCounted(f *fixture) {
	c, l := f.runningPull()
	finish := func(o ports.Outcome) {
		f.Helper()
		o.Attempts, o.At = 1, epoch
		f.noError(f.Pulls.Finish(f.ctx, l, o))
		l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	}
	finish(ports.Outcome{State: domain.PullSucceeded, Complete: true})
	finish(ports.Outcome{State: domain.PullSucceeded})
	finish(ports.Outcome{State: domain.PullFailed, Complete: true, LastError: domain.AccessDenied})
	finish(ports.Outcome{State: domain.PullSucceeded, Complete: true})
	c, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Usage = c.Usage.AddRefresh(epoch)
		return nil
	})
	f.noError(err)
	want := domain.MonthlyUsage{}.In(epoch)
	want.Pulls, want.Refreshes = 2, 1
	f.equal("usage", want, f.getConnection(c).Usage)
	f.inUTC(f.getConnection(c).Usage.Month)
	page, err := f.Connections.List(f.ctx, f.tenant, ports.ConnectionFilter{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("usage in the list", want, page.Items[0].Usage)
}

// healthRacesUpdate calls Finish and Update concurrently. A change is lost if one of them writes back the
// whole row from an earlier read.
func healthRacesUpdate(f *fixture) {
	c := f.createConnection()
	for i := range 5 {
		l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
		at := f.now()
		concurrently(2, func(side int) {
			var err error
			if side == 0 {
				err = f.Pulls.Finish(f.ctx, l, ports.Outcome{
					State: domain.PullSucceeded, Attempts: 1, At: at,
					Health: func(h domain.Health) domain.Health {
						return h.AfterSuccess(domain.LinkStatus{NeedsReauth: i%2 == 0}, at)
					},
				})
			} else {
				_, err = f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
					c.Revision++
					return nil
				})
			}
			if err != nil {
				f.Error(err)
			}
		})
		got := f.getConnection(c)
		f.equal("revision", int64(i+2), got.Revision)
		f.equal("needs reauth", i%2 == 0, got.Health.NeedsReauth)
	}
}
