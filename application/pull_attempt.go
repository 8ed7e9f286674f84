package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// progressFlushInterval bounds how long progress over unchanged pages may stay unsaved; at
// most this much is read again after a crash. It is short compared with what remains of a lease.
const progressFlushInterval = time.Second

// attempt is one attempt at a pull, under one lease. It checks the account reference, stores
// its accounts, plans the steps, and reads and stores the pages of each step.
type attempt struct {
	*Service

	lease      domain.Lease
	pull       domain.Pull // Progress is as last written
	connection domain.Connection
	initial    bool // no pull has succeeded since the connection got its present target
	empty      bool // no transaction was stored when the attempt began

	vendor   ports.Aggregator
	access   ports.Access
	status   domain.LinkStatus // from the check before the first page
	accounts []domain.AccountData

	counts    domain.Counts // of this attempt only
	lastWrite time.Time     // when the pull's row was written
	pending   pendingProgress
}

// pendingProgress is the progress over unchanged pages since the last write. Such pages only
// move the position from which the pull resumes, so it is written with the next write.
type pendingProgress struct {
	pages, rows int
	progress    domain.Progress
}

// run executes the attempt. It returns nil when every step is read and every removal is stored.
func (a *attempt) run(ctx context.Context) error {
	credential, err := a.open(ctx, a.connection)
	if err != nil {
		return err
	}
	a.vendor, a.access = a.aggregators[a.connection.Vendor], accessOf(a.connection, credential)
	if a.vendor == nil { // it was wired when the connection was created, but is no longer
		return &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown}
	}
	if err := a.checkAndListAccounts(ctx); err != nil {
		return err
	}
	a.plan()
	for !a.pull.Progress.Done() {
		if err := a.readStep(ctx); err != nil {
			return err
		}
	}
	return a.markRemoved(ctx)
}

// checkAndListAccounts reads the status of the account reference and stores its accounts.
func (a *attempt) checkAndListAccounts(ctx context.Context) (err error) {
	if a.status, err = a.vendor.Check(ctx, a.access); err != nil {
		return err
	}
	// Nothing is new yet: this write only extends the lease.
	if err = a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}); err != nil {
		return err
	}
	if a.accounts, err = a.vendor.Accounts(ctx, a.access); err != nil {
		return err
	}
	return a.writePage(ctx, ports.PageWrite{Accounts: a.accounts, Progress: a.pull.Progress})
}

// plan fixes the steps once. A later attempt resumes them, unless the connection has got
// another target by then. Until a pull of the present target succeeds, everything is read,
// regardless of the requested scope, because an event reports only what is new.
func (a *attempt) plan() {
	target := a.connection.Target()
	if a.pull.Progress.Planned && a.pull.Progress.Target == target {
		return
	}
	scope := a.pull.Scope
	if a.initial {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	today := domain.DateOf(a.Clock.Now())
	a.pull.Progress = domain.Progress{Planned: true, Target: target, Steps: a.vendor.Plan(scope, a.accounts, today)}
}

// readStep reads the current step to its end. It stores each batch of pages while the pager
// prefetches the next ones.
func (a *attempt) readStep(ctx context.Context) error {
	step := a.pull.Progress.Current()
	if step.Sweep {
		// The ids seen before a crash are not known any more, and a sweep needs all of them.
		a.pull.Progress = a.pull.Progress.Restart()
	}
	changes := &differ{pulls: a.Pulls, connection: a.connection.ID, empty: a.empty}
	pages := newPager(ctx, a, step, changes)
	defer pages.close()
	for {
		batch := pages.next()
		if batch.pages > 0 && a.mayStayPending(batch) {
			a.pending.pages += batch.pages
			a.pending.rows += batch.unchanged
			a.pending.progress = batch.progress
		} else if batch.pages > 0 {
			write := ports.PageWrite{
				Accounts: batch.accounts, Transactions: batch.rows, AssumeNew: batch.assumeNew,
				Unchanged: batch.unchanged, Progress: batch.progress,
			}
			if batch.last && step.Sweep {
				// The step is done only once its sweep has succeeded: a crash between the
				// two reads the step again.
				write.Progress = a.pull.Progress
			}
			if err := a.writePage(ctx, write); err != nil {
				return err
			}
		}
		changes.markStored(batch.pages)
		switch {
		case batch.err != nil:
			return a.stopStep(ctx, batch.err)
		case batch.last && step.Sweep:
			return a.sweep(ctx, step, changes, batch.progress)
		case batch.last:
			return nil
		}
	}
}

// mayStayPending reports whether the batch needs no write of its own: it has no change, is not
// the last one of its step, and the last write is less than progressFlushInterval ago.
func (a *attempt) mayStayPending(b batch) bool {
	since := a.Clock.Now().Sub(a.lastWrite) // negative after the clock was set back
	return len(b.rows)+len(b.accounts) == 0 && !b.last && since >= 0 && since < progressFlushInterval
}

// writePage stores a page together with the progress, extends the lease, and adds the
// unchanged rows of pending pages to the counts.
func (a *attempt) writePage(ctx context.Context, w ports.PageWrite) error {
	w.At, w.LeaseUntil = a.leaseTimes()
	w.Unchanged += a.pending.rows
	w.NewID = func() domain.TransactionID { return domain.TransactionID{UUID: a.IDs.New()} }
	counts, err := a.Pulls.StorePage(ctx, a.lease, w)
	if err != nil {
		return err
	}
	a.pull.Progress, a.counts = w.Progress, a.counts.Plus(counts)
	a.lastWrite, a.pending = w.At, pendingProgress{}
	return nil
}

// stopStep saves what was read before the failure, and returns the failure. After an endless
// cursor the next attempt starts the step again, because that cursor leads nowhere.
func (a *attempt) stopStep(ctx context.Context, failure error) error {
	progress := a.pending.progress
	switch {
	case errors.Is(failure, domain.EndlessCursor):
		progress = a.pull.Progress.Restart()
	case a.pending.pages == 0:
		return failure
	}
	if err := a.writePage(ctx, ports.PageWrite{Progress: progress}); err != nil {
		return err
	}
	return failure
}

// sweep marks rows as removed that a complete read did not show, and moves past the step. It
// marks nothing unless the vendor reports, before and after the read, that its own
// synchronisation is complete and the same one: a row may be absent in the middle of one.
func (a *attempt) sweep(ctx context.Context, step domain.Step, changes *differ, after domain.Progress) error {
	settled := a.status.SyncComplete
	if settled {
		status, err := a.vendor.Check(ctx, a.access)
		if err != nil {
			return err
		}
		settled = status == a.status
	}
	if settled {
		w := ports.SweepWrite{Account: step.Account, Window: step.Window, Seen: changes.seenInStep()}
		w.At, w.LeaseUntil = a.leaseTimes()
		counts, err := a.Pulls.Sweep(ctx, a.lease, w)
		if err != nil {
			return err
		}
		a.counts = a.counts.Plus(counts)
	}
	return a.writePage(ctx, ports.PageWrite{Progress: after})
}

// markRemoved stores the removals that the vendor announced. It comes last, because a page read
// before the announcement may still have shown those rows.
func (a *attempt) markRemoved(ctx context.Context) error {
	for ids := range slices.Chunk(a.pull.Scope.Removed, maxBatchRows) {
		if err := a.writePage(ctx, ports.PageWrite{Removed: ids, Progress: a.pull.Progress}); err != nil {
			return err
		}
	}
	return nil
}

// leaseTimes returns the time of a write and the end of the lease that the write extends.
func (a *attempt) leaseTimes() (at, until time.Time) {
	at = a.Clock.Now()
	return at, at.Add(leaseTime)
}
