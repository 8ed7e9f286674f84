package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// progressFlushInterval limits how long progress over unchanged pages may remain unsaved. After a
// crash, at most the pages of this interval are read again. The interval is short compared with
// the time that remains of the lease after the longest call to the vendor.
const progressFlushInterval = time.Second

// maxRestarts is the number of times that one attempt starts a step again from its first page. After
// that the attempt fails, and the next attempt starts the step again.
const maxRestarts = 3

// attempt is one attempt at a pull, under one lease. It checks the account reference, stores
// its accounts, plans the steps, and then reads and stores the pages of each step.
type attempt struct {
	*Service

	lease      domain.Lease
	pull       domain.Pull // Progress is the progress that was written last
	connection domain.Connection
	initial    bool // no pull has succeeded since the connection got its current target
	empty      bool // no transaction was stored when the attempt started

	vendor   ports.Aggregator
	access   ports.Access
	status   domain.LinkStatus // returned by the check before the first page
	accounts []domain.AccountData

	counts    domain.Counts // of this attempt only
	lastWrite time.Time     // when the pull's row was last written
	pending   pendingProgress
	restarts  int // how often this attempt has started a step again
}

// pendingProgress is the progress over unchanged pages that was made since the last write. An
// unchanged page only changes the position from which the pull resumes, so this position can be
// saved later, together with the next write.
type pendingProgress struct {
	pages, rows int
	progress    domain.Progress
}

// run executes the attempt. It returns nil when every step has been read and every removal has
// been stored.
func (a *attempt) run(ctx context.Context) error {
	credential, err := a.open(ctx, a.connection)
	if err != nil {
		return err
	}
	a.vendor, a.access = a.aggregators[a.connection.Vendor], accessOf(a.connection, credential)
	if a.vendor == nil { // the vendor was registered when the connection was created, but is no longer registered
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
	// There is no new data yet: this write only extends the lease.
	if err = a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}); err != nil {
		return err
	}
	if a.accounts, err = a.vendor.Accounts(ctx, a.access); err != nil {
		return err
	}
	return a.writePage(ctx, ports.PageWrite{Accounts: a.accounts, Progress: a.pull.Progress})
}

// plan sets the steps of the pull, once. A later attempt resumes these steps, unless the
// connection's target has changed since then. Until a pull has succeeded for the current target,
// plan requests everything, regardless of the scope, because an event reports only what is new.
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

// readStep reads the current step to its end. If the vendor cannot continue the list of the step, or
// the list changed while it was read, readStep reads the step again from its first page, at most
// maxRestarts times in an attempt. Otherwise every later attempt would request the same missing page,
// or a row that the vendor moved to a page that was already read would stay unread.
func (a *attempt) readStep(ctx context.Context) error {
	step := a.pull.Progress.Current()
	if step.Sweep {
		// A sweep needs all ids of the step, and the ids that were seen before a crash are lost.
		// So the step is read from its start.
		a.pull.Progress = a.pull.Progress.Restart()
	}
	changes := &differ{
		pulls: a.Pulls, connection: a.connection.ID, empty: a.empty, countedBefore: a.pull.Progress.Rows,
	}
	for {
		err := a.readPages(ctx, step, changes)
		if !needsRestart(err) || a.restarts == maxRestarts {
			return err
		}
		a.restarts++
		changes = changes.again()
	}
}

// needsRestart reports whether a step that ended with this failure can be read only from its first
// page, and can be read at once.
func needsRestart(failure error) bool {
	return errors.Is(failure, domain.CursorGone) || errors.Is(failure, domain.ListChanged)
}

// readPages reads the step from the pull's progress to its end. It stores each batch of pages while
// the pager prefetches the pages after it.
func (a *attempt) readPages(ctx context.Context, step domain.Step, changes *differ) error {
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
				// The step is done only when its sweep has succeeded. So this write does not advance
				// the progress: after a crash between the write and the sweep, the step is read again.
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

// mayStayPending reports whether the batch needs no write of its own: it contains no change, it is
// not the last batch of its step, and the last write is less than progressFlushInterval ago.
func (a *attempt) mayStayPending(b batch) bool {
	since := a.Clock.Now().Sub(a.lastWrite) // negative if the clock was set back
	return len(b.rows)+len(b.accounts) == 0 && !b.last && since >= 0 && since < progressFlushInterval
}

// writePage stores a page together with the progress and extends the lease. The write includes
// the number of unchanged rows of the pending pages.
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

// stopStep saves the progress of the pages that were read before the failure, and returns the
// failure. After an endless cursor, and after a failure that needs a restart, it saves the start of
// the step instead, because continuing at that cursor would never reach the end of the step.
func (a *attempt) stopStep(ctx context.Context, failure error) error {
	progress := a.pending.progress
	switch {
	case errors.Is(failure, domain.EndlessCursor), needsRestart(failure):
		progress = a.pull.Progress.Restart()
	case a.pending.pages == 0:
		return failure
	}
	if err := a.writePage(ctx, ports.PageWrite{Progress: progress}); err != nil {
		return err
	}
	return failure
}

// sweep marks as removed those rows that a complete read did not return, and advances to the
// next step. It marks nothing unless the vendor reports, before and after the read, that its
// own synchronisation is complete. Both reports must be about the same synchronisation. While
// the vendor synchronises, a row may be missing although it was not removed.
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

// markRemoved stores the removals that the vendor announced. It runs after all steps, because a
// page that was read before the announcement may still have contained the removed rows.
func (a *attempt) markRemoved(ctx context.Context) error {
	for ids := range slices.Chunk(a.pull.Scope.Removed, maxBatchRows) {
		if err := a.writePage(ctx, ports.PageWrite{Removed: ids, Progress: a.pull.Progress}); err != nil {
			return err
		}
	}
	return nil
}

// leaseTimes returns the time of a write (at) and the lease's new expiry after the write (until).
func (a *attempt) leaseTimes() (at, until time.Time) {
	at = a.Clock.Now()
	return at, at.Add(leaseTime)
}
