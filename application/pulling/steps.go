package pulling

import (
	"context"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxRestarts is the number of times that one attempt starts a step again from its first page. After
// that the attempt fails, and the next attempt starts the step again.
const maxRestarts = 3

// maxChangeFailures is the number of attempts that may fail while they read the changes since one stream position. The
// pull then reads everything, because the vendor may never return these changes.
const maxChangeFailures = 3

// stepReader plans the steps of the pull, and reads and stores the pages of each step.
type stepReader struct {
	*link

	scope     domain.PullScope // what the attempt reads
	removed   []string         // see announced
	position  string           // the connection's position in the vendor's stream; "" if there is none that it accepts
	fromStart bool             // no earlier attempt has read a page
	restarts  int              // how often this attempt has started a step again
	doubted   map[string]bool  // the doubted rows of the scope that this attempt has read
	lists     accountLists     // the complete lists that this attempt has read
	// bills contains what the attempt has read of the bills of cards, by the external id of the account.
	bills map[string]bills.Read
}

// newStepReader returns a reader with the planned steps.
func newStepReader(l *link, a announced) *stepReader {
	r := &stepReader{link: l, scope: a.scope, removed: a.removed, position: l.Connection.StreamPosition}
	l.journal.progress = r.plan()
	r.fromStart = l.journal.progress.AtStart()
	return r
}

// resumes reports whether an earlier attempt has planned the pull. It may have read pages.
func (c *claim) resumes() bool { return c.Pull.Progress.Planned }

// readsEverything reports whether the attempt reads everything that the vendor has.
func (r *stepReader) readsEverything() bool { return r.listed.initial || r.scope.Everything }

// readsAll reports whether the attempt has read everything that the vendor had when it began: all rows, or all changes
// since a position in the vendor's stream up to which everything was stored.
func (r *stepReader) readsAll() bool {
	progress := r.journal.progress
	return !progress.Incomplete && (r.readsEverything() || progress.StreamPosition != "")
}

// readAll reads the planned steps. At the start of a pull that stages its rows, it first deletes the rows that were
// staged under an earlier plan.
func (r *stepReader) readAll(ctx context.Context) error {
	if r.journal.staging != nil && r.fromStart {
		if err := r.journal.storeProgress(ctx, r.journal.progress); err != nil {
			return err
		}
	}
	if err := r.read(ctx); err != nil || !r.fromStart {
		return err
	}
	return r.releaseUnseen(ctx)
}

// read reads the steps that are left.
func (r *stepReader) read(ctx context.Context) error {
	for !r.journal.progress.Done() {
		var err error
		changes := r.journal.progress.Current().Since != ""
		failed := changes && r.journal.progress.ChangeFailures >= maxChangeFailures
		if !failed {
			err = r.readStep(ctx)
		}
		switch {
		case failed, changes && errors.Is(err, domain.StreamGone):
			err = r.readEverything(ctx)
		case changes && err != nil:
			err = r.countChangeFailure(ctx, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readEverything plans the pull again, so that it reads everything instead of the changes since a stream position that
// the vendor has refused.
func (r *stepReader) readEverything(ctx context.Context) error {
	r.position, r.scope = "", r.scope.Merge(domain.PullScope{Everything: true})
	r.journal.progress.Planned = false
	r.journal.progress = r.plan()
	return r.journal.storeProgress(ctx, r.journal.progress)
}

// countChangeFailure stores that the attempt has failed while it read changes, and returns the failure. A failure for a
// reason of ours does not count.
func (r *stepReader) countChangeFailure(ctx context.Context, failure error) error {
	ours := []domain.Code{
		domain.BudgetExhausted, domain.MemoryExhausted, domain.Interrupted, domain.ConnectionPaused,
		domain.StoreUnavailable, domain.LeaseLost, domain.AccountContinues,
	}
	if slices.Contains(ours, codeOf(failure)) || errors.Is(failure, domain.Rejected) || r.journal.staging != nil {
		return failure
	}
	progress := r.journal.progress.Restart()
	progress.ChangeFailures++
	if err := r.journal.storeProgress(ctx, progress); err != nil {
		return err
	}
	return failure
}

// readStep reads the current step to its end. It restarts at the first page in these cases, at most maxRestarts times
// in an attempt:
//   - The vendor cannot continue the list after the last page. Later attempts would fail in the same way.
//   - The list changed while it was read. A row may have moved to a page that was already read.
func (r *stepReader) readStep(ctx context.Context) error {
	step := r.journal.progress.Current()
	if step.Since != "" || step.Sweep && !step.Resume {
		// A sweep needs all ids of the step, and a step of changes needs all removals. The ids and removals that were
		// seen before a crash are lost, so the step is read from its start.
		r.journal.progress = r.journal.progress.Restart()
	}
	changes := r.newDiffer(step)
	for {
		err := r.readPages(ctx, step, changes)
		if err == nil && len(r.scope.Doubted) > 0 {
			r.noteDoubted(changes.read.has)
		}
		if err == nil && step.Sweep {
			r.lists.add(step.Account, &changes.read)
		}
		if err == nil || !needsRestart(err) || r.restarts == maxRestarts {
			return err
		}
		r.restarts++
		r.journal.read = r.journal.read.again()
		changes = changes.again()
	}
}

// newDiffer returns the differ of a step.
func (r *stepReader) newDiffer(step domain.Step) *differ {
	d := &differ{
		claim: r.claim, empty: r.Empty, staged: r.journal.staging != nil,
		countedBefore: r.journal.progress.Rows, quarantine: r.journal.quarantine, removedIDs: r.removed,
		partial: !step.Sweep,
	}
	if step.Sweep {
		d.elsewhere = r.lists.before(step.Account)
	}
	if updates, ok := r.vendor.(ports.UpdateReader); ok {
		d.updatedAt = updates.UpdatedAt
	} else if purger, ok := r.vendor.(ports.Purger); ok {
		d.updatedAt = purger.CollectedAt
	}
	return d
}

// needsRestart reports whether a step that failed with this error must be read again from its first page,
// without waiting for the next attempt.
func needsRestart(failure error) bool {
	return errors.Is(failure, domain.CursorGone) || errors.Is(failure, domain.ListChanged) &&
		failure != errAccountsChanged //nolint:errorlint // it has the same code
}

// noteDoubted remembers which doubted rows the step has returned. A doubted row was announced as removed, but not
// through the connection's own webhook (see domain.PullScope.Doubted). It must be called after all pages of the step
// were read. shown reports whether the step has returned the row with an external id.
func (r *stepReader) noteDoubted(shown func(externalID string) bool) {
	for _, ids := range r.scope.Doubted {
		for _, id := range ids {
			if shown(id) {
				if r.doubted == nil {
					r.doubted = map[string]bool{}
				}
				r.doubted[id] = true
			}
		}
	}
}

// readPages reads and stores the pages of the step, starting at the cursor in the stored progress. While it stores a
// batch of pages, the pager prefetches the next pages.
func (r *stepReader) readPages(ctx context.Context, step domain.Step, changes *differ) error {
	pages := newPager(ctx, r.link, step, changes)
	defer pages.close()
	end := r.endOf(step, changes, pages.whole)
	held := r.newHeldRows(end)
	defer held.release()
	for {
		batch := pages.next()
		if err := r.confirmUnlisted(ctx, batch.accounts); err != nil {
			return err
		}
		stored := held.hold(ctx, &batch)
		r.journal.read = r.journal.read.with(&batch, step)
		if end == endOfChanges && batch.err != nil { // the next reading begins with the first page
			return r.stopStep(ctx, &batch)
		}
		if batch.last {
			return r.finishStep(ctx, end, step, changes, &batch)
		}
		if !r.journal.postpone(&batch) && (batch.pages() > 0 || len(batch.rows) > 0) {
			if err := r.journal.store(ctx, r.pageOf(&batch, changes)); err != nil {
				return err
			}
		}
		changes.read.markStored(stored)
		if batch.err != nil {
			return r.stopStep(ctx, &batch)
		}
	}
}

// pageOf returns the write that stores a batch.
func (r *stepReader) pageOf(b *batch, changes *differ) ports.PageWrite {
	w := ports.PageWrite{
		Accounts: b.accounts, MaybeContinues: r.listed.maybe, Transactions: b.rows, AssumeNew: b.assumeNew,
		Quarantined: b.quarantine.added, Released: b.quarantine.released, Unchanged: b.unchanged, Progress: b.progress,
	}
	if len(b.twice) > 0 {
		w.Transactions, w.Outdated = changes.latest(b.rows), changes.outdated(b.twice)
	}
	return w
}

// stopStep stores the progress of the pages that were read before the failure, and returns the failure.
//
// After EndlessCursor, and after an error that needs a restart (see needsRestart), the step cannot be continued from
// the last cursor. After these errors, stopStep stores the start of the step as the progress.
func (r *stepReader) stopStep(ctx context.Context, b *batch) error {
	progress := r.journal.pending.progress
	switch {
	case errors.Is(b.err, domain.EndlessCursor), needsRestart(b.err):
		progress = r.journal.progress.Restart()
		if b.inconsistency != nil && r.restarts == maxRestarts {
			progress.Inconsistency = progress.Inconsistency.Again(*b.inconsistency)
		}
	case r.journal.pending.pages == 0:
		return b.err
	}
	if err := r.journal.storeProgress(ctx, progress); err != nil {
		return err
	}
	return b.err
}

// stepEnd is what the last page of a step completes.
type stepEnd int

const (
	endOfRows         stepEnd = iota // some rows: they are stored
	endOfChanges                     // changes since a stream position: the rows are stored together with the removals
	endOfListing                     // a complete listing: stored rows that it does not contain are marked as removed
	endOfFirstListing                // a complete listing from which every stored row of the account comes
)

// endOf returns what the last page of the step completes. whole is set if the step is read from its first page. It must
// be called before the first page is stored.
func (r *stepReader) endOf(step domain.Step, changes *differ, whole bool) stepEnd {
	switch {
	case step.Since != "":
		return endOfChanges
	case !step.Sweep || !whole || r.journal.staging != nil:
		return endOfRows
	case changes.empty && !r.journal.stored.of(step.Account):
		return endOfFirstListing
	}
	return endOfListing
}

// finishStep stores the last batch of a step, and the removals that result from the step.
func (r *stepReader) finishStep(
	ctx context.Context, end stepEnd, step domain.Step, changes *differ, lastBatch *batch,
) error {
	removed, kept := changes.read.takeRemoved(lastBatch.rows)
	lastBatch.rows = kept
	if end == endOfChanges {
		return r.storeChanges(ctx, removed, r.pageOf(lastBatch, changes))
	}
	if len(removed) > 0 && r.journal.staging == nil {
		if err := r.remove(ctx, removed); err != nil {
			return err
		}
	}
	page := r.pageOf(lastBatch, changes)
	if end == endOfRows {
		return r.journal.store(ctx, page)
	}
	return r.storeListing(ctx, end, step, changes, page)
}

// storeChanges stores the end of a step that reads what has changed since a stream position: the rows of the last
// batch, together with the removals. A removed row and the new row that replaces it thus become one change. If there
// are too many removals for one write, storeChanges stores the excess in earlier writes.
//
// If the pull reads everything, a later step decides about removals that are held back. Otherwise storeChanges
// requests a pull of everything.
func (r *stepReader) storeChanges(ctx context.Context, removed []string, page ports.PageWrite) error {
	last := removed
	if first := len(removed) - maxBatchRemovals; first > 0 {
		if err := r.journal.announceRemovals(ctx, removed); err != nil {
			return err
		}
		if err := r.remove(ctx, removed[:first]); err != nil {
			return err
		}
		last = removed[first:]
	}
	changes := quarantineChanges{page.Quarantined, page.Released}
	changes.releaseRemoved(r.journal.quarantine, last)
	page.Quarantined, page.Released = changes.added, changes.released
	page.Removed, page.Waits = last, len(last) > 0 && r.cannotBeRead()
	if err := r.journal.store(ctx, page); err != nil || r.scope.Everything {
		return err
	}
	return r.journal.confirmHeld(ctx, removed)
}

// storeListing marks stored rows as removed if a complete listing did not return them, and advances to the next step.
// In these cases it marks no rows:
//   - The listing proves nothing, for example because the vendor has synchronised during the listing (see proof). The
//     store then only remembers which rows the listing lacks.
//   - The listing contains a row whose id cannot be read. It may be the id of any stored row.
//   - The vendor has not read the whole history yet.
//   - Every stored row of the account comes from this listing. The rows are then not compared.
//
// The rows of the last batch are written together with the removals. If a removed row was replaced by a new row, both
// changes become visible at the same time.
func (r *stepReader) storeListing(
	ctx context.Context, end stepEnd, step domain.Step, changes *differ, page ports.PageWrite,
) error {
	proof, err := r.proof(ctx, r.rowProof(step.Account), changes.read.distinct() == 0)
	if err != nil {
		// The removals of this step are not stored yet, so the progress must not advance to the next step.
		page.Progress = r.journal.progress
		if failed := r.journal.store(ctx, page); failed != nil {
			return failed
		}
		return err
	}
	if page.Progress.Incomplete {
		proof, r.confirmation = domain.NoProof, statusChanged
	}
	if end == endOfFirstListing {
		return r.journal.store(ctx, page)
	}
	return r.journal.sweep(ctx, r.sweepOf(step, changes, proof, page))
}

// sweepOf returns the write that compares a complete listing with the stored rows.
func (r *stepReader) sweepOf(
	step domain.Step, changes *differ, proof domain.AbsenceProof, page ports.PageWrite,
) ports.SweepWrite {
	w := ports.SweepWrite{
		Account: step.Account, Window: step.Window, Seen: changes.read.has, Proof: proof,
		Sync:          r.status.RowsSyncTime(r.rowReading(step.Account), r.Clock.Now()),
		CollectedFrom: changes.read.collectedFrom, Page: page,
	}
	if _, ok := r.vendor.(ports.ChangeStream); ok {
		w.Stream = step.Window == (domain.Window{})
	}
	if accounts := r.listed.externalIDs; !slices.Contains(accounts, "") { // else any account may be an unreadable one
		w.Accounts = append([]string{}, accounts...)
	}
	if !r.resumes() {
		w.ShownBefore = changes.seenBefore()
	}
	if changes.read.unidentified {
		w.Proof, w.Seen = domain.NoProof, func(string) bool { return true }
	}
	if purger, ok := r.vendor.(ports.Purger); ok {
		w.CollectedAt = purger.CollectedAt
	}
	return w
}

// releaseUnseen deletes quarantined rows that the vendor no longer returns. It must be called only if the attempt has
// read all pages of the pull. All of these conditions must hold:
//   - The pull reads everything that the vendor has.
//   - The vendor's status has not changed since the start of the attempt.
//   - The status reports that the vendor's synchronisation is complete. Vendors whose proof is TwoReads do not report
//     this. For these vendors, it is enough that the account holder need not sign in again.
//
// The weaker condition for TwoReads is acceptable, because a mistake is harmless. Nothing is marked as removed. If the
// vendor returns the row later, the row is quarantined again.
func (r *stepReader) releaseUnseen(ctx context.Context) error {
	settled := r.status.SyncComplete || r.status.Transactions == domain.TwoReads && !r.status.NeedsReauth
	if !r.readsEverything() || !settled || r.ground().Rows == domain.NoProof {
		return nil
	}
	var unseen []domain.QuarantineKey
	for key, state := range r.journal.quarantine {
		if state == unread {
			unseen = append(unseen, key)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	domain.SortLarge(unseen, domain.QuarantineKey.Compare)
	if err := r.checkNotPaused(ctx); err != nil {
		return err
	}
	if status, err := r.check(ctx); err != nil || !status.SameState(r.status) {
		return err
	}
	return r.journal.store(ctx, ports.PageWrite{Released: unseen, Progress: r.journal.progress})
}
