package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maintenanceTests check those methods of Pulls that maintenance tasks use. These methods see the rows of every tenant.
var maintenanceTests = []storeTest{
	{"a pull that is due for longer than grace is stuck", overduePullIsStuck},
	{"a pull with an expired lease is stuck", expiredLeaseIsStuck},
	{"a pull queued after a running one is not stuck", queuedBehindRunningIsNotStuck},
	{"ListStuck returns the oldest pull first", stuckPullsOldestFirst},
	{"ListWaiting returns the pulls that can be claimed, oldest first", waitingPulls},
	{"ListWaiting leaves out tenants", waitingPullsOfOtherTenants},
	{"a connection without a recent complete pull is due for reconciliation", connectionsDueForReconcile},
	{"a pull of a few rows does not put off the reconciliation", narrowPullsAndReconcile},
	{"a first pull and an event of everything put off the reconciliation", completePullsWithoutARequest},
	{"pulls that changed nothing are pruned by age, unless something names them", pullsPruned},
	{"OldestOpen is the time of the oldest pull that has not ended", oldestOpenPull},
}

// noLimit is a limit that is higher than the number of rows in any test database.
const noLimit = 100_000

func (f *fixture) isStuck(pull domain.PullID, at time.Time, grace time.Duration) bool {
	f.Helper()
	pulls, err := f.Pulls.ListStuck(f.ctx, at, grace, noLimit)
	f.noError(err)
	return slices.Contains(pulls, pull)
}

// overduePullIsStuck checks that a pull is stuck once the grace period has passed. The grace period of a new pull
// starts when the pull is requested. If a pull waits for its next attempt, the grace period starts when this attempt is
// due.
func overduePullIsStuck(f *fixture) {
	const grace = time.Minute
	pull := f.requestPull(f.createConnection(), domain.PullScope{})
	at := pull.CreatedAt
	f.equal("immediately", false, f.isStuck(pull.ID, at, grace))
	f.equal("before the end of grace", false, f.isStuck(pull.ID, at.Add(grace-timeResolution), grace))
	f.equal("after it", true, f.isStuck(pull.ID, at.Add(grace+timeResolution), grace))
	some, err := f.Pulls.ListStuck(f.ctx, longAfter(at), grace, 1)
	f.noError(err)
	f.equal("of limit 1", 1, len(some))

	l, _ := f.claim(pull.ID)
	due := l.Until.Add(time.Hour)
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullQueued, NotBefore: due, Attempts: 1,
		At: f.now()}))
	f.equal("while it waits", false, f.isStuck(pull.ID, due.Add(grace-timeResolution), grace))
	f.equal("after it has waited", true, f.isStuck(pull.ID, due.Add(grace+timeResolution), grace))
	l, _ = f.claimAt(pull.ID, due)
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after it has ended", false, f.isStuck(pull.ID, longAfter(due), grace))
}

func expiredLeaseIsStuck(f *fixture) {
	_, l := f.runningPull()
	f.equal("while its lease holds", false, f.isStuck(l.Pull, l.Until.Add(-timeResolution), 0))
	f.equal("afterwards", true, f.isStuck(l.Pull, l.Until.Add(timeResolution), time.Hour))
	f.claimAt(l.Pull, l.Until.Add(timeResolution))
	f.equal("after a takeover", false, f.isStuck(l.Pull, l.Until.Add(time.Second), 0))
}

// queuedBehindRunningIsNotStuck checks that a pull is not stuck while another pull of its connection runs.
// Otherwise workers would try to run the queued pull again and again, although it is not due.
func queuedBehindRunningIsNotStuck(f *fixture) {
	c, l := f.runningPull()
	next := f.requestPull(c, domain.PullScope{})
	at := longAfter(epoch)
	f.noError(f.storePage(l, ports.PageWrite{LeaseUntil: longAfter(at)}))
	f.equal("while the first runs", false, f.isStuck(next.ID, at, time.Minute))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after the first has ended", true, f.isStuck(next.ID, at, time.Minute))
}

func stuckPullsOldestFirst(f *fixture) {
	older := f.requestPull(f.createConnection(), domain.PullScope{}).ID
	younger := f.requestPull(f.createConnection(), domain.PullScope{}).ID
	stuck, err := f.Pulls.ListStuck(f.ctx, longAfter(epoch), 0, noLimit)
	f.noError(err)
	stuck = slices.DeleteFunc(stuck, func(id domain.PullID) bool { return id != older && id != younger })
	f.equal("stuck pulls", []domain.PullID{older, younger}, stuck)
}

// waitingOf calls ListWaiting with the given excluded tenants. It returns the pulls that are both in the
// result of ListWaiting and in the argument pulls.
func (f *fixture) waitingOf(
	at time.Time,
	excludedTenants []domain.TenantID,
	pulls ...domain.PullID,
) (found []domain.PullID) {
	f.Helper()
	waiting, err := f.Pulls.ListWaiting(f.ctx, at, excludedTenants, noLimit)
	f.noError(err)
	for _, p := range waiting {
		if slices.Contains(pulls, p.ID) {
			found = append(found, p.ID)
			want, err := f.Pulls.Get(f.ctx, p.Tenant, p.ID)
			f.noError(err)
			want.Scope, want.Progress = domain.PullScope{}, domain.Progress{}
			f.equal("the pull that ListWaiting returns", want, p)
		}
	}
	return found
}

// waitingPulls checks pulls in every state. ListWaiting must return a pull if, and only if, Claim would accept it.
func waitingPulls(f *fixture) {
	var none []domain.PullID
	c := f.createConnection()
	first := f.requestPull(c, domain.PullScope{Everything: true}).ID
	other := f.requestPull(f.createConnection(), domain.PullScope{Everything: true}).ID
	at := f.now()
	f.equal("queued", []domain.PullID{first, other}, f.waitingOf(at, nil, first, other))
	some, err := f.Pulls.ListWaiting(f.ctx, at, nil, 1)
	f.noError(err)
	f.equal("of limit 1", 1, len(some))

	l, _ := f.claimAt(first, at)
	next := f.requestPull(c, domain.PullScope{}).ID
	f.equal("running, and queued after it", none, f.waitingOf(l.Until.Add(-timeResolution), nil, first, next))
	f.equal("with an expired lease", []domain.PullID{first}, f.waitingOf(l.Until, nil, first, next))
	due := l.Until.Add(time.Hour)
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullQueued, NotBefore: due, Attempts: 1, At: at}))
	f.equal("before its next attempt", none, f.waitingOf(due.Add(-timeResolution), nil, first, next))
	f.equal("at its next attempt", []domain.PullID{first}, f.waitingOf(due, nil, first, next))
	l, _ = f.claimAt(first, due)
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after the first has ended", []domain.PullID{next}, f.waitingOf(due, nil, first, next))
}

func waitingPullsOfOtherTenants(f *fixture) {
	own := f.requestPull(f.createConnection(), domain.PullScope{}).ID
	tenant := f.tenant
	f.tenant = newTenant()
	foreign := f.requestPull(f.createConnection(), domain.PullScope{}).ID
	both := []domain.TenantID{tenant, f.tenant}
	at := f.now()
	f.equal("without the first", []domain.PullID{foreign}, f.waitingOf(at, both[:1], own, foreign))
	f.equal("without the second", []domain.PullID{own}, f.waitingOf(at, both[1:], own, foreign))
	f.tenant = tenant
	waiting, err := f.Pulls.ListWaiting(f.ctx, at, both, noLimit)
	f.noError(err)
	f.equal("without both", false, slices.ContainsFunc(waiting, func(p domain.Pull) bool {
		return slices.Contains(both, p.Tenant)
	}))
}

func (f *fixture) isDueForReconcile(c domain.Connection, since time.Time) bool {
	f.Helper()
	idle, err := f.Pulls.ListDueForReconcile(f.ctx, since, noLimit)
	f.noError(err)
	for _, other := range idle {
		if other.ID == c.ID {
			f.equal("the connection that ListDueForReconcile returns", f.getConnection(c), other)
			return true
		}
	}
	return false
}

func connectionsDueForReconcile(f *fixture) {
	c := f.createConnection()
	since := f.now()
	everything := domain.PullScope{Everything: true}
	f.equal("before any pull", true, f.isDueForReconcile(c, since))
	f.equal("created since", false, f.isDueForReconcile(c, c.CreatedAt))
	some, err := f.Pulls.ListDueForReconcile(f.ctx, since, 1)
	f.noError(err)
	f.equal("of limit 1", 1, len(some))
	p := f.requestPull(c, everything)
	f.equal("with a queued pull", false, f.isDueForReconcile(c, since))
	l, _ := f.claim(p.ID)
	f.equal("with a running pull", false, f.isDueForReconcile(c, since))
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.equal("with a waiting pull", false, f.isDueForReconcile(c, since))
	l, _ = f.claimAt(p.ID, longAfter(epoch))
	f.finish(l, domain.PullFailed, domain.CredentialRejected)
	failed := f.getPull(l.Pull).FinishedAt
	f.equal("after a failure since", false, f.isDueForReconcile(c, failed))
	f.equal("after a failure before", true, f.isDueForReconcile(c, failed.Add(timeResolution)))
	l, _ = f.claim(f.requestPull(c, everything).ID)
	f.finish(l, domain.PullSucceeded, "")
	ended := f.getPull(l.Pull).FinishedAt
	f.equal("after a success since", false, f.isDueForReconcile(c, ended))
	f.equal("after a success before", true, f.isDueForReconcile(c, ended.Add(timeResolution)))
	f.equal("an engine connection", false, f.isDueForReconcile(f.createStored(f.newEngine("engine")), since))
	f.deleteConnection(c)
	idle, err := f.Pulls.ListDueForReconcile(f.ctx, longAfter(epoch), noLimit)
	f.noError(err)
	f.equal("a deleted connection", false, slices.ContainsFunc(idle, func(other domain.Connection) bool {
		return other.ID == c.ID
	}))
}

// narrowPullsAndReconcile checks that a pull of a few rows does not delay the reconciliation of its connection, in any
// state of the pull. If a request for everything is merged into the pull, it counts as a complete pull. A complete pull
// reads everything that the vendor has.
func narrowPullsAndReconcile(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	f.finish(l, domain.PullSucceeded, "")
	since := f.now()
	narrow := domain.PullScope{Changed: map[string][]string{"a": {"1"}}}
	f.equal("before the narrow pull", true, f.isDueForReconcile(c, since))
	p := f.receive(f.incoming(token, wantedEvent("1", narrow))).Delivery.Pull
	f.equal("while it is queued", true, f.isDueForReconcile(c, since))
	l, claimed := f.claim(p)
	f.equal("initial", false, claimed.Initial)
	f.equal("while it runs", true, f.isDueForReconcile(c, since))
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.equal("while it waits", true, f.isDueForReconcile(c, since))
	l, _ = f.claimAt(p, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after it has succeeded", true, f.isDueForReconcile(c, since))
	l, _ = f.claim(f.requestPull(c, narrow).ID)
	f.finish(l, domain.PullFailed, domain.AccessDenied)
	f.equal("after another one has failed", true, f.isDueForReconcile(c, since))

	l, _ = f.claim(f.receive(f.incoming(token, wantedEvent("2", narrow))).Delivery.Pull)
	f.receive(f.incoming(token, wantedEvent("3", narrow)))
	queued := f.requestPull(c, domain.PullScope{Everything: true})
	f.equal("with a request of everything in the queued pull", false, f.isDueForReconcile(c, since))
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(queued.ID)
	f.equal("while that pull runs", false, f.isDueForReconcile(c, since))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after it has succeeded", false, f.isDueForReconcile(c, since))
}

// completePullsWithoutARequest checks pulls that read everything, although no call of Request asked for everything:
//
//   - the first pull of a connection
//   - a pull for an event that requests everything
func completePullsWithoutARequest(f *fixture) {
	c, token := f.connectionWithToken()
	since := f.now()
	l, claimed := f.claim(f.requestPull(c, domain.PullScope{Changed: map[string][]string{"a": {"1"}}}).ID)
	f.equal("initial", true, claimed.Initial)
	f.equal("while the first pull runs", false, f.isDueForReconcile(c, since))
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.equal("while it waits", false, f.isDueForReconcile(c, since))
	l, _ = f.claimAt(l.Pull, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after it has succeeded", false, f.isDueForReconcile(c, since))
	since = f.now()
	f.equal("later", true, f.isDueForReconcile(c, since))
	l, _ = f.claim(f.receiveWanted(token).Pull)
	f.equal("while a pull for an event runs that requests everything", false, f.isDueForReconcile(c, since))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("after that pull", false, f.isDueForReconcile(c, since))
}

// oldestOpenPull uses random times in a year that no other test uses, because OldestOpen sees the pulls of every
// tenant.
func oldestOpenPull(f *fixture) {
	pull := f.oldPull(f.createConnection())
	at := pull.CreatedAt
	backlog := func() time.Time {
		oldest, err := f.Pulls.OldestOpen(f.ctx)
		f.noError(err)
		return oldest
	}
	f.requestPull(f.createConnection(), domain.PullScope{}) // a younger pull
	still := func(when string) {
		f.Helper()
		if oldest := backlog(); oldest.IsZero() || oldest.After(at) {
			f.Errorf("%s: the oldest is of %v, want %v or before", when, oldest, at)
		}
		f.inUTC(backlog())
	}
	still("while it is queued")
	l, _ := f.claim(pull.ID)
	still("while it runs")
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	still("while it waits")
	l, _ = f.claimAt(pull.ID, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	if backlog().Equal(at) {
		f.Error("a pull that has ended counts")
	}
}

// oldPull requests a pull of the connection at a random time that is earlier than the times of almost all other pulls.
func (f *fixture) oldPull(c domain.Connection) domain.Pull {
	f.Helper()
	age := newUUID()
	at := time.Unix(0, 0).UTC().Add(time.Duration(age[14])*time.Hour + time.Duration(age[15])*time.Second)
	pull, err := f.Pulls.Request(f.ctx, f.tenant, c.ID,
		ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: at}, nil)
	f.noError(err)
	return pull
}

// pullsPruned prunes pulls that ended long ago. Prune deletes pulls of every tenant, so the pulls of other tests must
// be younger.
func pullsPruned(f *fixture) {
	c, token := f.connectionWithToken()
	at := longAgo
	end := func(pull domain.PullID, state domain.PullState, work func(domain.Lease)) domain.PullID {
		f.Helper()
		l, _ := f.claim(pull)
		if work != nil {
			work(l)
		}
		at = at.Add(time.Minute)
		f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: state, Attempts: 1, At: at}))
		return pull
	}
	request := func() domain.PullID { return f.requestPull(c, domain.PullScope{Everything: true}).ID }
	kept := map[string]domain.PullID{
		"the first that succeeded": end(request(), domain.PullSucceeded, nil),
		"changed a record": end(request(), domain.PullSucceeded, func(l domain.Lease) {
			f.storeRows(l, row("a"), row("b"))
		}),
	}
	nothing := end(request(), domain.PullSucceeded, nil)
	failed := end(request(), domain.PullFailed, nil)
	kept["noted an absence"] = end(request(), domain.PullSucceeded, func(l domain.Lease) {
		f.equal("swept", domain.Counts{}, f.sweep(l, ports.SweepWrite{Proof: domain.TwoReads}, "b"))
	})
	kept["has a delivery"] = end(f.receiveWanted(token).Pull, domain.PullSucceeded, nil)
	more := end(request(), domain.PullSucceeded, nil)
	kept["the last that succeeded"] = end(request(), domain.PullSucceeded, nil)
	kept["the newest"] = end(request(), domain.PullFailed, nil)

	prune := func(before time.Time, limit int) (n int) {
		f.Helper()
		n, err := f.Pulls.Prune(f.ctx, before, limit)
		f.noError(err)
		return n
	}
	f.equal("not old enough", 0, prune(longAgo.Add(3*time.Minute), 10))
	f.equal("of limit 1", 1, prune(longAgo.Add(time.Hour), 1))
	f.equal("the others", 2, prune(longAgo.Add(time.Hour), 10))
	f.equal("again", 0, prune(longAgo.Add(time.Hour), 10))
	for _, id := range []domain.PullID{nothing, failed, more} {
		_, err := f.Pulls.Get(f.ctx, f.tenant, id)
		f.errorIs(err, domain.NotFound)
	}
	for name, id := range kept {
		if _, err := f.Pulls.Get(f.ctx, f.tenant, id); err != nil {
			f.Errorf("%s: %v", name, err)
		}
	}
}
