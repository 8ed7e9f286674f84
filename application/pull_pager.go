package application

import (
	"context"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Bounds of one step. Vendors send hundreds of rows a page, so maxPages is millions of rows.
// maxStalePages pages in a row without a row that is new to the step mean that the cursor
// goes round in a circle.
const (
	maxPages      = 10_000
	maxStalePages = 3
)

// maxBatchRows bounds the rows of a batch, which is stored with one write.
const maxBatchRows = 1000

// pager reads the pages of one step from the vendor, in order, and prefetches them. While the
// attempt stores a batch, the pager collects the next batch, and while it compares the pages
// of that batch, it fetches the page after them. It fetches no further page, so it holds little.
//
// It writes nothing, and it reads only those fields of the attempt that stay the same during a
// step. Each field below has one owner; the owners run concurrently, and none of them may look
// at a field of another before that one has ended.
type pager struct {
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	run    func(work func()) (wait func()) // Deps.Go

	vendor   ports.Aggregator
	access   ports.Access
	accounts []domain.AccountData
	step     domain.Step
	differ   *differ

	// Owned by the attempt.
	batch  *prefetched[batch] // the next one
	wanted atomic.Bool        // the attempt waits for it

	// Owned by collect.
	page *prefetched[fetchedPage] // the next one

	// Owned by fetch.
	at    domain.Progress // where the next page starts
	stale int             // consecutive pages without a new row
}

// fetchedPage is a page as the vendor sent it, or the error of its request.
type fetchedPage struct {
	ports.VendorPage
	progress domain.Progress // after the page is stored
	repeated map[string]bool // external ids that the differ must not take for unchanged
	err      error
}

// batch is one page, or several that are stored as one, with the rows that changed.
type batch struct {
	pages     int // 0 if the first page failed
	accounts  []domain.AccountData
	rows      []domain.TransactionData
	assumeNew bool            // none of rows is expected to be stored
	unchanged int             // further rows, which are stored with the same content
	progress  domain.Progress // after the batch is stored
	last      bool            // of the step
	err       error           // of the page after these; the step cannot be read further
}

// newPager starts to read the step from where the pull's progress is.
func newPager(ctx context.Context, a *attempt, step domain.Step, d *differ) *pager {
	p := &pager{
		run: a.Go, vendor: a.vendor, access: a.access, accounts: a.accounts, step: step, differ: d, at: a.pull.Progress,
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.wanted.Store(true)
	p.page = prefetch(p.run, p.fetch)
	p.batch = prefetch(p.run, p.collect)
	return p
}

// next waits for the next batch, and starts to collect the one after it. It must not be called
// after the last batch or after one with an error. Errors come only after all pages before
// them were returned.
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

// collect takes the next page, and also those after it which are fetched while the attempt
// still stores the batch before. Errors: of fetch, of the store, and malformed_response for
// rows that cannot be normalised.
func (p *pager) collect() (b batch) {
	for {
		p.page.wait()
		page := p.page.value
		if page.err == nil && page.Next != "" {
			p.page = prefetch(p.run, p.fetch)
		}
		rows, unchanged, err := b.rows, 0, page.err
		if err == nil {
			rows, unchanged, err = p.differ.appendChanged(p.ctx, rows, page)
		}
		if err != nil {
			b.err = err
			return b
		}
		// Later pages of a batch repeat nothing, see fits: the first page decides for all.
		b.assumeNew = b.assumeNew || b.pages == 0 && p.differ.empty && len(page.repeated) == 0
		b.pages, b.rows, b.unchanged = b.pages+1, rows, b.unchanged+unchanged
		b.accounts = append(b.accounts, page.Accounts...)
		b.progress, b.last = page.progress, page.Next == ""
		if b.last || p.wanted.Load() || !b.fits(p.page) {
			return b
		}
	}
}

// fits reports whether the next page is there and may be stored in the same batch. A row that
// occurs in both must be stored once for each.
func (b *batch) fits(next *prefetched[fetchedPage]) bool {
	return next.ready.Load() && next.value.err == nil && len(next.value.repeated) == 0 &&
		len(b.rows)+b.unchanged+len(next.value.Transactions) <= maxBatchRows
}

// fetch requests the next page of the step. Errors: the vendor's; EndlessCursor for a step
// that does not end.
func (p *pager) fetch() fetchedPage {
	if p.stale >= maxStalePages || p.at.Pages >= maxPages {
		return fetchedPage{err: &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}}
	}
	page, err := p.vendor.Read(p.ctx, p.access, p.step, p.accounts, p.at.Cursor)
	if err != nil {
		return fetchedPage{err: err}
	}
	repeated, anyNew := p.differ.note(page.Transactions)
	if p.stale++; anyNew {
		p.stale = 0
	}
	p.at = p.at.Advance(page.Next)
	return fetchedPage{VendorPage: page, progress: p.at, repeated: repeated}
}

// close cancels the prefetch and returns when it has ended. It panics if the prefetch did.
func (p *pager) close() {
	p.cancel()
	defer func() { p.page.wait() }() // collect replaces page, so it ends first
	p.batch.wait()
}

// prefetched is the result of a function that runs concurrently, before the result is needed.
type prefetched[T any] struct {
	wait  func()      // returns once value is there, and panics if the function did
	ready atomic.Bool // value is there
	value T
}

// prefetch starts fn by run, which is Deps.Go.
func prefetch[T any](run func(work func()) (wait func()), fn func() T) *prefetched[T] {
	p := &prefetched[T]{}
	p.wait = run(func() {
		p.value = fn()
		p.ready.Store(true)
	})
	return p
}
