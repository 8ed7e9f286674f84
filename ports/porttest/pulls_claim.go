package porttest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// claimTests check Pulls.Claim: which worker can run which pull, and when.
var claimTests = []storeTest{
	{"a claim returns the pull, running, and its connection", claimReturnsPullAndConnection},
	{"the tenant of a pull is found by the id of the pull", tenantOfPull},
	{"the first claim merges the scopes of the pull's deliveries, in their order", claimMergesScopes},
	{"scopes that are together too large become a scope of everything", claimOfLargeScopes},
	{"of concurrent claims of one pull exactly one succeeds", concurrentClaimsOfAPull},
	{"a connection runs one pull at a time", onePullAtATime},
	{"a pull takes over the deliveries of a pull that only waits for an account", claimTakesOver},
	{"a pull is not due before its time", claimBeforeDue},
	{"a pull that has ended is not found", claimOfEndedPull},
	{"a claim for a deleted connection fails the pull", claimOfDeletedConnection},
	{"Initial is set until a pull has succeeded for the connection's current target", initialUntilSuccess},
}

// notDue ends the test unless a claim at the given time fails with NotDue and a RetryAfter. It returns the RetryAfter.
func (f *fixture) notDue(pull domain.PullID, now time.Time) time.Duration {
	f.Helper()
	_, err := f.Pulls.Claim(f.ctx, newLease(pull, now), now)
	f.errorIs(err, domain.Conflict)
	f.errorIs(err, domain.NotDue)
	if wait := domain.RetryAfterOf(err); wait > 0 {
		return wait
	}
	f.Fatal("NotDue without RetryAfter")
	return 0
}

func tenantOfPull(f *fixture) {
	p := f.requestPull(f.createConnection(), domain.PullScope{})
	tenant, err := f.Pulls.TenantOf(f.ctx, p.ID)
	f.noError(err)
	f.equal("tenant", p.Tenant, tenant)
	_, err = f.Pulls.TenantOf(f.ctx, newID[domain.Pull]())
	f.errorIs(err, domain.NotFound)
}

func claimReturnsPullAndConnection(f *fixture) {
	c := f.createConnection()
	want := f.requestPull(c, domain.PullScope{Everything: true})
	at := f.now()
	_, claimed := f.claimAt(want.ID, at)
	want.State, want.Attempts, want.StartedAt = domain.PullRunning, 1, at
	f.equal("claimed", ports.Claimed{Pull: want, Connection: c, Initial: true, Empty: true}, claimed)
	got := f.getPull(want.ID)
	f.equal("stored", want, got)
	f.inUTC(got.StartedAt)
}

// claimMergesScopes checks that the first claim merges the scopes of the deliveries in order of arrival. If several
// deliveries contain a signal (reauth or recovered), the merged scope must have the last one. A second claim does not
// merge further scopes, because the steps of the pull are already planned.
func claimMergesScopes(f *fixture) {
	c, token := f.connectionWithToken()
	first := f.receive(f.incoming(token, wantedEvent("1", domain.PullScope{
		Changed: map[string][]string{"acc": {"b"}}, Signal: domain.SignalReauth,
	}))).Delivery
	f.requestPull(c, domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-31"}})
	f.receive(f.incoming(token, wantedEvent("2", domain.PullScope{
		Changed: map[string][]string{"acc": {"a", "b"}, "other": {"z"}}, Removed: []string{"r"},
		Signal: domain.SignalRecovered,
	})))
	f.receive(f.incoming(token, wantedEvent("3", domain.PullScope{})))
	l, claimed := f.claim(first.Pull)
	want := domain.PullScope{
		Window:  &domain.Window{From: "2026-01-01", To: "2026-01-31"},
		Changed: map[string][]string{"acc": {"a", "b"}, "other": {"z"}}, Removed: []string{"r"},
		Signal: domain.SignalRecovered,
	}
	f.equal("claimed", want, claimed.Pull.Scope)
	f.equal("stored", want, f.getPull(first.Pull).Scope)
	f.receive(f.incoming(token, wantedEvent("late", domain.PullScope{Everything: true})))
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	_, claimed = f.claimAt(first.Pull, longAfter(epoch))
	f.equal("claimed again", want, claimed.Pull.Scope)
}

// awaitAccount ends an attempt that has read everything except the account "late". The pull then waits for this
// account.
func (f *fixture) awaitAccount(c domain.Connection, l domain.Lease) map[string]time.Time {
	f.Helper()
	awaited := map[string]time.Time{"late": f.now()}
	f.mustStorePage(l, ports.PageWrite{
		Progress:   domain.Progress{Planned: true, Target: c.Target(), Awaited: awaited, ReadAt: awaited["late"]},
		LeaseUntil: l.Until,
	})
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.AccountNotListed, NotBefore: longAfter(at), Attempts: 1, At: at,
	}))
	return awaited
}

// claimTakesOver checks the claim of a pull while an earlier pull waits for an account that the vendor does not list
// yet. The earlier pull must end. The claimed pull must take over the delivery that names the account.
//
// The test claims two pulls, one after the other. Each takes over the same delivery. This delivery was received before
// both pulls were queued.
func claimTakesOver(f *fixture) {
	c, token := f.connectionWithToken()
	about := func(account string) domain.PullScope {
		return domain.PullScope{Created: map[string]time.Time{account: epoch}}
	}
	late := f.finishedDelivery(token, about("late"), domain.PullSucceeded, "")
	f.replay(late.ID)
	other := f.receive(f.incoming(token, wantedEvent("other", about("listed")))).Delivery
	first := f.getDelivery(late.ID).Pull
	f.equal("pull of both deliveries", first, other.Pull)
	for i := range 2 {
		l, _ := f.claim(first)
		awaited := f.awaitAccount(c, l)
		f.equal("before the pull is taken over", domain.DeliveryAccepted, f.getDelivery(late.ID).Status)
		next := f.receive(f.incoming(token, wantedEvent(fmt.Sprint("next ", i), about("listed")))).Delivery.Pull
		f.equal("waiting", []domain.PullID{next}, f.waitingOf(f.now(), nil, first, next))
		f.equal("stuck", true, f.isStuck(next, f.now().Add(time.Hour), time.Minute))
		l, claimed := f.claim(next)
		f.equal("awaited", awaited, claimed.Pull.Progress.Awaited)
		f.equal("scope", domain.PullScope{
			Created: map[string]time.Time{"late": epoch, "listed": epoch},
		}, claimed.Pull.Scope)
		f.equal("stored", claimed.Pull, f.getPull(next))
		ended := f.getPull(first)
		f.equal("state", domain.PullSucceeded, ended.State)
		f.equal("error", domain.Code(""), ended.LastError)
		f.equal("end", awaited["late"], ended.FinishedAt)
		f.equal("the delivery that was read", domain.DeliveryProcessed, f.getDelivery(other.ID).Status)
		f.equal("the awaiting delivery", domain.DeliveryAccepted, f.getDelivery(late.ID).Status)
		f.equal("its pull", next, f.getDelivery(late.ID).Pull)
		f.finish(l, domain.PullQueued, domain.VendorUnreachable)
		first = next
	}
	l, _ := f.claimAt(first, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("at the end", domain.DeliveryProcessed, f.getDelivery(late.ID).Status)
}

// claimOfLargeScopes checks the claim of a pull whose deliveries announce more removals than a scope can hold. The
// scope of the claimed pull must contain none of these removals.
//
// VisitAnnouncedRemovals must visit the removals of live rows and of rows in the quarantine. It must not visit removals
// of another pull.
func claimOfLargeScopes(f *fixture) {
	c, token := f.connectionWithToken()
	const deliveries, perDelivery = 5, 5000
	id := func(delivery, place int) string { return fmt.Sprintf("%d-%04d-%0150d", delivery, place, 0) }
	other, l := f.runningPull()
	f.storeRows(l, row(id(0, 6)))
	l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	var want []string
	for i := range deliveries {
		f.mustStorePage(l, ports.PageWrite{
			Transactions: []domain.TransactionData{row(id(i, 1)), row(id(i, 2)), row(id(i, 3))},
			Quarantined:  []domain.UnreadableData{unreadable(id(i, 4), domain.UnknownType, "{}")},
			Removed:      []string{id(i, 2)},
		})
		want = append(want, id(i, 1), id(i, 3), id(i, 4))
	}
	f.storeRows(l, row("late"), row("not announced"))
	f.finish(l, domain.PullSucceeded, "")

	signal := wantedEvent("signal", domain.PullScope{Signal: domain.SignalReauth})
	pull := f.receive(f.incoming(token, signal)).Delivery.Pull
	f.requestPull(c, domain.PullScope{Removed: []string{"requested"}})
	for i := range deliveries {
		var ids []string
		for j := range perDelivery {
			ids = append(ids, id(i, j))
		}
		f.receive(f.incoming(token, wantedEvent(fmt.Sprint("removed ", i), domain.PullScope{Removed: ids})))
	}
	l, claimed := f.claim(pull)
	scope := domain.PullScope{
		Everything: true, Removed: []string{"requested"}, MoreRemoved: true, Signal: domain.SignalReauth,
	}
	f.equal("claimed", scope, claimed.Pull.Scope)
	f.equal("stored", scope, f.getPull(pull).Scope)
	f.receive(f.incoming(token, wantedEvent("late", domain.PullScope{Removed: []string{"late"}})))
	f.checkVisits(l, want)
	f.equal("rows that are removed", deliveries*3, len(f.removedIDs(c)))
	f.equal("rows of another connection that are removed", []string(nil), f.removedIDs(other))
	f.checkVisits(l, nil)
	f.finish(l, domain.PullSucceeded, "")
	err := f.Pulls.VisitAnnouncedRemovals(f.ctx, l, func([]string) error { return nil })
	f.errorIs(err, domain.LeaseLost)
}

// checkVisits calls VisitAnnouncedRemovals and checks that it visits exactly the expected ids. Each visit removes the
// rows with the visited ids. checkVisits also checks that no further visit follows a visit that fails.
func (f *fixture) checkVisits(l domain.Lease, expectedIDs []string) {
	f.Helper()
	var got []string
	visits := 0
	f.noError(f.Pulls.VisitAnnouncedRemovals(f.ctx, l, func(ids []string) error {
		visits++
		got = append(got, ids...)
		w := ports.PageWrite{Removed: ids}
		for _, id := range ids {
			w.Released = append(w.Released, domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id})
		}
		f.mustStorePage(l, w)
		return nil
	}))
	slices.Sort(got)
	f.equal("announced removals", expectedIDs, got)
	if visits < 2 || visits > 6 {
		f.Errorf("%d visits for six deliveries, want 2 to 6", visits)
	}
	failure := errors.New("the visit failed")
	calls := 0
	err := f.Pulls.VisitAnnouncedRemovals(f.ctx, l, func([]string) error {
		calls++
		return failure
	})
	f.errorIs(err, failure)
	f.equal("visits until the first failure", 1, calls)
}

// concurrentClaimsOfAPull checks that exactly one lease is granted if several workers claim one pull concurrently, for
// example workers of several replicas.
func concurrentClaimsOfAPull(f *fixture) {
	for range 5 {
		pull := f.requestPull(f.createConnection(), domain.PullScope{})
		at := f.now()
		var won atomic.Int32
		concurrently(8, func(int) {
			switch _, err := f.Pulls.Claim(f.ctx, newLease(pull.ID, at), at); {
			case err == nil:
				won.Add(1)
			case domain.CodeOf(err) != domain.NotDue || domain.RetryAfterOf(err) <= 0:
				f.Error(err)
			}
		})
		f.equal("winners", int32(1), won.Load())
		f.equal("attempts", 1, f.getPull(pull.ID).Attempts)
	}
}

// onePullAtATime checks that the second pull of a connection must wait for the first pull. The first pull may be
// running, even under an expired lease, or may wait for its next attempt. The test then claims pulls of several
// connections concurrently. Each pull must be claimed exactly once.
func onePullAtATime(f *fixture) {
	c := f.createConnection()
	first := f.requestPull(c, domain.PullScope{})
	l, _ := f.claim(first.ID)
	second := f.requestPull(c, domain.PullScope{})
	f.notDue(second.ID, f.now())
	f.notDue(second.ID, l.Until.Add(time.Second)) // the first pull's lease has expired, but the pull has not ended
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.notDue(second.ID, f.now())
	f.notDue(second.ID, longAfter(epoch))
	f.equal("state", domain.PullQueued, f.getPull(second.ID).State)
	f.equal("attempts", 0, f.getPull(second.ID).Attempts)
	l, _ = f.claimAt(first.ID, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	f.claim(second.ID)

	var mu sync.Mutex
	won := map[domain.PullID]int{}
	var pulls []domain.PullID
	for range 4 {
		pulls = append(pulls, f.requestPull(f.createConnection(), domain.PullScope{}).ID)
	}
	at := f.now()
	concurrently(16, func(i int) {
		if _, err := f.Pulls.Claim(f.ctx, newLease(pulls[i%4], at), at); err == nil {
			mu.Lock()
			defer mu.Unlock()
			won[pulls[i%4]]++
		}
	})
	for _, id := range pulls {
		f.equal("winners, of different connections", 1, won[id])
	}
}

// claimBeforeDue checks that RetryAfter is exact: a worker that waits for that time must then be able to
// claim the pull.
func claimBeforeDue(f *fixture) {
	_, l := f.runningPull()
	at := f.now()
	due := at.Add(90 * time.Second)
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.VendorRateLimited, NotBefore: due, Attempts: 1, At: at,
	}))
	f.equal("wait", 90*time.Second, f.notDue(l.Pull, at))
	f.equal("wait", timeResolution, f.notDue(l.Pull, due.Add(-timeResolution)))
	f.equal("attempts", 1, f.getPull(l.Pull).Attempts)
	_, claimed := f.claimAt(l.Pull, due)
	f.equal("attempts", 2, claimed.Pull.Attempts)
	f.equal("state", domain.PullRunning, claimed.Pull.State)
	f.equal("NotBefore of the claimed pull", time.Time{}, claimed.Pull.NotBefore)
}

// claimOfEndedPull checks that a pull that has ended cannot be claimed. A job can run again after its pull
// has ended; it must then do nothing.
func claimOfEndedPull(f *fixture) {
	for _, state := range []domain.PullState{domain.PullSucceeded, domain.PullFailed} {
		_, l := f.runningPull()
		f.finish(l, state, "")
		before := f.getPull(l.Pull)
		_, err := f.Pulls.Claim(f.ctx, newLease(l.Pull, longAfter(epoch)), longAfter(epoch))
		f.errorIs(err, domain.NotFound)
		f.equal("the pull", before, f.getPull(l.Pull))
	}
	_, err := f.Pulls.Claim(f.ctx, newLease(newID[domain.Pull](), epoch), epoch)
	f.errorIs(err, domain.NotFound)
}

// claimOfDeletedConnection checks two pulls that were running when their connections were
// deleted. The worker of the first pull crashed; the worker of the second pull calls Finish.
// Both pulls must fail.
func claimOfDeletedConnection(f *fixture) {
	c, token := f.connectionWithToken()
	d := f.receiveWanted(token)
	f.claim(d.Pull)
	f.deleteConnection(c)
	at := longAfter(epoch)
	_, err := f.Pulls.Claim(f.ctx, newLease(d.Pull, at), at)
	f.errorIs(err, domain.NotFound)
	pull := f.getPull(d.Pull)
	f.equal("state", domain.PullFailed, pull.State)
	f.equal("reason", domain.ConnectionGone, pull.LastError)
	f.equal("finished", false, pull.FinishedAt.IsZero())
	f.equal("delivery", domain.DeliveryFailed, f.getDelivery(d.ID).Status)

	c, l := f.runningPull()
	f.deleteConnection(c)
	// A store may return LeaseLost or nil here. In both cases the pull must end as failed, and must not be queued
	// again.
	_ = f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullQueued, NotBefore: epoch, Attempts: 1, At: f.now()})
	_, err = f.Pulls.Claim(f.ctx, newLease(l.Pull, at), at)
	f.errorIs(err, domain.NotFound)
	f.equal("an attempt that ended after the deletion", domain.PullFailed, f.getPull(l.Pull).State)
}

func initialUntilSuccess(f *fixture) {
	c := f.createConnection()
	for _, row := range []struct {
		state domain.PullState
		first bool
	}{{domain.PullFailed, true}, {domain.PullSucceeded, true}, {domain.PullFailed, false},
		{domain.PullSucceeded, false}} {
		l, claimed := f.claim(f.requestPull(c, domain.PullScope{}).ID)
		f.equal("first", row.first, claimed.Initial)
		f.finish(l, row.state, "")
	}
	_, claimed := f.claim(f.requestPull(f.createConnection(), domain.PullScope{}).ID)
	f.equal("of another connection", true, claimed.Initial)

	_, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Repoint(c.BaseURL, "elsewhere", f.now())
		return nil
	})
	f.noError(err)
	old := c.Target()
	c.Repoint(c.BaseURL, "elsewhere", f.now())
	for _, row := range []struct {
		first  bool
		target string // the target in the outcome
	}{{true, ""}, {true, old}, {true, c.Target()}, {false, ""}} {
		l, claimed := f.claim(f.requestPull(c, domain.PullScope{}).ID)
		f.equal("after the target was changed", row.first, claimed.Initial)
		f.equal("new reference", row.first, claimed.Connection.NewReference)
		o := ports.Outcome{State: domain.PullSucceeded, Attempts: 1, Target: row.target, At: f.now()}
		f.noError(f.Pulls.Finish(f.ctx, l, o))
	}
}
