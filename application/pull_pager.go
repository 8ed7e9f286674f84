package application

import (
	"context"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of one step. Vendors return hundreds of rows per page, so maxPages allows millions of rows. The
// pagination is treated as endless if maxStalePages consecutive pages contain no row that is new to the step.
const (
	maxPages      = 10_000
	maxStalePages = 3
)

// maxBatchRows is the maximum number of rows of a batch, which is stored with one write.
const maxBatchRows = 1000

// pager reads the pages of one step from the vendor, in order, and prefetches them. Three activities run concurrently:
//   - The attempt stores a batch of pages.
//   - The method collect compares a later page with the store, and adds the changed rows to the next batch.
//   - The method fetch requests a page from the vendor. It is at most one page ahead of collect, so the pager holds few
//     pages in memory.
//
// The pager writes nothing to the store. It reads only those fields of the attempt that stay the same during a step.
// Each field below is owned by one of the three activities. The other two may access the field only after the owner has
// ended.
type pager struct {
	ctx    context.Context // canceled by close
	cancel context.CancelFunc
	run    func(work func()) (wait func()) // Deps.Go

	check    func(context.Context) error // returns an error if no request may be sent to the vendor
	vendor   ports.Aggregator
	access   ports.Access
	accounts []domain.AccountData
	step     domain.Step
	differ   *differ
	whole    bool // the pager starts at the first page of the step

	// These fields are owned by the attempt. The method collect may read wanted at any time.
	batch  *prefetched[batch] // the next batch
	wanted atomic.Bool        // the attempt is waiting for the next batch

	// This field is owned by the method collect.
	page *prefetched[fetchedPage] // the next page

	// These fields are owned by the method fetch.
	at    domain.Progress // the position of the next page
	stale int             // number of consecutive pages without a new row
}

// fetchedPage is a page that was requested from the vendor, or the error of the request.
type fetchedPage struct {
	ports.VendorPage
	progress domain.Progress // the pull's progress after the page is stored
	repeated map[string]bool // external ids of rows that are written even if they equal the stored rows
	changed  bool            // this is the last page, and the list changed while it was read
	err      error
}

// batch holds the changed rows of one page, or of several pages that are stored with one write.
type batch struct {
	pages      int // number of pages; 0 if the request for the first page failed
	accounts   []domain.AccountData
	rows       []domain.TransactionData
	assumeNew  bool // none of the rows is expected to be stored already
	quarantine quarantineChanges
	unchanged  int             // number of rows that are stored already with the same content
	shown      []string        // external ids for Progress.Shown
	nameless   bool            // the external id of a row cannot be read
	progress   domain.Progress // the pull's progress after the batch is stored
	last       bool            // this is the last batch of the step
	// err is the reason why no further page of the step can be read. It is ListChanged if the vendor's list changed
	// during the step. Any other error comes from the request for the page after this batch.
	err error
}

// newPager returns a pager that reads the step, starting at the pull's current progress. The pager
// starts to prefetch immediately.
func newPager(ctx context.Context, a *attempt, step domain.Step, d *differ) *pager {
	p := &pager{
		run: a.Go, check: a.checkNotPaused, vendor: a.vendor, access: a.access, accounts: a.accounts, step: step,
		differ: d, at: a.pull.Progress, whole: a.pull.Progress.Pages == 0,
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.wanted.Store(true)
	p.page = prefetch(p.run, p.fetch)
	p.batch = prefetch(p.run, p.collect)
	return p
}

// next waits for the next batch and returns it. It also starts to collect the following batch. If a page cannot be
// read, next still returns all earlier pages. The error is then in the last of these batches, or in an empty batch
// after them. next must not be called again after the last batch or after an error.
func (p *pager) next() batch {
	p.wanted.Store(true)
	p.batch.wait()
	p.wanted.Store(false)
	b := p.batch.value
	if !b.last && b.err == nil {
		p.batch = prefetch(p.run, p.collect)
	}
	return b
}

// collect returns the next batch. The batch contains the next page, and the pages that are fetched while the attempt
// still stores the previous batch. Errors: those of fetch and of the store, malformed_response for a row that is not
// JSON, and ListChanged.
func (p *pager) collect() (b batch) {
	for {
		p.page.wait()
		page := p.page.value
		if page.err == nil && page.Next != "" {
			p.page = prefetch(p.run, p.fetch)
		}
		unchanged, err := 0, page.err
		if err == nil {
			unchanged, err = p.differ.appendChanged(p.ctx, &b, page)
		}
		if err != nil {
			b.err = err
			return b
		}
		// Only the first page of a batch can contain repeated rows (see batch.fits). Later pages are not checked.
		b.assumeNew = b.assumeNew || b.pages == 0 && p.differ.empty && len(page.repeated) == 0
		b.pages, b.unchanged = b.pages+1, b.unchanged+unchanged
		b.progress, b.last = page.progress, page.Next == ""
		if page.changed {
			b.last, b.err = false, &domain.Error{Kind: domain.Unavailable, Code: domain.ListChanged}
			return b
		}
		if b.last || p.wanted.Load() || !b.fits(p.page) {
			return b
		}
	}
}

// fits reports whether the next page has been fetched and can be stored in the same batch. A page
// with repeated rows does not fit, because each occurrence of a row must be stored separately.
func (b *batch) fits(nextPage *prefetched[fetchedPage]) bool {
	return nextPage.ready.Load() && nextPage.value.err == nil && len(nextPage.value.repeated) == 0 &&
		len(b.rows)+len(b.quarantine.added)+b.unchanged+len(nextPage.value.Transactions) <= maxBatchRows
}

// fetch requests the next page of the step from the vendor. Errors: those of the vendor, connection_paused, and
// EndlessCursor if the pagination of the step does not end.
func (p *pager) fetch() fetchedPage {
	if p.stale >= maxStalePages || p.at.Pages >= maxPages {
		return fetchedPage{err: &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}}
	}
	if err := p.check(p.ctx); err != nil {
		return fetchedPage{err: err}
	}
	page, err := p.vendor.Read(p.ctx, p.access, p.step, p.accounts, p.at.Cursor)
	if err != nil {
		return fetchedPage{err: err}
	}
	repeated, anyNew := p.differ.addPage(page.Transactions)
	p.differ.noteCollected(page.CollectedFrom)
	if p.stale++; anyNew {
		p.stale = 0
	}
	p.at = p.at.Count(len(page.Transactions), page.Total)
	changed := page.Next == "" && p.listChanged()
	if changed {
		p.at = p.at.Restart()
	} else {
		p.at = p.at.Advance(page.Next)
	}
	return fetchedPage{VendorPage: page, progress: p.at, repeated: repeated, changed: changed}
}

// listChanged reports whether the vendor's list changed while it was read. A row may then have been skipped, because
// some vendors cut pages by position. listChanged must be called after the differ has received the last page.
//
// The list has changed in two cases:
//   - The vendor reported different totals.
//   - The total differs from the number of rows.
//
// A row on several pages is counted once. If an earlier attempt has read the first pages, the ids of their rows are
// unknown. In this case, a row on several pages is counted several times.
func (p *pager) listChanged() bool {
	switch {
	case p.at.Total == nil:
		return false
	case p.whole:
		return !p.at.Complete(p.differ.distinct())
	}
	return !p.at.Complete(p.at.Rows)
}

// close cancels the prefetch and waits until it has ended. It panics if the prefetch panicked.
func (p *pager) close() {
	p.cancel()
	defer func() { p.page.wait() }() // collect assigns page, so page must not be read before collect has ended
	p.batch.wait()
}

// prefetched is the result of a function that was started concurrently, before its result is needed.
type prefetched[T any] struct {
	wait  func()      // returns as soon as value is set, and panics if the function panicked
	ready atomic.Bool // value is set
	value T
}

// prefetch starts fn with the runner (Deps.Go), and returns a handle for the result of fn.
func prefetch[T any](runner func(work func()) (wait func()), fn func() T) *prefetched[T] {
	p := &prefetched[T]{}
	p.wait = runner(func() {
		p.value = fn()
		p.ready.Store(true)
	})
	return p
}
