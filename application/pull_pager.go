package application

import (
	"context"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of one step. Vendors return hundreds of rows per page, so maxPages allows millions of rows. The
// pagination counts as endless if maxStalePages consecutive pages contain no row that is new to the step.
const (
	maxPages      = 10_000
	maxStalePages = 3
)

// maxBatchRows is the maximum number of rows of a batch, which is stored with one write.
const maxBatchRows = 1000

// pager reads the pages of one step from the vendor, in order, and prefetches them. While the attempt stores one batch,
// the pager collects the next batch. While the pager compares a page of that batch with the store, it fetches the page
// after this page. It fetches no further pages, so it holds few pages in memory.
//
// The pager writes nothing to the store, and it reads only those fields of the attempt that stay the same
// during a step. Three owners run concurrently: the attempt, collect and fetch. Each field below has one
// owner, and the others may access it only after the owner has ended.
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
	whole    bool // the step is read from its first page

	// The attempt owns the following fields; collect also reads wanted.
	batch  *prefetched[batch] // the next batch
	wanted atomic.Bool        // the attempt is waiting for the next batch

	// Owned by collect.
	page *prefetched[fetchedPage] // the next page

	// Owned by fetch.
	at    domain.Progress // the position of the next page
	stale int             // number of consecutive pages without a new row
}

// fetchedPage is a page that was requested from the vendor, or the error of the request.
type fetchedPage struct {
	ports.VendorPage
	progress domain.Progress // the pull's progress after the page is stored
	repeated map[string]bool // external ids that the differ must not treat as unchanged
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
	// err means that the step cannot be read any further. It is the error of the page after this batch, or
	// ListChanged if this batch ends a list that changed.
	err error
}

// newPager returns a pager that reads the step from the pull's current progress. It starts to
// prefetch at once.
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

// next waits for the next batch, returns it, and starts to collect the batch after it. It must not be
// called again after it has returned the last batch or a batch with an error. All pages that were read
// before an error are returned before it or together with it.
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

// collect returns the next batch. The batch consists of the next page, and of the pages after it
// that are fetched while the attempt still stores the previous batch. Errors: those of fetch and
// of the store, malformed_response for a row that is not JSON, and ListChanged.
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
		// Only the first page of a batch can repeat rows (see fits), so only this page matters.
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
// with repeated rows does not fit, because each occurrence of a row must be stored on its own.
func (b *batch) fits(next *prefetched[fetchedPage]) bool {
	return next.ready.Load() && next.value.err == nil && len(next.value.repeated) == 0 &&
		len(b.rows)+len(b.quarantine.added)+b.unchanged+len(next.value.Transactions) <= maxBatchRows
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
	repeated, anyNew := p.differ.note(page.Transactions)
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

// listChanged reports whether the vendor's list changed while it was read: the vendor reported different
// totals, or a total that is not the number of rows that were read. If the vendor cuts pages by position, a
// row may then have been skipped. A row that was read twice counts once, unless an earlier attempt read the
// first pages. listChanged must be called after note for the last page of the step.
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

// prefetch calls run (Deps.Go) to start fn, and returns a handle for its result.
func prefetch[T any](run func(work func()) (wait func()), fn func() T) *prefetched[T] {
	p := &prefetched[T]{}
	p.wait = run(func() {
		p.value = fn()
		p.ready.Store(true)
	})
	return p
}
