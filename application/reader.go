package application

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Bounds of one step. A vendor pages by hundreds of rows, so maxPages is millions of
// rows; maxStale pages without a row that is new to the step mean that the cursor goes
// round in a circle.
const (
	maxPages = 10_000
	maxStale = 3
)

// maxTogether bounds the rows of pages that are stored as one.
const maxTogether = 1000

// reader reads one step at the vendor. It writes nothing, and knows of the try only what
// no page changes, so that it may run beside the writing of the page before.
//
// It reads in two stages, which may run beside each other, and each holds little. What
// belongs to one is not the other's to look at until both have ended.
type reader struct {
	*try

	step   domain.Step
	stored atomic.Int64 // how many pages are, for certain

	// Of fetch.
	at     domain.Progress // where the next page begins
	asked  int64           // how many pages were
	stale  int             // pages in a row that showed nothing new
	seen   sightings
	recent recent
	looked func() // waits for the last look-up

	// Of read.
	failure error // of a page behind one that was handed out
}

// fetched is a page as the vendor shows it, while the store is asked what it knows of it.
type fetched struct {
	ports.VendorPage
	progress domain.Progress // once the page is stored
	again    map[string]bool // ids that stand in it twice, or in a page that may not be stored
	look     *look
}

// page is what was read, of one page of the vendor's or of some together, and where the
// pull stands once it is stored.
type page struct {
	pages     int
	accounts  []domain.AccountData
	rows      []domain.TransactionData
	fresh     bool // none of rows is thought to be stored
	unchanged int  // further rows, which are stored as they are
	progress  domain.Progress
	last      bool
}

// pages gives the step's pages in order. While one is in the caller's hands the next are
// looked up and normalised, and the one behind them is asked for; none after it. A failure
// comes once all pages before it were taken. No read goes on when the loop over pages ends,
// however it ends.
func (r *reader) pages(ctx context.Context) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		fetch := &ahead[fetched]{beside: r.Go, next: func() (fetched, bool, error) { return r.fetch(ctx) }}
		read := &ahead[page]{beside: r.Go}
		read.next = func() (page, bool, error) { return r.read(fetch, read.wanted.Load) }
		defer func() { r.looked() }()
		defer fetch.end()
		defer read.end()
		defer cancel()
		for more := true; more; {
			var next page
			var err error
			next, more, err = read.take()
			if !yield(next, err) || err != nil {
				return
			}
		}
	}
}

// fetch asks for the page at which the step stands; more says whether one comes behind it.
// Errors: the vendor's; EndlessCursor for a step that leads nowhere.
func (r *reader) fetch(ctx context.Context) (got fetched, more bool, err error) {
	if r.stale >= maxStale || r.at.Pages >= maxPages {
		return fetched{}, false, &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
	}
	batch, err := r.vendor.Read(ctx, r.access, r.step, r.accounts, r.at.Cursor)
	if err != nil {
		return fetched{}, false, err
	}
	again, fresh := r.remember(batch.Transactions)
	if r.stale++; fresh {
		r.stale = 0
	}
	r.at = r.at.Advance(batch.Next)
	return fetched{batch, r.at, again, r.look(ctx, batch.Transactions)}, batch.Next != "", nil
}

// read makes of the next page that was fetched what is to be stored of it, and of those
// behind it that are there while the store is at work. Errors: of fetch, of the store, and
// of rows that cannot be read.
func (r *reader) read(fetch *ahead[fetched], wanted func() bool) (read page, more bool, err error) {
	if r.failure != nil {
		return page{}, false, r.failure
	}
	for more = true; more; read.last = !more {
		if read.pages > 0 && (wanted() || !read.takes(fetch)) {
			break
		}
		var got fetched
		if got, more, err = fetch.take(); err == nil {
			err = r.news(&read, got)
		}
		if err != nil && read.pages > 0 {
			r.failure = err // what was read before it is to be stored
			return read, true, nil
		}
		if err != nil {
			return page{}, false, err
		}
	}
	return read, more, nil
}

// takes says whether the page behind is there and may be stored as one with those that were
// read. A row that stands in both must be stored once for each.
func (p *page) takes(fetch *ahead[fetched]) bool {
	next, there := fetch.peek()
	return there && len(next.again) == 0 && next.look.over.Load() &&
		len(p.rows)+p.unchanged+len(next.Transactions) <= maxTogether
}
