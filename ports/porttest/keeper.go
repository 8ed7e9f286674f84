package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// keeperPromises are the safety net's. Its methods see every tenant's rows.
var keeperPromises = []promise{
	{"a pull that is due for longer than grace is stranded", strandedQueued},
	{"a pull whose lease has ended is stranded", strandedRunning},
	{"a pull that is queued behind one at work is not stranded", queuedBehindIsNotStranded},
	{"a connection whose pulls ended long ago, or that never had one, is idle", idleConnections},
	{"the backlog is as old as the oldest pull that is not over", backlogAge},
}

// all is a limit that no test database reaches.
const all = 100_000

func (b *bench) stranded(pull domain.PullID, at time.Time, grace time.Duration) bool {
	b.Helper()
	pulls, err := b.Pulls.ListStuck(b.ctx, at, grace, all)
	b.ok(err)
	return slices.Contains(pulls, pull)
}

// strandedQueued goes through grace from the request and from the time of the next try.
func strandedQueued(b *bench) {
	const grace = time.Minute
	pull := b.request(b.connection(), domain.PullScope{})
	at := pull.CreatedAt
	b.same("at once", false, b.stranded(pull.ID, at, grace))
	b.same("before the end of grace", false, b.stranded(pull.ID, at.Add(grace-instant), grace))
	b.same("after it", true, b.stranded(pull.ID, at.Add(grace+instant), grace))
	some, err := b.Pulls.ListStuck(b.ctx, behind(at), grace, 1)
	b.ok(err)
	b.same("of limit 1", 1, len(some))

	l, _ := b.claim(pull.ID)
	due := l.Until.Add(time.Hour)
	b.ok(b.Pulls.Finish(b.ctx, l, ports.Outcome{State: domain.PullQueued, NotBefore: due, Attempts: 1, At: b.now()}))
	b.same("while it waits", false, b.stranded(pull.ID, due.Add(grace-instant), grace))
	b.same("after it has waited", true, b.stranded(pull.ID, due.Add(grace+instant), grace))
	l, _ = b.claimAt(pull.ID, due)
	b.finish(l, domain.PullSucceeded, "")
	b.same("when it is over", false, b.stranded(pull.ID, behind(due), grace))
}

func strandedRunning(b *bench) {
	_, l := b.running()
	b.same("while its lease holds", false, b.stranded(l.Pull, l.Until.Add(-instant), 0))
	b.same("afterwards", true, b.stranded(l.Pull, l.Until.Add(instant), time.Hour))
	b.claimAt(l.Pull, l.Until.Add(instant))
	b.same("when it was taken over", false, b.stranded(l.Pull, l.Until.Add(time.Second), 0))
}

// queuedBehindIsNotStranded: kicking it would only find it not due, again and again.
func queuedBehindIsNotStranded(b *bench) {
	c, l := b.running()
	next := b.request(c, domain.PullScope{})
	at := behind(epoch)
	b.ok(b.page(l, ports.PageWrite{LeaseUntil: behind(at)}))
	b.same("while the first is at work", false, b.stranded(next.ID, at, time.Minute))
	b.finish(l, domain.PullSucceeded, "")
	b.same("when the first is over", true, b.stranded(next.ID, at, time.Minute))
}

func (b *bench) idle(c domain.Connection, since time.Time) bool {
	b.Helper()
	idle, err := b.Pulls.ListDueForReconcile(b.ctx, since, all)
	b.ok(err)
	for _, other := range idle {
		if other.ID == c.ID {
			b.same("what Idle gives", b.get(c), other)
			return true
		}
	}
	return false
}

func idleConnections(b *bench) {
	c, token := b.door()
	since := b.now()
	b.same("before any pull", true, b.idle(c, since))
	b.same("created since", false, b.idle(c, c.CreatedAt))
	some, err := b.Pulls.ListDueForReconcile(b.ctx, since, 1)
	b.ok(err)
	b.same("of limit 1", 1, len(some))
	d := b.knock(token)
	b.same("with a queued pull", false, b.idle(c, since))
	l, _ := b.claim(d.Pull)
	b.same("with a running pull", false, b.idle(c, since))
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	b.same("with a waiting pull", false, b.idle(c, since))
	l, _ = b.claimAt(d.Pull, behind(epoch))
	b.finish(l, domain.PullFailed, domain.CredentialRejected)
	failed := b.pull(l.Pull).FinishedAt
	b.same("after a failure since", false, b.idle(c, failed))
	b.same("after a failure before", true, b.idle(c, failed.Add(instant)))
	l, _ = b.claim(b.request(c, domain.PullScope{}).ID)
	b.finish(l, domain.PullSucceeded, "")
	ended := b.pull(l.Pull).FinishedAt
	b.same("after a success since", false, b.idle(c, ended))
	b.same("after a success before", true, b.idle(c, ended.Add(instant)))
	b.same("an engine connection", false, b.idle(b.store(b.freshEngine("engine")), since))
	b.delete(c)
	idle, err := b.Pulls.ListDueForReconcile(b.ctx, behind(epoch), all)
	b.ok(err)
	b.same("a deleted connection", false, slices.ContainsFunc(idle, func(other domain.Connection) bool { return other.ID == c.ID }))
}

// backlogAge plays in a year of its own, at an instant of its own: the backlog is
// every tenant's.
func backlogAge(b *bench) {
	age := newUUID()
	at := time.Unix(0, 0).UTC().Add(time.Duration(age[14])*time.Hour + time.Duration(age[15])*time.Second)
	c := b.connection()
	backlog := func() time.Time {
		oldest, err := b.Pulls.OldestOpen(b.ctx)
		b.ok(err)
		return oldest
	}
	pull, err := b.Pulls.Request(b.ctx, b.tenant, c.ID, ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: at})
	b.ok(err)
	b.request(b.connection(), domain.PullScope{}) // a younger one
	still := func(when string) {
		b.Helper()
		if oldest := backlog(); oldest.IsZero() || oldest.After(at) {
			b.Errorf("%s: the oldest is of %v, want %v or before", when, oldest, at)
		}
		b.utc(backlog())
	}
	still("while it is queued")
	l, _ := b.claim(pull.ID)
	still("while it runs")
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	still("while it waits")
	l, _ = b.claimAt(pull.ID, behind(epoch))
	b.finish(l, domain.PullSucceeded, "")
	if backlog().Equal(at) {
		b.Error("a pull that is over counts")
	}
}
