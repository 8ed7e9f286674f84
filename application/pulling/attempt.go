package pulling

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// progressFlushInterval is the longest time for which the progress of unchanged pages stays unsaved. After a crash, at
// most the pages that were read within this time are read again. During this time, no write extends the lease.
// leaseTime must therefore be longer than the interval plus the longest call to a vendor (15 s).
const progressFlushInterval = time.Second

// maxRestarts is the number of times that one attempt starts a step again from its first page. After
// that the attempt fails, and the next attempt starts the step again.
const maxRestarts = 3

// maxPlanDays is the number of days for which the steps of a pull are valid. Vendors drop old rows, and a dropped row
// must not be mistaken for a removed row. A plan that looks for removed rows therefore leaves out the oldest week. This
// margin is sufficient only if the plan is less than a week old.
const maxPlanDays = 1

// maxChangeFailures is the number of attempts that may fail while they read the changes since one stream position. The
// pull then reads everything, because the vendor may never return these changes.
const maxChangeFailures = 3

// attempt is one attempt at a pull, under one lease. It checks the account reference, stores the accounts of the
// reference, and plans the steps. Then it reads and stores the pages of each step.
type attempt struct {
	*Engine

	lease      domain.Lease
	pull       domain.Pull // pull.Progress is the progress that was last stored
	connection domain.Connection
	initial    bool // no pull has succeeded since the connection got its current target
	empty      bool // no transaction was stored when the attempt started

	vendor       ports.Aggregator
	access       ports.Access
	status       domain.LinkStatus // returned by the check before the first page is read
	checked      bool              // status is set
	confirmation confirmation
	consent      consentRead
	listedAt     time.Time            // when the accounts and their balances were requested
	listed       []string             // the external ids of all accounts that the vendor lists
	accounts     []domain.AccountData // accounts with a known external id, including unreadable ones
	relink       relink

	recentlyRemoved bool            // see ports.Claimed; also set when this attempt has removed rows
	carriedOver     bool            // see ports.Claimed; also set when this attempt has published rows
	shown           domain.Progress // only Shown and ShownMore are used, with the ids from all attempts of the pull
	reread          bool            // see domain.Progress
	fromStart       bool            // no earlier attempt has read a page
	readRows        readRows        // which rows were read on which page
	resumed         bool            // an earlier attempt has planned the pull, and may have read pages
	nameless        bool            // the quarantine contains a row whose external id cannot be read

	removed         []string // the sorted external ids of rows whose removal is stored already, and is not held back
	removedAccounts []string // the external ids of accounts that were already removed before the attempt
	quarantine      quarantine
	shownDoubted    map[string]bool // the doubted rows of the scope that this attempt has read

	counts     domain.Counts // of this attempt only
	storedRows bool          // this attempt has stored a page with changed or quarantined rows
	// storedAccounts contains the external ids of the accounts of all rows that this attempt has stored. It is
	// complete only if empty is set.
	storedAccounts map[string]bool
	lastWrite      time.Time // when the pull's row was last written
	pending        pendingProgress
	restarts       int                   // how often this attempt has started a step again
	inconsistency  *domain.Inconsistency // of the last list; nil if it did not contradict itself

	positionGone bool // the vendor has refused the connection's stream position
}

// confirmation is the result of comparing the vendor's status before the first page with its status after the last page
// of a complete listing.
type confirmation int

const (
	notCompared   confirmation = iota // no complete listing has ended yet
	statusSame                        // the last comparison found the same status
	statusChanged                     // a comparison found a different status
)

// readsEverything reports whether the attempt reads everything that the vendor has.
func (a *attempt) readsEverything() bool { return a.initial || a.pull.Scope.Everything }

// readsAll reports whether the attempt has read everything that the vendor had when it began: all rows, or all changes
// since a position in the vendor's stream up to which everything was stored.
func (a *attempt) readsAll() bool {
	return !a.pull.Progress.Incomplete && (a.readsEverything() || a.pull.Progress.StreamPosition != "")
}

// pendingProgress is the progress that is not stored yet. It covers only pages without changed rows. For such a page,
// only the position from which the pull resumes must be stored, and this can wait until the next write.
type pendingProgress struct {
	pages, rows int
	progress    domain.Progress
}

// run executes the attempt. It returns nil when every step has been read and every removal has
// been stored.
func (a *attempt) run(ctx context.Context) error {
	// Announced removals are stored before the pages, because the vendor may not respond for hours. An initial pull
	// stores them only after the pages, because the pages may contain the removed rows.
	//
	// If there are too many removals to keep in memory, a stored page may restore a removed row. In this case, the
	// removals are stored a second time after the pages.
	if !a.initial {
		if err := a.markRemoved(ctx); err != nil {
			return err
		}
		if err := a.noteRemoved(ctx); err != nil {
			return err
		}
	}
	a.report(ctx, nil)
	credential, err := a.OpenCredential(ctx, a.connection)
	if err != nil {
		return err
	}
	a.vendor, a.access = a.Aggregators[a.connection.Vendor], ports.AccessOf(a.connection, credential)
	if a.vendor == nil { // the vendor was registered when the connection was created, but is no longer registered
		return &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown}
	}
	if err := a.checkAndListAccounts(ctx); err != nil {
		return err
	}
	a.pull.Progress = a.plan()
	a.fromStart = a.pull.Progress.AtStart()
	if err := a.startStaging(ctx); err != nil {
		return err
	}
	if err := a.readSteps(ctx); err != nil {
		return err
	}
	if a.fromStart {
		if err := a.releaseUnseen(ctx); err != nil {
			return err
		}
	}
	if err := a.publish(ctx); err != nil {
		return err
	}
	if err := a.readSteps(ctx); err != nil { // those that publish has added
		return err
	}
	if a.initial || a.pull.Scope.MoreRemoved && a.storedRows {
		if err := a.markRemoved(ctx); err != nil {
			return err
		}
		if err := a.confirmHeld(ctx, a.pull.Scope.Removed); err != nil {
			return err
		}
	}
	if err := a.removeDoubted(ctx); err != nil {
		return err
	}
	if err := a.sweepAccounts(ctx); err != nil {
		return err
	}
	return a.awaitAccounts(ctx)
}

// readSteps reads the steps that are left.
func (a *attempt) readSteps(ctx context.Context) error {
	for !a.pull.Progress.Done() {
		var err error
		changes := a.pull.Progress.Current().Since != ""
		failed := changes && a.pull.Progress.ChangeFailures >= maxChangeFailures
		if !failed {
			err = a.readStep(ctx)
		}
		switch {
		case failed, changes && errors.Is(err, domain.StreamGone):
			err = a.readEverything(ctx)
		case changes && err != nil:
			err = a.countChangeFailure(ctx, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countChangeFailure stores that the attempt has failed while it read changes, and returns the failure. A failure for a
// reason of ours does not count.
func (a *attempt) countChangeFailure(ctx context.Context, failure error) error {
	ours := []domain.Code{
		domain.BudgetExhausted, domain.MemoryExhausted, domain.Interrupted, domain.ConnectionPaused,
		domain.StoreUnavailable, domain.LeaseLost, domain.AccountContinues,
	}
	if slices.Contains(ours, codeOf(failure)) || errors.Is(failure, domain.Rejected) || a.relink.staged {
		return failure
	}
	progress := a.pull.Progress.Restart()
	progress.ChangeFailures++
	if err := a.writePage(ctx, ports.PageWrite{Progress: progress}); err != nil {
		return err
	}
	return failure
}

// readEverything plans the pull again, so that it reads everything instead of the changes since a stream position that
// the vendor has refused.
func (a *attempt) readEverything(ctx context.Context) error {
	a.positionGone = true
	a.pull.Scope = a.pull.Scope.Merge(domain.PullScope{Everything: true})
	a.pull.Progress.Planned = false
	a.pull.Progress = a.plan()
	return a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress})
}

// stepsOf returns the steps that read a scope. If the connection has a stream position, the steps read the changes
// since that position, with these exceptions:
//   - A scope that requests everything reads the changes first, and then a complete listing. The listing does not
//     contain the removals that the vendor has announced in the stream.
//   - A scope with doubted rows is read without the stream.
//   - Staged rows are read without the stream, because all rows of an account reference must become visible together.
//     The changes are read after the publication; see stepsAfterPublication.
//   - After the vendor has refused the position, everything is read without the stream.
func (a *attempt) stepsOf(scope domain.PullScope, today domain.Date) []domain.Step {
	var changes []domain.Step
	position := a.connection.StreamPosition
	if stream, ok := a.vendor.(ports.ChangeStream); ok && position != "" && len(scope.Doubted) == 0 &&
		!a.relink.staged && !a.positionGone {
		if !scope.Everything {
			return stream.PlanFrom(position, scope, a.accounts, today)
		}
		changes = stream.PlanFrom(position, domain.PullScope{News: true}, a.accounts, today)
	}
	if scope.News {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	return append(changes, a.vendor.Plan(scope, a.accounts, today)...)
}

// stepsAfterPublication returns the steps that read the changes since the stream position of the connection, after
// staged rows were published. The staged rows were read without the stream, so the removals in it are not known yet.
func (a *attempt) stepsAfterPublication() []domain.Step {
	position := a.connection.StreamPosition
	stream, ok := a.vendor.(ports.ChangeStream)
	if !ok || position == "" || a.positionGone {
		return nil
	}
	return stream.PlanFrom(position, domain.PullScope{News: true}, a.accounts, domain.DateOf(a.Clock.Now()))
}

// awaitAccounts returns nil if the vendor lists all accounts that the scope names. If an account is missing, it
// returns an error with the code account_not_listed. The kind of the error is Unavailable at first, and Rejected when
// the pull has waited too long.
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
	requestedAt := a.Clock.Now()
	if a.status, err = a.vendor.Check(ctx, a.access); err != nil {
		return err
	}
	a.checked, a.status.RequestedAt = true, requestedAt
	a.report(ctx, nil)
	// There is no new data yet: this write only extends the lease.
	if err = a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}); err != nil {
		return err
	}
	if err = a.checkNotPaused(ctx); err != nil {
		return err
	}
	a.noteConsentBefore(ctx)
	a.listedAt = a.Clock.Now()
	listed, err := a.vendor.Accounts(ctx, a.access)
	if err != nil {
		return err
	}
	for i := range listed {
		listed[i].Institution = a.status.Institution()
	}
	var changes quarantineChanges
	readable := a.quarantine.sortAccounts(listed, &changes)
	if a.relink, err = a.decideStaging(ctx, readable, listed); err != nil {
		return err
	}
	a.listed = nil
	for i := range listed {
		a.listed = append(a.listed, listed[i].ExternalID)
	}
	a.accounts = slices.DeleteFunc(listed, func(account domain.AccountData) bool { return account.ExternalID == "" })
	w := ports.PageWrite{
		Accounts:    readable,
		Listed:      true,
		Present:     a.listed,
		Quarantined: changes.added,
		Released:    changes.released,
		Progress:    a.pull.Progress,
	}
	err = a.writePage(ctx, w)
	if !errors.Is(err, domain.AccountContinues) {
		return err
	}
	// The write has staged the reference again. All accounts are read as under a new reference.
	a.initial, a.connection.NewReference, w.Progress = true, true, a.pull.Progress
	return a.writePage(ctx, w)
}

// checkNotPaused returns Conflict (connection_paused) if the connection was paused during the attempt. When the
// connection is resumed, the pull continues where it stopped. checkNotPaused is called before each request to the
// vendor except the first one, because Claim has already checked the connection.
func (a *attempt) checkNotPaused(ctx context.Context) error {
	now, err := a.Connections.Get(ctx, a.connection.Tenant, a.connection.Kind, a.connection.ID)
	if errors.Is(err, domain.NotFound) {
		return nil // the next write finds that the connection was deleted
	}
	if err != nil {
		return err
	}
	return now.CheckNotPaused()
}

// plan returns the progress with the steps of the pull. It plans the steps if there are none yet. It replaces existing
// steps in these cases:
//   - The connection's target has changed.
//   - The steps are older than maxPlanDays.
//   - The scope was widened since.
//   - The vendor now lists an account for which the pull has waited. The other accounts are then read again, because
//     hours may have passed since the pull read them.
//   - The steps were planned for visible rows, but rows are now staged (stored, but not visible yet), or the reverse.
//   - The vendor has synchronised since the pull began to stage rows.
//
// Until a pull has succeeded for the current target, plan requests everything, because the scope may cover only new
// data.
func (a *attempt) plan() domain.Progress {
	scope := a.pull.Scope
	if a.initial {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	progress, target, today := a.pull.Progress, a.connection.Target(), domain.DateOf(a.Clock.Now())
	awaited := a.awaited()
	old := progress.PlannedOn.AddDays(maxPlanDays) < today
	if !progress.Planned || progress.Target != target || len(awaited) < len(progress.Awaited) || old ||
		progress.Widened || progress.Staged != a.relink.staged || a.syncedSince(progress) {
		failures := 0
		if progress.Widened { // the wider pull begins with the same changes
			failures = progress.ChangeFailures
		}
		progress = domain.Progress{
			Planned: true, Target: target, PlannedOn: today, Steps: a.stepsOf(scope, today), ChangeFailures: failures,
		}
		if progress.Staged = a.relink.staged; progress.Staged {
			progress.SyncState = a.status.State()
		}
	}
	progress.Awaited = awaited
	return progress
}

// awaited returns the accounts that the scope names but the vendor does not list. The result maps the external id of
// each account to the time at which the pull began to wait for the account.
//
// Accounts that are marked as removed are omitted, because the rows of a removed account do not change.
//
// If the connection's target was changed after the pull was queued, awaited returns nil. The reason is that the scope
// may name accounts of the earlier target.
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

// readStep reads the current step to its end. It restarts at the first page in these cases, at most maxRestarts times
// in an attempt:
//   - The vendor cannot continue the list after the last page. Later attempts would fail in the same way.
//   - The list changed while it was read. A row may have moved to a page that was already read.
func (a *attempt) readStep(ctx context.Context) error {
	step := a.pull.Progress.Current()
	if step.Since != "" || step.Sweep && !step.Resume {
		// A sweep needs all ids of the step, and a step of changes needs all removals. The ids and removals that were
		// seen before a crash are lost, so the step is read from its start.
		a.pull.Progress = a.pull.Progress.Restart()
	}
	changes := &differ{
		pulls:         a.Pulls,
		tenant:        a.connection.Tenant,
		connection:    a.connection.ID,
		empty:         a.empty,
		countedBefore: a.pull.Progress.Rows,
		quarantine:    a.quarantine,
		removedIDs:    a.removed,
		staged:        a.relink.staged,
		partial:       !step.Sweep,
	}
	if updates, ok := a.vendor.(ports.UpdateReader); ok {
		changes.updatedAt = updates.UpdatedAt
	} else if purger, ok := a.vendor.(ports.Purger); ok {
		changes.updatedAt = purger.CollectedAt
	}
	for {
		err := a.readPages(ctx, step, changes)
		if err == nil && len(a.pull.Scope.Doubted) > 0 {
			a.noteDoubted(changes.seenInStep())
		}
		if !needsRestart(err) || a.restarts == maxRestarts {
			return err
		}
		a.restarts++
		a.reread, a.readRows.kept = true, true
		changes = changes.again()
	}
}

// needsRestart reports whether a step that failed with this error must be read again from its first page,
// without waiting for the next attempt.
func needsRestart(failure error) bool {
	return errors.Is(failure, domain.CursorGone) || errors.Is(failure, domain.ListChanged)
}

// readPages reads and stores the pages of the step, starting at the cursor in a.pull.Progress. While it stores a batch
// of pages, the pager prefetches the next pages.
func (a *attempt) readPages(ctx context.Context, step domain.Step, changes *differ) error {
	pages := newPager(ctx, a, step, changes)
	defer pages.close()
	sweep, changed := step.Sweep && pages.whole && !a.relink.staged, step.Since != ""
	first := changes.empty && !a.hasStored(step.Account)
	held := a.newHeldRows(sweep, changed)
	defer held.release()
	for {
		batch := pages.next()
		a.nameless = a.nameless || batch.nameless
		a.shown = a.shown.WithShown(batch.shown)
		a.readRows.add(&batch, step)
		a.noteEmbedded(batch.accounts)
		a.inconsistency = batch.inconsistency
		if changed && batch.err != nil { // the next reading begins with the first page
			return a.stopStep(ctx, batch.err)
		}
		stored := held.hold(ctx, &batch)
		if len(batch.twice) > 0 {
			batch.rows, batch.outdated = changes.latest(batch.rows), changes.outdated(batch.twice)
		}
		if batch.last {
			changes.dropRemoved(&batch)
			if removed := changes.removedInStep(); !changed && !a.relink.staged {
				if err := a.storeRemovals(ctx, removed); err != nil {
					return err
				}
			}
		}
		switch {
		case batch.last && changed:
			return a.storeChanges(ctx, changes, batch)
		case batch.last && sweep:
			return a.sweep(ctx, step, changes, batch, first)
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
		Released: b.quarantine.released, Unchanged: b.unchanged, Progress: b.progress, Outdated: b.outdated,
	}
}

// mayStayPending reports whether the progress of the batch can be stored later. All of these conditions must be true:
//   - The batch contains no change.
//   - The batch is not the last one of its step.
//   - The last write is less than progressFlushInterval ago.
func (a *attempt) mayStayPending(b batch) bool {
	since := a.Clock.Now().Sub(a.lastWrite) // negative if the clock was set back
	unchanged := len(b.rows)+len(b.accounts) == 0 && b.quarantine.empty()
	return unchanged && !b.last && since >= 0 && since < progressFlushInterval
}

// writePage stores a page together with the progress and extends the lease. The write includes
// the number of unchanged rows of the pending pages.
func (a *attempt) writePage(ctx context.Context, w ports.PageWrite) error {
	w = a.completed(ctx, w)
	counts, err := a.Pulls.StorePage(ctx, a.lease, w)
	a.Changed()
	return a.written(ctx, w, counts, err)
}

// completed returns w with the members that are the same for every write, for example the lease's new expiry.
func (a *attempt) completed(ctx context.Context, w ports.PageWrite) ports.PageWrite {
	w = a.forStage(a.forPage(ctx, w))
	w.At, w.LeaseUntil = a.leaseTimes()
	w.Unchanged += a.pending.rows
	w.Coverage = a.Coverage
	w.Waits = len(w.Removed) > 0 && a.cannotBeRead()
	w.NewID = func() domain.TransactionID { return domain.TransactionID{UUID: a.IDs.New()} }
	return w
}

// written updates the attempt after w was passed to the store. counts and err are the results of the store call. If
// err is AccountContinues, written returns the result of stageAgain. Otherwise, it returns err.
func (a *attempt) written(ctx context.Context, w ports.PageWrite, counts domain.Counts, err error) error {
	if errors.Is(err, domain.AccountContinues) {
		return a.stageAgain(ctx, err)
	}
	if err != nil {
		return err
	}
	a.storedRows = a.storedRows || len(w.Transactions)+len(w.Quarantined) > 0
	if a.empty {
		a.noteStored(w.Transactions)
	}
	a.pull.Progress, a.counts = w.Progress, a.counts.Plus(counts)
	a.lastWrite, a.pending = w.At, pendingProgress{}
	a.recentlyRemoved = a.recentlyRemoved || counts.Removed > 0
	return nil
}

// noteStored adds the accounts of stored rows to a.storedAccounts.
func (a *attempt) noteStored(rows []domain.TransactionData) {
	for i := range rows {
		if account := rows[i].Account; i == 0 || account != rows[i-1].Account {
			if a.storedAccounts == nil {
				a.storedAccounts = map[string]bool{}
			}
			a.storedAccounts[account] = true
		}
	}
}

// hasStored reports whether the attempt has stored rows of the account, or of any account if account is "". The result
// is valid only if a.empty is set.
func (a *attempt) hasStored(account string) bool {
	return a.storedAccounts[account] || account == "" && len(a.storedAccounts) > 0
}

// stopStep stores the progress of the pages that were read before the failure, and returns the failure.
//
// After EndlessCursor, and after an error that needs a restart (see needsRestart), the step cannot be continued from
// the last cursor. After these errors, stopStep stores the start of the step as the progress.
func (a *attempt) stopStep(ctx context.Context, failure error) error {
	progress := a.pending.progress
	switch {
	case errors.Is(failure, domain.EndlessCursor), needsRestart(failure):
		progress = a.pull.Progress.Restart()
		if a.inconsistency != nil && a.restarts == maxRestarts {
			progress.Inconsistency = progress.Inconsistency.Again(*a.inconsistency)
		}
	case a.pending.pages == 0:
		return failure
	}
	if err := a.writePage(ctx, ports.PageWrite{Progress: progress}); err != nil {
		return err
	}
	return failure
}

// sweep marks stored rows as removed if a complete listing did not return them, and advances to the next step. In these
// cases it marks no rows:
//   - The listing proves nothing, for example because the vendor has synchronised during the listing (see proof). The
//     store then only remembers which rows the listing lacks.
//   - The listing contains a row whose id cannot be read. It may be the id of any stored row.
//   - The vendor has not read the whole history yet.
//
// The rows of the last batch are written together with the removals. If a removed row was replaced by a new row, both
// changes become visible at the same time.
//
// first states that every stored row of the account comes from this listing. The rows are then not compared.
func (a *attempt) sweep(ctx context.Context, step domain.Step, changes *differ, lastBatch batch, first bool) error {
	page := lastBatch.write()
	proof, err := a.proof(ctx, a.rowProof(step.Account), changes.distinct() == 0)
	if err != nil {
		// The removals of this step are not stored yet, so the progress must not advance to the next step.
		page.Progress = a.pull.Progress
		if failed := a.writePage(ctx, page); failed != nil {
			return failed
		}
		return err
	}
	if page.Progress.Incomplete {
		proof, a.confirmation = domain.NoProof, statusChanged
	}
	if first {
		return a.writePage(ctx, page)
	}
	w := ports.SweepWrite{
		Account: step.Account, Window: step.Window, Seen: changes.seenInStep(), Proof: proof,
		Sync: a.status.SyncTime(a.Clock.Now()), CollectedFrom: changes.collectedFrom, Page: a.completed(ctx, page),
	}
	if changes.unidentified {
		w.Proof = domain.NoProof
	}
	if !a.resumed {
		w.ShownBefore = changes.seenBefore()
	}
	if changes.unidentified {
		w.Seen = func(string) bool { return true }
	}
	if purger, ok := a.vendor.(ports.Purger); ok {
		w.CollectedAt = purger.CollectedAt
	}
	w.At, w.LeaseUntil = w.Page.At, w.Page.LeaseUntil
	counts, err := a.Pulls.Sweep(ctx, a.lease, w)
	a.Changed()
	return a.written(ctx, w.Page, counts, err)
}

// sweepAccounts marks stored accounts as removed if the vendor no longer lists them. It marks nothing in these cases:
//   - The pull does not read everything.
//   - The rows of the pull are staged (stored, but not visible yet).
//   - The vendor's list of accounts does not prove that an account was removed.
//   - The list contains an account whose id cannot be read.
//   - The vendor has synchronised during the attempt (see proof), or has not read the whole history yet.
func (a *attempt) sweepAccounts(ctx context.Context) error {
	if !a.readsEverything() || a.relink.staged || a.pull.Progress.Incomplete {
		return nil
	}
	if slices.Contains(a.listed, "") { // the id of an unreadable account is not known; it may be any account
		return nil
	}
	proves := func(g domain.Ground) domain.AbsenceProof { return g.Accounts }
	proof := proves(a.ground())
	if a.confirmation != statusSame || len(a.listed) == 0 {
		var err error
		if proof, err = a.proof(ctx, proves, len(a.listed) == 0); err != nil {
			return err
		}
	}
	if proof == domain.NoProof {
		return nil
	}
	w := ports.AccountSweepWrite{Ground: a.ground(), Sync: a.status.SyncTime(a.Clock.Now()), Listed: a.listed}
	w.At, w.LeaseUntil = a.leaseTimes()
	return a.Pulls.SweepAccounts(ctx, a.lease, w)
}

// leaseTimes returns the time of a write, and the lease's new expiry after the write.
func (a *attempt) leaseTimes() (writeTime, expiry time.Time) {
	writeTime = a.Clock.Now()
	return writeTime, writeTime.Add(leaseTime)
}
