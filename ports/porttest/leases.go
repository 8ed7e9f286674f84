package porttest

import (
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// leasePromises are the fence: who may write for a pull.
var leasePromises = []promise{
	{"a pull is taken over once its lease has ended, and not before", takeover},
	{"writes extend the lease", writesExtend},
	{"a lease that was replaced writes nothing", replacedLeaseIsLost},
	{"a lease that has ended, and one that never was, write nothing", endedLeaseIsLost},
	{"a lease that ran out and was not replaced still writes", overdueLeaseWrites},
	{"a page for a deleted connection is lost", pageOfDeleted},
	{"of a takeover and a page one happens", takeoverRacesPage},
}

// lost asks that every write of the lease is refused.
func (b *bench) lost(l domain.Lease) {
	b.Helper()
	before := b.pull(l.Pull)
	at := b.now()
	for name, err := range map[string]error{
		"StorePage": b.page(l, ports.PageWrite{
			Accounts:     []domain.AccountData{{ExternalID: "ghost", Type: domain.BankAccount}},
			Transactions: []domain.TransactionData{row("ghost")}, Progress: domain.Progress{Step: 9},
		}),
		"Sweep": func() error {
			_, err := b.Pulls.Sweep(b.ctx, l, ports.SweepWrite{Seen: func(string) bool { return false }, At: at, LeaseUntil: behind(at)})
			return err
		}(),
		"Finish": b.Pulls.Finish(b.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 7, At: at,
			Health: func(h domain.Health) domain.Health { return h.AfterFailure(domain.AccessDenied, at) },
		}),
	} {
		if !errors.Is(err, domain.Conflict) || !errors.Is(err, domain.LeaseLost) {
			b.Errorf("%s: error %v, want LeaseLost", name, err)
		}
	}
	b.same("the pull", before, b.pull(l.Pull))
}

// takeover is a crash: the next worker goes on from the stored progress, and the first
// begin of the pull stays on record.
func takeover(b *bench) {
	c := b.connection()
	pull := b.request(c, domain.PullScope{Everything: true})
	at := b.now()
	l, _ := b.claimAt(pull.ID, at)
	progress := domain.Progress{Planned: true, Steps: []domain.Step{{Account: "a"}}, Cursor: "next", Pages: 1}
	b.ok(b.page(l, ports.PageWrite{Transactions: []domain.TransactionData{row("1")}, Progress: progress, LeaseUntil: l.Until}))
	b.notDue(pull.ID, at)
	b.notDue(pull.ID, l.Until.Add(-instant))
	_, claimed := b.claimAt(pull.ID, l.Until.Add(instant))
	want := b.pull(pull.ID)
	want.State, want.Attempts, want.StartedAt = domain.PullRunning, 2, at
	want.Progress, want.Counts = progress, domain.Counts{Read: 1, Added: 1}
	b.same("taken over", ports.Claimed{Pull: want, Connection: c, Initial: true}, claimed)
}

func writesExtend(b *bench) {
	_, l := b.running()
	until := l.Until.Add(time.Minute)
	b.ok(b.page(l, ports.PageWrite{LeaseUntil: until}))
	b.notDue(l.Pull, until.Add(-instant))
	until = until.Add(time.Minute)
	_, err := b.Pulls.Sweep(b.ctx, l, ports.SweepWrite{Seen: func(string) bool { return true }, At: b.now(), LeaseUntil: until})
	b.ok(err)
	b.notDue(l.Pull, until.Add(-instant))
	b.claimAt(l.Pull, until.Add(instant))
}

// replacedLeaseIsLost is the worker that slept through its lease and wakes up.
func replacedLeaseIsLost(b *bench) {
	c, old := b.running()
	b.write(old, row("kept"))
	fresh, _ := b.claimAt(old.Pull, old.Until.Add(instant))
	b.lost(old)
	b.same("rows", []string{"kept"}, ids(b.rows(c), externalID))
	b.same("removed", true, b.row(c, "kept").RemovedAt.IsZero())
	b.same("accounts", 0, len(b.accounts(c)))
	b.same("health", domain.Health{}, b.get(c).Health)
	b.write(fresh, row("kept"))
	b.finish(fresh, domain.PullSucceeded, "")
}

func endedLeaseIsLost(b *bench) {
	c, l := b.running()
	stranger := l
	stranger.ID = newID[domain.Lease]()
	b.lost(stranger)
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	b.lost(l)
	l, _ = b.claimAt(l.Pull, behind(epoch))
	b.finish(l, domain.PullSucceeded, "")
	b.lost(l)
	b.same("rows", 0, len(b.rows(c)))
	b.same("health", domain.Health{}, b.get(c).Health)
	absent := lease(newID[domain.Pull](), epoch)
	b.fails(b.Pulls.Finish(b.ctx, absent, ports.Outcome{State: domain.PullFailed, At: epoch}), domain.LeaseLost)
}

// overdueLeaseWrites: the id fences, not the time. A slow worker whom nobody replaced
// has done no harm, and its page is as good as any.
func overdueLeaseWrites(b *bench) {
	c, l := b.running()
	late := l.Until.Add(time.Hour)
	b.ok(b.page(l, ports.PageWrite{Transactions: []domain.TransactionData{row("1")}, At: late, LeaseUntil: late.Add(time.Minute)}))
	b.notDue(l.Pull, late)
	b.same("rows", []string{"1"}, ids(b.rows(c), externalID))
}

func pageOfDeleted(b *bench) {
	c, l := b.running()
	b.write(l, row("before"))
	b.delete(c)
	err := b.page(l, ports.PageWrite{Transactions: []domain.TransactionData{row("after")}})
	b.fails(err, domain.Conflict)
	b.fails(err, domain.LeaseLost)
	b.same("feed", []string{"before"}, ids(b.feed(domain.Position{}, 10, 1), externalID))
}

// takeoverRacesPage fails where the lease is checked outside the transaction that writes.
func takeoverRacesPage(b *bench) {
	for range 5 {
		c, old := b.running()
		at := old.Until.Add(instant)
		fresh := lease(old.Pull, at)
		var claimed, stored error
		race(2, func(i int) {
			if i == 0 {
				_, claimed = b.Pulls.Claim(b.ctx, fresh, at)
			} else {
				stored = b.page(old, ports.PageWrite{Transactions: []domain.TransactionData{row("1")}, LeaseUntil: behind(at)})
			}
		})
		if claimed == nil {
			b.fails(stored, domain.LeaseLost)
			b.same("rows", 0, len(b.rows(c)))
		} else {
			b.fails(claimed, domain.NotDue)
			b.ok(stored)
			b.same("rows", 1, len(b.rows(c)))
		}
	}
}
