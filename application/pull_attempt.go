package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// progressFlushInterval limits how long progress over unchanged pages may remain unsaved. After a crash, at most the
// pages that were read within this interval are read again. The interval is short compared with the time that is left
// of the lease after the longest call to the vendor.
const progressFlushInterval = time.Second

// maxRestarts is the number of times that one attempt starts a step again from its first page. After
// that the attempt fails, and the next attempt starts the step again.
const maxRestarts = 3

// maxPlanDays is the number of days for which the steps of a pull are valid. A sweep starts at a date that
// depends on the day of the plan. After more than a week the vendor may have dropped rows on or after that
// date because of their age, and the sweep would mark them as removed.
const maxPlanDays = 1

// attempt is one attempt at a pull, under one lease. It checks the account reference, stores
// its accounts, plans the steps, and then reads and stores the pages of each step.
type attempt struct {
	*Service

	lease      domain.Lease
	pull       domain.Pull // its Progress is the one that was last stored
	connection domain.Connection
	initial    bool // no pull has succeeded since the connection got its current target
	empty      bool // no transaction was stored when the attempt started

	vendor   ports.Aggregator
	access   ports.Access
	status   domain.LinkStatus    // returned by the check before the first page is read
	checked  bool                 // status is set
	consent  domain.ConsentReport // the vendor's report about the consent at the end of the attempt
	listed   []string             // the external ids of all accounts that the vendor lists
	accounts []domain.AccountData // accounts with a known external id, including unreadable ones
	relink   relink

	recentlyLeft bool            // see ports.Claimed; also set when this attempt has removed rows
	unshown      bool            // see ports.Claimed; also set when this attempt has published rows
	shown        domain.Progress // its members Shown and ShownMore are those of the pull
	reread       bool            // see domain.Progress
	nameless     bool            // the quarantine contains a row whose external id cannot be read

	removed         []string // the sorted external ids of rows whose removal is stored already
	removedAccounts []string // the external ids of accounts that were marked as removed when the attempt started
	quarantine      quarantine
	whole           bool // every step was read by this attempt, from its first page

	counts     domain.Counts // of this attempt only
	storedRows bool          // this attempt has stored a page with changed or quarantined rows
	lastWrite  time.Time     // when the pull's row was last written
	pending    pendingProgress
	restarts   int // how often this attempt has started a step again
	// confirmed means that after a complete read the vendor reported the same status as before the first
	// page. changed means that it reported a different status.
	confirmed, changed bool
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
	// Announced removals are stored first, because the vendor may not respond for hours. An initial pull stores them
	// last, because it may itself store the removed rows. If there are too many removals to keep in memory, they are
	// stored first, and again at the end if rows were stored: these rows may include removed ones, because the attempt
	// did not know all removals.
	if !a.initial {
		if err := a.markRemoved(ctx); err != nil {
			return err
		}
		a.removed = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.removed, a.pull.Scope.Removed))))
	}
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
	a.whole = a.pull.Progress.AtStart()
	if err := a.startStaging(ctx); err != nil {
		return err
	}
	for !a.pull.Progress.Done() {
		if err := a.readStep(ctx); err != nil {
			return err
		}
	}
	if err := a.releaseUnseen(ctx); err != nil {
		return err
	}
	if err := a.publish(ctx); err != nil {
		return err
	}
	if a.initial || a.pull.Scope.MoreRemoved && a.storedRows {
		if err := a.markRemoved(ctx); err != nil {
			return err
		}
	}
	if err := a.sweepAccounts(ctx); err != nil {
		return err
	}
	return a.awaitAccounts(ctx)
}

// awaitAccounts returns nil if the vendor lists all accounts that the scope names. Otherwise it returns
// account_not_listed, of kind Rejected if the pull has waited too long, and Unavailable before that.
func (a *attempt) awaitAccounts(ctx context.Context) error {
	if len(a.pull.Progress.Awaited) == 0 {
		return nil
	}
	failure := &domain.Error{Kind: domain.Unavailable, Code: domain.AccountNotListed}
	for _, since := range a.pull.Progress.Awaited {
		if a.Clock.Now().Sub(since) >= domain.MaxAccountWait {
			failure.Kind = domain.Rejected
		}
	}
	progress := a.pull.Progress
	if progress.ReadAt.IsZero() {
		progress.ReadAt = a.Clock.Now()
	}
	if err := a.writePage(ctx, ports.PageWrite{Progress: progress}); err != nil {
		return err
	}
	return failure
}

// checkAndListAccounts reads the status of the account reference and stores its accounts.
func (a *attempt) checkAndListAccounts(ctx context.Context) (err error) {
	if a.status, err = a.vendor.Check(ctx, a.access); err != nil {
		return err
	}
	a.checked = true
	// There is no new data yet: this write only extends the lease.
	if err = a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}); err != nil {
		return err
	}
	if err = a.checkNotPaused(ctx); err != nil {
		return err
	}
	listed, err := a.vendor.Accounts(ctx, a.access)
	if err != nil {
		return err
	}
	var changes quarantineChanges
	readable := a.quarantine.sortAccounts(listed, &changes)
	if err = a.decideStaging(ctx, readable, listed); err != nil {
		return err
	}
	a.listed = nil
	for i := range listed {
		a.listed = append(a.listed, listed[i].ExternalID)
	}
	a.accounts = slices.DeleteFunc(listed, func(account domain.AccountData) bool { return account.ExternalID == "" })
	return a.writePage(ctx, ports.PageWrite{
		Accounts:    readable,
		Listed:      true,
		Quarantined: changes.added,
		Released:    changes.released,
		Progress:    a.pull.Progress,
	})
}

// checkNotPaused returns Conflict (connection_paused) if the connection was paused during the attempt. It is
// called before each request to the vendor except the first one, which Claim allowed. The attempt then ends,
// and the pull continues where it stopped when the connection is resumed.
func (a *attempt) checkNotPaused(ctx context.Context) error {
	err := a.recheckPause(ctx, a.connection)
	if errors.Is(err, domain.NotFound) {
		return nil // the next write finds that the connection was deleted
	}
	return err
}

// plan sets the steps of the pull unless they are already set for the connection's current target. Steps that are older
// than maxPlanDays are set again. The steps are also set again if the vendor now lists an account for which the pull
// has waited, because hours may have passed since the other accounts were read. Until a pull has succeeded for this
// target, plan requests everything, regardless of the scope, because an event reports only what is new.
func (a *attempt) plan() {
	scope := a.pull.Scope
	if a.initial {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	progress, target, today := a.pull.Progress, a.connection.Target(), domain.DateOf(a.Clock.Now())
	awaited := a.awaited()
	old := progress.PlannedOn.AddDays(maxPlanDays) < today
	if !progress.Planned || progress.Target != target || len(awaited) < len(progress.Awaited) || old ||
		progress.Staged != a.relink.staged || a.syncedSince(progress) {
		progress = domain.Progress{
			Planned: true, Target: target, PlannedOn: today, Steps: a.vendor.Plan(scope, a.accounts, today),
		}
		if progress.Staged = a.relink.staged; progress.Staged {
			progress.SyncState = a.status.State()
		}
	}
	progress.Awaited = awaited
	a.pull.Progress = progress
}

// awaited returns the accounts that the scope names and the vendor does not list, each with the time since which the
// pull has been waiting for it. It omits accounts that are marked as removed: the vendor has listed them before, and
// their rows do not change. awaited returns nil if the connection's target was changed after the pull was queued,
// because the scope may then name accounts of the earlier target.
func (a *attempt) awaited() map[string]time.Time {
	if a.pull.CreatedAt.Before(a.connection.TargetChangedAt) {
		return nil
	}
	var awaited map[string]time.Time
	for _, name := range a.pull.Scope.AccountNames() {
		if slices.Contains(a.listed, name) || slices.Contains(a.removedAccounts, name) {
			continue
		}
		since, ok := a.pull.Progress.Awaited[name]
		if !ok {
			since = a.Clock.Now()
		}
		if awaited == nil {
			awaited = map[string]time.Time{}
		}
		awaited[name] = since
	}
	return awaited
}

// readStep reads the current step to its end. If the vendor cannot continue the list, or the list changed
// while it was read, readStep starts again at the first page, at most maxRestarts times in an attempt.
// Without these restarts, every later attempt would request the same missing page, or would miss a row that
// the vendor has moved to a page that was already read.
func (a *attempt) readStep(ctx context.Context) error {
	step := a.pull.Progress.Current()
	if step.Sweep && !step.Resume {
		// A sweep needs all ids of the step. The ids that were seen before a crash are lost, so the step is
		// read from its start.
		a.pull.Progress = a.pull.Progress.Restart()
	}
	changes := &differ{
		pulls:         a.Pulls,
		tenant:        a.connection.Tenant,
		connection:    a.connection.ID,
		empty:         a.empty,
		countedBefore: a.pull.Progress.Rows,
		quarantine:    a.quarantine,
		removed:       a.removed,
		staged:        a.relink.staged,
		partial:       len(step.IDs) > 0 || !step.CreatedFrom.IsZero(),
	}
	for {
		err := a.readPages(ctx, step, changes)
		if !needsRestart(err) || a.restarts == maxRestarts {
			return err
		}
		a.restarts++
		a.reread = true
		changes = changes.again()
	}
}

// needsRestart reports whether a step that failed with this error must be read again from its first page,
// without waiting for the next attempt.
func needsRestart(failure error) bool {
	return errors.Is(failure, domain.CursorGone) || errors.Is(failure, domain.ListChanged)
}

// readPages reads the step from the pull's progress to its end. While it stores a batch of pages, the pager
// prefetches the next pages.
func (a *attempt) readPages(ctx context.Context, step domain.Step, changes *differ) error {
	pages := newPager(ctx, a, step, changes)
	defer pages.close()
	sweep := step.Sweep && pages.whole && !a.relink.staged
	held := a.newHeldRows(sweep)
	for {
		batch := pages.next()
		a.nameless = a.nameless || batch.nameless
		a.shown = a.shown.WithShown(batch.shown)
		a.noteEmbedded(batch.accounts)
		stored := held.hold(&batch)
		switch {
		case batch.last && sweep:
			return a.sweep(ctx, step, changes, batch)
		case batch.pages > 0 && a.mayStayPending(batch):
			a.pending.pages += batch.pages
			a.pending.rows += batch.unchanged
			a.pending.progress = batch.progress
		case batch.pages > 0 || len(batch.rows) > 0:
			if err := a.writePage(ctx, batch.write()); err != nil {
				return err
			}
		}
		changes.markStored(stored)
		switch {
		case batch.err != nil:
			return a.stopStep(ctx, batch.err)
		case batch.last:
			return nil
		}
	}
}

// write converts the batch to the argument of PullExecution.StorePage.
func (b *batch) write() ports.PageWrite {
	return ports.PageWrite{
		Accounts: b.accounts, Transactions: b.rows, AssumeNew: b.assumeNew, Quarantined: b.quarantine.added,
		Released: b.quarantine.released, Unchanged: b.unchanged, Progress: b.progress,
	}
}

// mayStayPending reports whether the progress of the batch can be saved later: the batch contains no
// change, is not the last one of its step, and the last write is less than progressFlushInterval ago.
func (a *attempt) mayStayPending(b batch) bool {
	since := a.Clock.Now().Sub(a.lastWrite) // negative if the clock was set back
	unchanged := len(b.rows)+len(b.accounts) == 0 && b.quarantine.empty()
	return unchanged && !b.last && since >= 0 && since < progressFlushInterval
}

// writePage stores a page together with the progress and extends the lease. The write includes
// the number of unchanged rows of the pending pages.
func (a *attempt) writePage(ctx context.Context, w ports.PageWrite) error {
	w = a.completed(w)
	counts, err := a.Pulls.StorePage(ctx, a.lease, w)
	a.dispatch.changed()
	return a.written(ctx, w, counts, err)
}

// completed returns the write w with those members set that every write must have.
func (a *attempt) completed(w ports.PageWrite) ports.PageWrite {
	w = a.forStage(a.forPage(w))
	w.At, w.LeaseUntil = a.leaseTimes()
	w.Unchanged += a.pending.rows
	w.NewID = func() domain.TransactionID { return domain.TransactionID{UUID: a.IDs.New()} }
	return w
}

// written updates the attempt after the store has executed a write (w), which the method completed has prepared. The
// arguments counts and err are the results of the store call. written returns err, unless the write has found an
// account that continues a former one (an account of an earlier reference or of a deleted connection); it then returns
// the result of stageAgain.
func (a *attempt) written(ctx context.Context, w ports.PageWrite, counts domain.Counts, err error) error {
	if errors.Is(err, domain.AccountContinues) {
		return a.stageAgain(ctx, err)
	}
	if err != nil {
		return err
	}
	a.storedRows = a.storedRows || len(w.Transactions)+len(w.Quarantined) > 0
	a.pull.Progress, a.counts = w.Progress, a.counts.Plus(counts)
	a.lastWrite, a.pending = w.At, pendingProgress{}
	a.recentlyLeft = a.recentlyLeft || counts.Removed > 0
	return nil
}

// stopStep saves the progress of the pages that were read before the failure, and returns the failure. If the
// pagination does not end (EndlessCursor), or if the failure needs a restart, it saves the start of the step instead,
// because the cursor does not lead to the end of the step.
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

// sweep marks as removed those rows that a complete read did not return, and advances to the next step. It marks
// nothing unless the vendor reports, before and after the read, that its own synchronisation of transactions is
// complete. Both reports must be about the same synchronisation. While the vendor synchronises, a row may be missing
// although it was not removed. If the id of a row that was read is not known, any stored row may be that row. The sweep
// then treats every stored row as returned. The rows of the last batch are written together with the removals, so that
// a removed row and a new row that replaces it become one change.
func (a *attempt) sweep(ctx context.Context, step domain.Step, changes *differ, last batch) error {
	page := last.write()
	settled, err := a.settled(ctx, a.status.Transactions)
	if err != nil || !settled {
		if err != nil {
			// The step is complete only when its sweep has succeeded, so the progress does not advance.
			page.Progress = a.pull.Progress
		}
		if failed := a.writePage(ctx, page); failed != nil {
			return failed
		}
		return err
	}
	w := ports.SweepWrite{
		Account: step.Account, Window: step.Window, Seen: changes.seenInStep(), Proof: a.status.Transactions,
		CollectedFrom: changes.collectedFrom, Page: a.completed(page),
	}
	if changes.unidentified {
		w.Seen = func(string) bool { return true }
	}
	if purger, ok := a.vendor.(ports.Purger); ok {
		w.CollectedAt = purger.CollectedAt
	}
	w.At, w.LeaseUntil = w.Page.At, w.Page.LeaseUntil
	counts, err := a.Pulls.Sweep(ctx, a.lease, w)
	a.dispatch.changed()
	return a.written(ctx, w.Page, counts, err)
}

// settled reports whether the read that has just ended can prove that a row is absent. For OneRead, the
// vendor must report the same status as before the first page.
func (a *attempt) settled(ctx context.Context, proof domain.AbsenceProof) (bool, error) {
	if proof != domain.OneRead || a.changed {
		return proof == domain.TwoReads, nil
	}
	if err := a.checkNotPaused(ctx); err != nil {
		return false, err
	}
	status, err := a.vendor.Check(ctx, a.access)
	if err != nil {
		return false, err
	}
	a.confirmed = status.SameState(a.status)
	a.changed = !a.confirmed
	return a.confirmed, nil
}

// sweepAccounts marks the accounts that the vendor no longer lists as removed. Only a pull that requests
// everything does so. Every attempt reads the whole list of accounts before the steps, so a status that is
// confirmed after the last step also holds for that list.
func (a *attempt) sweepAccounts(ctx context.Context) error {
	proof := a.status.Accounts
	if !a.initial && !a.pull.Scope.Everything || proof == domain.NoProof || a.relink.staged {
		return nil
	}
	if slices.Contains(a.listed, "") { // the id of an unreadable account is not known; it may be any account
		return nil
	}
	if !a.confirmed {
		if settled, err := a.settled(ctx, proof); err != nil || !settled {
			return err
		}
	}
	w := ports.AccountSweepWrite{Proof: proof, Listed: a.listed}
	w.At, w.LeaseUntil = a.leaseTimes()
	return a.Pulls.SweepAccounts(ctx, a.lease, w)
}

// markRemoved stores the removals that the vendor announced, and removes these rows from the quarantine.
func (a *attempt) markRemoved(ctx context.Context) error {
	if err := a.storeRemovals(ctx, a.pull.Scope.Removed); err != nil || !a.pull.Scope.MoreRemoved {
		return err
	}
	return a.Pulls.VisitAnnouncedRemovals(ctx, a.lease, func(externalIDs []string) error {
		if len(externalIDs) == 0 && a.Clock.Now().Sub(a.lastWrite) >= progressFlushInterval {
			return a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}) // extends the lease
		}
		return a.storeRemovals(ctx, externalIDs)
	})
}

// maxBatchRemovals is the maximum number of removals that are stored with one write.
const maxBatchRemovals = 10 * maxBatchRows

func (a *attempt) storeRemovals(ctx context.Context, externalIDs []string) error {
	for ids := range slices.Chunk(externalIDs, maxBatchRemovals) {
		var changes quarantineChanges
		for _, id := range ids {
			changes.release(a.quarantine, domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id})
		}
		w := ports.PageWrite{Removed: ids, Released: changes.released, Progress: a.pull.Progress}
		if err := a.writePage(ctx, w); err != nil {
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
