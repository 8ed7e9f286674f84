package porttest

import (
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// leaseTests check the lease of a pull, which is a fencing token: it determines which worker can
// write for the pull.
var leaseTests = []storeTest{
	{"a pull can be taken over only after its lease has expired", takeover},
	{"writes extend the lease", writesExtend},
	{"a lease that was replaced writes nothing", replacedLeaseIsLost},
	{"a lease that was finished, and an unknown one, write nothing", endedLeaseIsLost},
	{"an expired lease that was not replaced still writes", expiredLeaseStillWrites},
	{"a page for a deleted connection is rejected with LeaseLost", pageOfDeletedConnection},
	{"of a concurrent takeover and page exactly one happens", takeoverRacesPage},
}

// assertLeaseLost fails the test unless every write with the lease is rejected with LeaseLost.
func (f *fixture) assertLeaseLost(l domain.Lease) {
	f.Helper()
	before := f.getPull(l.Pull)
	at := f.now()
	for name, err := range map[string]error{
		"StorePage": f.storePage(l, ports.PageWrite{
			Accounts:     []domain.AccountData{{ExternalID: "ghost", Type: domain.BankAccount}},
			Transactions: []domain.TransactionData{row("ghost")}, Progress: domain.Progress{Step: 9},
		}),
		"Sweep": func() error {
			_, err := f.Pulls.Sweep(f.ctx, l,
				ports.SweepWrite{Seen: func(string) bool { return false }, At: at, LeaseUntil: longAfter(at)})
			return err
		}(),
		"ExtendLease": f.Pulls.ExtendLease(f.ctx, l, longAfter(at)),
		"Finish": f.Pulls.Finish(f.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 7, At: at,
			Health: func(h domain.Health) domain.Health { return h.AfterFailure(domain.AccessDenied, at) },
		}),
	} {
		if !errors.Is(err, domain.Conflict) || !errors.Is(err, domain.LeaseLost) {
			f.Errorf("%s: error %v, want LeaseLost", name, err)
		}
	}
	f.equal("the pull", before, f.getPull(l.Pull))
}

// takeover checks that, after a worker has crashed, the next worker continues from the stored progress. StartedAt must
// not change.
func takeover(f *fixture) {
	c := f.createConnection()
	pull := f.requestPull(c, domain.PullScope{Everything: true})
	at := f.now()
	l, _ := f.claimAt(pull.ID, at)
	progress := domain.Progress{Planned: true, Steps: []domain.Step{{Account: "a"}}, Cursor: "next", Pages: 1}
	f.noError(f.storePage(l, ports.PageWrite{Transactions: []domain.TransactionData{row("1")},
		Progress: progress, LeaseUntil: l.Until}))
	f.notDue(pull.ID, at)
	f.notDue(pull.ID, l.Until.Add(-timeResolution))
	_, claimed := f.claimAt(pull.ID, l.Until.Add(timeResolution))
	want := f.getPull(pull.ID)
	want.State, want.Attempts, want.StartedAt = domain.PullRunning, 2, at
	want.Progress, want.Counts = progress, domain.Counts{Read: 1, Added: 1}
	f.equal("taken over", ports.Claimed{Pull: want, Connection: c, Initial: true}, claimed)
}

func writesExtend(f *fixture) {
	_, l := f.runningPull()
	until := l.Until.Add(time.Minute)
	f.noError(f.storePage(l, ports.PageWrite{LeaseUntil: until}))
	f.notDue(l.Pull, until.Add(-timeResolution))
	until = until.Add(time.Minute)
	_, err := f.Pulls.Sweep(f.ctx, l, ports.SweepWrite{Seen: func(string) bool { return true }, At: f.now(),
		LeaseUntil: until})
	f.noError(err)
	f.notDue(l.Pull, until.Add(-timeResolution))
	before := f.getPull(l.Pull)
	until = until.Add(time.Minute)
	f.noError(f.Pulls.ExtendLease(f.ctx, l, until))
	f.equal("the pull", before, f.getPull(l.Pull))
	f.notDue(l.Pull, until.Add(-timeResolution))
	f.claimAt(l.Pull, until.Add(timeResolution))
}

// replacedLeaseIsLost checks that a worker with a replaced lease writes nothing. The worker was suspended for so long
// that its lease has expired, and another worker has claimed the pull.
func replacedLeaseIsLost(f *fixture) {
	c, old := f.runningPull()
	f.storeRows(old, row("kept"))
	fresh, _ := f.claimAt(old.Pull, old.Until.Add(timeResolution))
	f.assertLeaseLost(old)
	f.equal("rows", []string{"kept"}, ids(f.allRows(c), externalID))
	f.equal("removed", true, f.getRow(c, "kept").RemovedAt.IsZero())
	f.equal("accounts", 0, len(f.listAccounts(c)))
	f.equal("health", domain.Health{}, f.getConnection(c).Health)
	f.storeRows(fresh, row("kept"))
	f.finish(fresh, domain.PullSucceeded, "")
}

func endedLeaseIsLost(f *fixture) {
	c, l := f.runningPull()
	other := l
	other.ID = newID[domain.Lease]()
	f.assertLeaseLost(other)
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.assertLeaseLost(l)
	l, _ = f.claimAt(l.Pull, longAfter(epoch))
	f.finish(l, domain.PullSucceeded, "")
	f.assertLeaseLost(l)
	f.equal("rows", 0, len(f.allRows(c)))
	f.equal("health", domain.Health{}, f.getConnection(c).Health)
	absent := newLease(newID[domain.Pull](), epoch)
	f.errorIs(f.Pulls.Finish(f.ctx, absent, ports.Outcome{State: domain.PullFailed, At: epoch}), domain.LeaseLost)
}

// expiredLeaseStillWrites checks that a write under an expired lease succeeds. Such writes fail only after another
// worker has taken over the pull. The store must therefore compare the id of the lease and not its expiry.
func expiredLeaseStillWrites(f *fixture) {
	c, l := f.runningPull()
	late := l.Until.Add(time.Hour)
	f.noError(f.storePage(l, ports.PageWrite{Transactions: []domain.TransactionData{row("1")}, At: late,
		LeaseUntil: late.Add(time.Minute)}))
	f.notDue(l.Pull, late)
	f.equal("rows", []string{"1"}, ids(f.allRows(c), externalID))
}

func pageOfDeletedConnection(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("before"))
	f.deleteConnection(c)
	err := f.storePage(l, ports.PageWrite{Transactions: []domain.TransactionData{row("after")}})
	f.errorIs(err, domain.Conflict)
	f.errorIs(err, domain.LeaseLost)
	f.equal("feed", []string{"before"}, ids(f.readFeed(domain.Position{}, 10, 1), externalID))
}

// takeoverRacesPage fails if a store checks the lease outside the transaction that writes the page.
func takeoverRacesPage(f *fixture) {
	for range 5 {
		c, old := f.runningPull()
		at := old.Until.Add(timeResolution)
		fresh := newLease(old.Pull, at)
		fresh.Tenant = old.Tenant
		var claimed, stored error
		concurrently(2, func(i int) {
			if i == 0 {
				_, claimed = f.Pulls.Claim(f.ctx, fresh, at)
			} else {
				stored = f.storePage(old,
					ports.PageWrite{Transactions: []domain.TransactionData{row("1")}, LeaseUntil: longAfter(at)})
			}
		})
		if claimed == nil {
			f.errorIs(stored, domain.LeaseLost)
			f.equal("rows", 0, len(f.allRows(c)))
		} else {
			f.errorIs(claimed, domain.NotDue)
			f.noError(stored)
			f.equal("rows", 1, len(f.allRows(c)))
		}
	}
}
