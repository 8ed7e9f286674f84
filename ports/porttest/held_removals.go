package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// heldRemovalTests check the announced removals that are held back. The rules are tested in package records.
var heldRemovalTests = []storeTest{
	{"announced removals of many rows of an account are held back", heldBack},
	{"removals that several writes announce are judged together", heldTogether},
	{"a complete listing decides about held removals", heldUntilListed},
	{"removals that the deliveries of a queued pull announce are held back", heldEarly},
	{"held removals of an account that is gone are forgotten", heldOfGoneAccount},
	{"an operator applies held removals", heldApplied},
	{"an empty list of accounts removes them after a wait", heldAccounts},
	{"an operator applies what listings have held back", heldListingsApplied},
	{"what events report is applied beside a waiting pull", reportedEarly},
	{"announced removals wait while the vendor cannot read", heldWhileWaiting},
	{"removals that a page of staged rows announces are held back", heldOfStagedPage},
	{"removals that were announced in an earlier hour do not count", heldForgotten},
}

// heldRows returns the external ids of the given rows whose announced removal is held back.
func (f *fixture) heldRows(l domain.Lease, externalIDs []string) []string {
	f.Helper()
	held, err := f.Pulls.FilterHeld(f.ctx, l, externalIDs)
	f.noError(err)
	return held
}

func heldBack(f *fixture) {
	c, l := f.runningPull()
	a, b := f.manyRows(l, "a", 39), f.manyRows(l, "b", 40)
	f.equal("removed", domain.Counts{Removed: 20}, f.mustStorePage(l, ports.PageWrite{
		Removed: slices.Concat(a[:20], b[:20], []string{"unknown"}),
	}))
	f.equal("removed rows", b[:20], f.removedIDs(c))
	f.equal("held rows", a[:20], f.heldRows(l, slices.Concat(b, a, []string{"unknown"})))
	f.equal("held", 20, f.factsOf(c).HeldRemovals)
	f.equal("since", false, f.facts()[c.ID].RemovalsHeldAt.IsZero())
	f.equal("again", domain.Counts{}, f.mustStorePage(l, ports.PageWrite{Removed: a[:20]}))
	f.sweep(l, ports.SweepWrite{Account: "b"}, b[20:]...)
	f.equal("after a listing of the other account", 20, f.factsOf(c).HeldRemovals)
	_, err := f.Pulls.FilterHeld(f.ctx, f.nextLease(l), a)
	f.errorIs(err, domain.LeaseLost)
	other, _ := f.runningPull()
	f.equal("of another connection", 0, f.factsOf(other).HeldRemovals)
}

// nextLease returns a lease on the pull of l. The returned lease was never granted.
func (f *fixture) nextLease(l domain.Lease) domain.Lease {
	l.ID = domain.LeaseID{UUID: newUUID()}
	return l
}

func heldTogether(f *fixture) {
	c, l := f.runningPull()
	ids := f.manyRows(l, "a", 25)
	f.mustStorePage(l, ports.PageWrite{Announced: ids[:10]})
	f.mustStorePage(l, ports.PageWrite{Announced: ids[10:]})
	f.equal("announced", 0, f.factsOf(c).HeldRemovals)
	f.mustStorePage(l, ports.PageWrite{Removed: ids[:10]})
	f.mustStorePage(l, ports.PageWrite{Removed: ids[10:]})
	f.equal("held", 25, f.factsOf(c).HeldRemovals)
	f.equal("removed", []string(nil), f.removedIDs(c))
}

func heldOfStagedPage(f *fixture) {
	r := newRelinks(f)
	ids := f.manyRows(r.l, "a", 30)
	r.stage(0, renewed("y"))
	f.equal("removed", domain.Counts{}, f.mustStorePage(r.l, ports.PageWrite{
		Removed: append([]string{"y"}, ids[:20]...), Progress: listing(), AccountRef: r.ref,
		Staged: &ports.Staging{Step: 1},
	}))
	f.equal("removed rows", []string(nil), f.removedIDs(r.c))
	f.equal("held rows", ids[:20], f.heldRows(r.l, ids))
	staged, err := f.Pulls.RowsOfAccount(f.ctx, r.l, domain.AccountID{}, "a2", descriptions)
	f.noError(err)
	f.equal("staged", 0, len(staged))
}

func heldUntilListed(f *fixture) {
	for _, proof := range []domain.AbsenceProof{domain.OneRead, domain.TwoReads} {
		c, l := f.runningPull()
		ids := f.manyRows(l, "a", 30)
		f.mustStorePage(l, ports.PageWrite{Removed: ids})
		l = f.nextPull(c, l)
		f.equal("removed", domain.Counts{Removed: 20},
			f.sweep(l, ports.SweepWrite{Account: "a", Proof: proof}, ids[:10]...))
		f.equal("removed rows", ids[10:], f.removedIDs(c))
		f.equal("held", 0, f.factsOf(c).HeldRemovals)
		f.equal("facts", true, f.facts()[c.ID].RemovalsHeldAt.IsZero())
		f.equal("announced again in the same pull", domain.Counts{},
			f.mustStorePage(l, ports.PageWrite{Removed: ids[:10]}))
		l = f.nextPull(c, l)
		f.equal("announced again later", domain.Counts{Removed: 10},
			f.mustStorePage(l, ports.PageWrite{Removed: ids[:10]}))
	}
}

func heldEarly(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	ids := f.manyRows(l, "a", 30)
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	d := f.receive(f.incoming(token, wantedEvent("removed", domain.PullScope{Removed: ids}))).Delivery
	blocked, err := f.Pulls.RemoveAnnounced(f.ctx, d.Pull, f.now(), withoutMatching)
	f.noError(err)
	f.equal("blocked", true, blocked)
	f.equal("held", 30, f.factsOf(c).HeldRemovals)
	f.equal("removed", []string(nil), f.removedIDs(c))
}

// reportedEarly checks that the health and the consent of events are stored while their pull must wait for another one,
// and that an announced removal then waits.
func reportedEarly(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	ids := f.manyRows(l, "a", 2)
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	d := f.receive(f.incoming(token, wantedEvent("error", domain.PullScope{
		Signal: domain.SignalReauth, Removed: ids[:1],
		Consents: []domain.ConsentReport{{Status: domain.ReportedRevoked}},
	}))).Delivery
	for range 2 {
		blocked, err := f.Pulls.RemoveAnnounced(f.ctx, d.Pull, f.now(), withoutMatching)
		f.noError(err)
		f.equal("blocked", true, blocked)
	}
	facts := f.factsOf(c)
	f.equal("reauth", true, facts.Health.NeedsReauth)
	f.equal("consent", domain.ReportedRevoked, facts.Consent.Status)
	f.equal("held", 1, facts.HeldRemovals)
}

func heldOfGoneAccount(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	ids := f.manyRows(l, "b", 30)
	f.mustStorePage(l, ports.PageWrite{Removed: ids})
	f.equal("held", 30, f.factsOf(c).HeldRemovals)
	f.sweepAccounts(l, domain.OneRead, "a")
	f.equal("after the account is gone", 0, f.factsOf(c).HeldRemovals)
}

func heldApplied(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	a, b := f.manyRows(l, "a", 30), f.manyRows(l, "b", 30)
	f.mustStorePage(l, ports.PageWrite{Removed: slices.Concat(a, b)})
	f.equal("held", 60, f.factsOf(c).HeldRemovals)
	account := f.getRow(c, a[0]).AccountID
	apply := func(tenant domain.TenantID, id domain.AccountID) (int, error) {
		return f.Ledger.ApplyRemovals(f.ctx, tenant, id, withoutMatching, ports.Decision{Actor: "alice", At: f.now()})
	}
	_, err := apply(newTenant(), account)
	f.errorIs(err, domain.NotFound)
	_, err = apply(f.tenant, domain.AccountID{UUID: newUUID()})
	f.errorIs(err, domain.NotFound)
	n, err := apply(f.tenant, account)
	f.noError(err)
	f.equal("applied", 30, n)
	f.equal("removed", a, f.removedIDs(c))
	f.equal("held", 30, f.factsOf(c).HeldRemovals)
	_, err = apply(f.tenant, account)
	f.errorIs(err, domain.HeldNone)
	f.equal("versions", 2, f.getRow(c, a[0]).Version)
	f.equal("causes", []string{"operator alice ", "vendor  "}, f.causes(c, a[0]))
}

// heldAccounts checks the removals of accounts that an empty list holds back.
func heldAccounts(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	at := f.now()
	sweep := func(after time.Duration, synced time.Time) {
		f.noError(f.Pulls.SweepAccounts(f.ctx, l, ports.AccountSweepWrite{
			Ground: domain.Ground{Accounts: domain.OneRead}, At: at.Add(after), LeaseUntil: l.Until,
			Sync: domain.SyncTime{At: synced, Planned: true},
		}))
	}
	sweep(0, at)
	f.equal("after the first list", []string(nil), f.removedAccounts(c))
	f.equal("since", false, f.facts()[c.ID].RemovalsHeldAt.IsZero())
	f.equal("held accounts", 2, f.factsOf(c).HeldAccounts)
	since := f.facts()[c.ID].RemovalsHeldAt
	f.equal("accounts held since", []time.Time{since, since}, f.accountsHeldSince(c))
	l = f.nextPull(c, l)
	sweep(2*time.Hour, at)
	f.equal("after the same synchronisation", []string(nil), f.removedAccounts(c))
	sweep(2*time.Hour, at.Add(time.Hour))
	f.equal("after the next synchronisation", []string{"a", "b"}, f.removedAccounts(c))
	f.equal("held accounts", 0, f.factsOf(c).HeldAccounts)
	f.equal("accounts held since", []time.Time{{}, {}}, f.accountsHeldSince(c))
	f.equal("since", true, f.facts()[c.ID].RemovalsHeldAt.IsZero())
}

// heldListingsApplied checks that an operator applies the removals that listings hold back: of rows, and of the
// account.
func heldListingsApplied(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	a := f.manyRows(l, "a", 12)
	f.sweep(l, ports.SweepWrite{Account: "a"})
	f.sweepAccounts(l, domain.OneRead)
	f.equal("held", 12, f.factsOf(c).HeldRemovals)
	account := f.getRow(c, a[0]).AccountID
	decision := ports.Decision{Actor: "alice", At: f.now()}
	n, err := f.Ledger.ApplyRemovals(f.ctx, f.tenant, account, withoutMatching, decision)
	f.noError(err)
	f.equal("applied", 12, n)
	f.equal("removed", a, f.removedIDs(c))
	f.equal("causes", []string{"operator alice ", "vendor  "}, f.causes(c, a[0]))
	f.equal("removed accounts", []string{"a"}, f.removedAccounts(c))
	f.equal("held", 0, f.factsOf(c).HeldRemovals)
	_, err = f.Ledger.ApplyRemovals(f.ctx, f.tenant, account, withoutMatching, decision)
	f.errorIs(err, domain.HeldNone)
}

func heldWhileWaiting(f *fixture) {
	c, l := f.runningPull()
	ids := f.manyRows(l, "a", 2)
	f.equal("counts", domain.Counts{}, f.mustStorePage(l, ports.PageWrite{Removed: ids[:1], Waits: true}))
	f.equal("held", 1, f.factsOf(c).HeldRemovals)
	f.sweep(l, ports.SweepWrite{Account: "a"}, ids[1])
	f.equal("removed", ids[:1], f.removedIDs(c))
}

func heldForgotten(f *fixture) {
	c, l := f.runningPull()
	ids := f.manyRows(l, "a", 60)
	at := f.now()
	f.mustStorePage(l, ports.PageWrite{Removed: ids[:15], At: at})
	f.mustStorePage(l, ports.PageWrite{Removed: ids[15:17], At: at.Add(25 * time.Hour)})
	f.equal("after a day", domain.Counts{Removed: 15},
		f.mustStorePage(l, ports.PageWrite{Removed: ids[17:32], At: at.Add(27 * time.Hour)}))
	f.equal("removed", ids[:32], f.removedIDs(c))
	f.mustStorePage(l, ports.PageWrite{Removed: ids[32:60], At: at.Add(27 * time.Hour)})
	f.equal("with those of the same hour", 28, f.factsOf(c).HeldRemovals)
}
