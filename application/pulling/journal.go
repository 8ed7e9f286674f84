package pulling

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// progressFlushInterval is the longest time for which the progress of unchanged pages stays unsaved. After a crash, at
// most the pages that were read within this time are read again. During this time, no write extends the lease.
// leaseTime must therefore be longer than the interval plus the longest call to a vendor (15 s).
const progressFlushInterval = time.Second

// leaseTime is the duration of a lease. It is longer than the longest single call to an aggregator (15 s). It is short
// enough for another worker to resume the pull within 30 s after a worker has died.
//
// Each write extends the lease. Two facts limit the time between two writes:
//   - Unchanged pages delay a write by at most progressFlushInterval.
//   - The next page is requested from the vendor while a page is stored.
//
// The time between two extensions is therefore at most progressFlushInterval plus one call, either to the vendor or to
// the store.
//
// An attempt whose requests may take longer extends its lease also while it waits for the vendor (keepLease).
//
// leaseTime is too short if the longest vendor call is followed by a page lookup that takes the store's whole timeout
// (10 s). Another worker may then claim the pull although this worker is still alive. This costs one attempt, and the
// new worker reads the page again. The data stays correct, because the store accepts no write under a lost lease.
const leaseTime = 20 * time.Second

// maxBatchRemovals is the maximum number of removals that are stored with one write.
const maxBatchRemovals = 10 * maxBatchRows

// minLateRows is a limit for the new and changed rows after the first page of a step. If a step has so many, the
// vendor may be changing the ids of all rows while the step is read. The rows of each page must then be kept (see
// readLog.kept).
const minLateRows = 10

// journal stores what the attempt reads, and knows how far the pull is. It makes all writes of the attempt to the
// records.
type journal struct {
	*claim

	identity   func(domain.AccountData) domain.AccountIdentity // see identityOf
	progress   domain.Progress                                 // the progress that was last stored, or was planned
	counts     domain.Counts                                   // of this attempt only
	read       readLog
	quarantine quarantine
	staging    *staging         // nil if rows become visible when they are stored
	published  *ports.Published // nil if the attempt has published no rows
	stored     storedRows
	lastWrite  time.Time // when the pull's row was last written
	pending    pendingProgress
}

func newJournal(c *claim) *journal {
	return &journal{
		claim: c, identity: identityOf(c.Aggregators[c.Connection.Vendor]), progress: c.Pull.Progress,
		read: newReadLog(c), quarantine: newQuarantine(c.Quarantine),
	}
}

// pendingProgress is the progress that is not stored yet. It covers only pages without changed rows. For such a page,
// only the position from which the pull resumes must be stored, and this can wait until the next write.
type pendingProgress struct {
	pages, rows int
	progress    domain.Progress
}

// postpone keeps the progress of the batch for the next write, and reports whether it does. All of these conditions
// must be true:
//   - The batch contains a page, but no change.
//   - The batch is not the last one of its step.
//   - The last write is less than progressFlushInterval ago.
func (j *journal) postpone(b *batch) bool {
	since := j.Clock.Now().Sub(j.lastWrite) // negative if the clock was set back
	unchanged := len(b.rows)+len(b.accounts) == 0 && b.quarantine.empty()
	if b.pages() == 0 || !unchanged || b.last || since < 0 || since >= progressFlushInterval {
		return false
	}
	j.pending.pages += b.pages()
	j.pending.rows += b.unchanged
	j.pending.progress = b.progress
	return true
}

// store stores a page together with the progress and extends the lease. The write includes the number of unchanged rows
// of the pending pages.
func (j *journal) store(ctx context.Context, w ports.PageWrite) error {
	w = j.completed(ctx, w)
	counts, err := j.Pulls.StorePage(ctx, j.lease, w)
	return j.written(ctx, w, counts, err)
}

// storeProgress stores a progress and extends the lease.
func (j *journal) storeProgress(ctx context.Context, p domain.Progress) error {
	return j.store(ctx, ports.PageWrite{Progress: p})
}

// sweep stores the last page of a complete listing together with the removals.
func (j *journal) sweep(ctx context.Context, w ports.SweepWrite) error {
	w.Page = j.completed(ctx, w.Page)
	w.At, w.LeaseUntil = w.Page.At, w.Page.LeaseUntil
	counts, err := j.Pulls.Sweep(ctx, j.lease, w)
	return j.written(ctx, w.Page, counts, err)
}

// completed returns w with the members that are the same for all writes of the pull, and with those that depend on the
// attempt's earlier writes, for example the lease's new expiry.
func (j *journal) completed(ctx context.Context, w ports.PageWrite) ports.PageWrite {
	w.AccountRef, w.Coverage, w.Identity = j.Connection.AccountRef, j.Coverage, j.identity
	w.Matching, w.NewID = j.Matching(ctx, j.Connection.Vendor), j.newID
	w.At, w.LeaseUntil = j.leaseTimes()
	w.Unchanged += j.pending.rows
	if j.staging != nil {
		w.Staged = &ports.Staging{Step: j.progress.Step, Restart: j.progress.Pages == 0}
	}
	j.read.describe(&w, j.stored.transactions+len(w.Transactions) > 0)
	return w
}

// mayReplace reports whether a new row may replace an earlier one: rows of the connection were removed recently, or it
// has carried-over rows; see ports.Claimed. It includes what the attempt itself has removed and published.
func (j *journal) mayReplace() bool {
	return j.HasRemoved || j.HasCarriedOver || j.published != nil || j.counts.Removed > 0
}

// written updates the journal after w was passed to the store. counts and err are the results of the store call. If err
// is AccountContinues, written returns the result of stageAgain. Otherwise, it returns err.
func (j *journal) written(ctx context.Context, w ports.PageWrite, counts domain.Counts, err error) error {
	j.Changed()
	if errors.Is(err, domain.AccountContinues) {
		return j.stageAgain(ctx, err)
	}
	if err != nil {
		return err
	}
	if !w.Listed {
		j.staging.add(w.Accounts)
	}
	j.stored.add(w, j.Empty)
	j.progress, j.counts = w.Progress, j.counts.Plus(counts)
	j.lastWrite, j.pending = w.At, pendingProgress{}
	return nil
}

// stageAgain marks the account reference of the connection as new again, so that the next attempt stages all rows. If
// the store call fails, stageAgain returns the error of the store. If it succeeds, stageAgain returns failure.
//
// stageAgain is needed if a write finds an account that continues a former account. decideStaging misses such an
// account if the vendor lists it too late, or only embeds it in rows.
func (j *journal) stageAgain(ctx context.Context, failure error) error {
	j.staging, j.progress = &staging{}, domain.Progress{Awaited: j.progress.Awaited}
	j.pending = pendingProgress{}
	if err := j.storeProgress(ctx, j.progress); err != nil {
		return err
	}
	return failure
}

// eachAnnounced calls fn with the external ids of all rows that the scope or a delivery of the pull announces as
// removed. It may call fn several times, each time with a part of the ids.
func (j *journal) eachAnnounced(ctx context.Context, fn func(context.Context, []string) error) error {
	if err := fn(ctx, j.Pull.Scope.Removed); err != nil || !j.Pull.Scope.MoreRemoved {
		return err
	}
	return j.Pulls.VisitAnnouncedRemovals(ctx, j.lease, func(externalIDs []string) error {
		if len(externalIDs) == 0 && j.Clock.Now().Sub(j.lastWrite) >= progressFlushInterval {
			return j.storeProgress(ctx, j.progress) // extends the lease
		}
		return fn(ctx, externalIDs)
	})
}

// announceRemovals stores removals that remove applies later.
func (j *journal) announceRemovals(ctx context.Context, externalIDs []string) error {
	for ids := range slices.Chunk(externalIDs, maxBatchRemovals) {
		if err := j.store(ctx, ports.PageWrite{Announced: ids, Progress: j.progress}); err != nil {
			return err
		}
	}
	return nil
}

// remove marks rows as removed, except those that the store holds back. If waits is set, it holds back all of them.
func (j *journal) remove(ctx context.Context, externalIDs []string, waits bool) error {
	for ids := range slices.Chunk(externalIDs, maxBatchRemovals) {
		var changes quarantineChanges
		changes.releaseRemoved(j.quarantine, ids)
		w := ports.PageWrite{Removed: ids, Waits: waits, Released: changes.released, Progress: j.progress}
		if err := j.store(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// held returns the sorted external ids of the given rows whose announced removal is held back.
func (j *journal) held(ctx context.Context, externalIDs []string) ([]string, error) {
	if len(externalIDs) == 0 {
		return nil, nil
	}
	return j.Pulls.FilterHeld(ctx, j.lease, externalIDs)
}

// confirmHeld requests a complete pull if the removal of one of these rows is held back. This attempt itself cannot
// show whether the vendor still has the rows, because it has already read its pages.
func (j *journal) confirmHeld(ctx context.Context, externalIDs []string) error {
	held, err := j.held(ctx, externalIDs)
	if err != nil || len(held) == 0 {
		return err
	}
	_, err = j.Pulls.Request(ctx, j.Connection.Tenant, j.Connection.ID, ports.PullRequest{
		ID: domain.PullID{UUID: j.IDs.New()}, Scope: domain.PullScope{Everything: true}, Trigger: j.Pull.Trigger,
		At: j.Clock.Now(), Trace: j.Pull.Trace,
	}, nil)
	if errors.Is(err, domain.NotFound) || errors.Is(err, domain.ConnectionPaused) {
		return nil // the next complete pull decides about the rows
	}
	return err
}

// publish makes the staged rows visible.
func (j *journal) publish(ctx context.Context, w ports.Publication) error {
	w.Target, w.AccountRef, w.Coverage = j.Connection.Target(), j.Connection.AccountRef, j.Coverage
	w.Identity, w.Matching, w.NewID = j.identity, j.Matching(ctx, j.Connection.Vendor), j.newID
	w.At, w.LeaseUntil = j.leaseTimes()
	published, err := j.Pulls.Publish(ctx, j.lease, w)
	if err != nil {
		return err
	}
	j.progress, j.counts, j.lastWrite = w.Progress, j.counts.Plus(published.Counts), w.At
	j.staging, j.published = nil, &published
	return nil
}

// sweepAccounts applies a complete listing of the accounts.
func (j *journal) sweepAccounts(ctx context.Context, w ports.AccountSweepWrite) error {
	w.At, w.LeaseUntil = j.leaseTimes()
	return j.Pulls.SweepAccounts(ctx, j.lease, w)
}

// finish stores the outcome of the attempt. If o.Settled is set, the store also computes the balance of each account
// and the sum of its records. Such a store call takes as long as reading all records of the connection, so the time
// limit of concurrency.Detach does not apply. If the store call fails with an error other than LeaseLost, finish stores
// the outcome without balances and sums.
func (j *journal) finish(ctx context.Context, o ports.Outcome) error {
	if o.Settled != nil {
		if err := j.Pulls.Finish(ctx, j.lease, o); err == nil || errors.Is(err, domain.LeaseLost) {
			return err
		}
		o.Settled = nil
	}
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	return j.Pulls.Finish(ctx, j.lease, o)
}

// storedRows describes the rows that the attempt has stored.
type storedRows struct {
	transactions, quarantined int
	// accounts contains the external ids of the accounts of all rows. It is complete only if no transaction was stored
	// when the attempt started.
	accounts map[string]bool
}

// add adds the rows of a write. If empty is set, it also adds their accounts.
func (s *storedRows) add(w ports.PageWrite, empty bool) {
	s.transactions, s.quarantined = s.transactions+len(w.Transactions), s.quarantined+len(w.Quarantined)
	if !empty {
		return
	}
	for i := range w.Transactions {
		if account := w.Transactions[i].Account; i == 0 || account != w.Transactions[i-1].Account {
			if s.accounts == nil {
				s.accounts = map[string]bool{}
			}
			s.accounts[account] = true
		}
	}
}

// any reports whether the attempt has stored a page with changed or quarantined rows.
func (s *storedRows) any() bool { return s.transactions+s.quarantined > 0 }

// of reports whether the attempt has stored rows of the account, or of any account if account is "".
func (s *storedRows) of(account string) bool {
	return s.accounts[account] || account == "" && len(s.accounts) > 0
}

// staging holds what an attempt knows of the rows that it stages. Staged rows are stored, but not visible yet.
type staging struct {
	embedded []domain.AccountData // the accounts that are embedded in the rows
}

// add remembers the accounts that are embedded in staged rows. s is nil if rows are not staged.
func (s *staging) add(accounts []domain.AccountData) {
	if s == nil {
		return
	}
	for _, account := range accounts {
		known := func(other domain.AccountData) bool { return other.ExternalID == account.ExternalID }
		if !slices.ContainsFunc(s.embedded, known) {
			s.embedded = append(s.embedded, account)
		}
	}
}

// notIn returns the accounts that are embedded in rows but not among the given ones, which the vendor lists.
func (s *staging) notIn(listed []domain.AccountData) []domain.AccountData {
	return slices.DeleteFunc(slices.Clone(s.embedded), func(account domain.AccountData) bool {
		return slices.ContainsFunc(listed, func(other domain.AccountData) bool {
			return other.ExternalID == account.ExternalID
		})
	})
}

// leaseTimes returns the time of a write, and the lease's new expiry after the write.
func (j *journal) leaseTimes() (writeTime, expiry time.Time) {
	writeTime = j.Clock.Now()
	return writeTime, writeTime.Add(leaseTime)
}

// extendLease extends the lease before a request to the vendor after which nothing is written, unless a write has
// extended it within progressFlushInterval.
func (j *journal) extendLease(ctx context.Context) error {
	at, until := j.leaseTimes()
	if since := at.Sub(j.lastWrite); since >= 0 && since < progressFlushInterval {
		return nil
	}
	if err := j.Pulls.ExtendLease(ctx, j.lease, until); err != nil {
		return err
	}
	j.lastWrite = at
	return nil
}

// keepLeaseInterval is the time between two writes of keepLease. It is short enough for the lease to survive a failed
// write, and a write that waits for the store's whole timeout (10 s).
const keepLeaseInterval = 5 * time.Second

// keepLease extends the lease regularly until stop is called. It ignores errors: if the lease was lost, the next write
// of the attempt fails.
func (j *journal) keepLease(ctx context.Context) (stop func()) {
	if j.Every == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	wait := j.Every(keepLeaseInterval, func() {
		_, until := j.leaseTimes()
		_ = j.Pulls.ExtendLease(ctx, j.lease, until)
	})
	return func() {
		cancel()
		wait()
	}
}

// readLog is what the attempts of a pull have read, as far as later writes depend on it.
type readLog struct {
	shown    domain.Progress // only Shown and ShownMore are used, with the ids from all attempts of the pull
	reread   bool            // see domain.Progress
	nameless bool            // the quarantine contains a row whose external id cannot be read

	// rows contains the rows that the attempts have read, page by page. It shows which of two rows the vendor returned
	// first, and whether it returned both at once. It is nil if the rows of earlier attempts are not known, or no row
	// can be replaced.
	rows *domain.ListedRows
	// kept is set if the rows must be stored with the progress of the pull. If kept is not set when the pull ends,
	// the pull has read each of its lists once and completely. The store has then recorded which stored rows the
	// lists lack, so the read rows are not needed.
	kept     bool
	stepPage int // number of pages of the current step
	late     int // number of new or changed rows after the first page of the current step
}

// newReadLog returns what earlier attempts have read. It has no rows in these cases:
//
//   - No row can be replaced: there are no stored rows, this is the first complete pull, or KeepReplacementsApart is
//     set.
//   - An earlier version of the service has begun the pull.
func newReadLog(c *claim) readLog {
	resumed := c.resumes()
	l := readLog{shown: c.Pull.Progress, reread: resumed, nameless: c.Nameless}
	if c.Initial || c.Empty || c.KeepReplacementsApart || resumed && c.Pull.Progress.Listed == nil {
		return l
	}
	if l.rows, l.kept = c.Pull.Progress.Listed, resumed; l.rows == nil {
		l.rows = &domain.ListedRows{}
	}
	return l
}

// with returns the log with the pages of a batch.
func (l readLog) with(b *batch, step domain.Step) readLog {
	l.nameless = l.nameless || b.nameless
	l.shown = l.shown.WithShown(b.shown)
	if l.rows == nil {
		return l
	}
	if b.pages() > 0 {
		rows := l.rows.WithPages(b.listed...)
		l.rows = &rows
	}
	if l.stepPage > 0 || b.pages() > 1 {
		l.late += b.changed
	}
	l.stepPage += b.pages()
	nothingChanged := step.Since != "" && b.changed+b.unchanged == 0
	l.kept = l.kept || !step.Sweep && !nothingChanged || l.late >= minLateRows
	if b.last || b.err != nil {
		l.stepPage, l.late = 0, 0
	}
	return l
}

// again returns the log after the attempt has decided to read a step a second time.
func (l readLog) again() readLog {
	l.reread, l.kept = true, true
	return l
}

// describe sets the members of w that the store needs to recognise replacements. stored reports whether the attempt has
// stored rows, including those of w. These rows must not replace another row, because the vendor may have returned them
// earlier:
//   - A row that leaves the quarantine.
//   - All rows, if the quarantine contains a row of the connection's current target whose id cannot be read. Any row
//     may be this quarantined row.
func (l readLog) describe(w *ports.PageWrite, stored bool) {
	for _, row := range w.Transactions {
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: row.ExternalID}
		if l.nameless || len(w.Released) > 0 && slices.Contains(w.Released, key) {
			w.Unmatched = append(w.Unmatched, row.ExternalID)
		}
	}
	w.Progress.Shown, w.Progress.ShownMore, w.Progress.Reread = l.shown.Shown, l.shown.ShownMore, l.reread
	w.ReadRows, w.Progress.Listed = l.rows, l.persisted(w.Progress, stored)
}

// persisted returns the rows to store with the progress p. It returns nil if they are not needed after the pull.
func (l readLog) persisted(p domain.Progress, stored bool) *domain.ListedRows {
	switch {
	case l.rows == nil:
		return nil
	case l.kept:
		return l.rows
	case p.Done():
		return nil
	case stored, p.Planned && p.Current().Resume:
		return l.rows // for the next attempt
	}
	return &domain.ListedRows{} // the next attempt begins again, and nothing that this one has read is stored
}
