package application

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"

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

// reader reads one step at the vendor. It writes nothing, and knows of the try only what
// no page changes, so that it may run beside the writing of the page before.
//
// It reads in two stages, which may run beside each other, and each holds one page at
// most. What belongs to one is not the other's to look at until both have ended.
type reader struct {
	*try

	step domain.Step

	// Of fetch.
	at    domain.Progress // where the next page begins
	stale int             // pages in a row that showed nothing new
	seen  sightings

	// Of news.
	ahead map[string]struct{} // the ids of the page before, which may not be stored yet
}

// fetched is a page as the vendor shows it.
type fetched struct {
	ports.Batch
	progress domain.Progress // once the page is stored
}

// page is what was read, and where the pull stands once it is stored.
type page struct {
	accounts  []domain.AccountView
	rows      []domain.Observation
	unchanged int // further rows, which are stored as they are
	progress  domain.Progress
	last      bool
}

// pages gives the step's pages in order. While one is in the caller's hands the next one
// is looked up and normalised, and the one behind that is asked for; none after it. A
// failure comes once all pages before it were taken. No read goes on when the loop over
// pages ends, however it ends.
func (r *reader) pages(ctx context.Context) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		fetch, fetches := ahead(r.Beside, func() (fetched, bool, error) { return r.fetch(ctx) })
		defer fetches()
		read, reads := ahead(r.Beside, func() (page, bool, error) { return r.read(ctx, fetch) })
		defer reads()
		defer cancel()
		for more := true; more; {
			var next page
			var err error
			next, more, err = read()
			if !yield(next, err) || err != nil {
				return
			}
		}
	}
}

// ahead gives what next gives, in its order, and begins the item after one as soon as that
// one is taken. Nothing is begun behind the last item, nor behind a failure. wait returns
// when nothing goes on any more.
func ahead[T any](beside func(work func()) (wait func()), next func() (T, bool, error)) (take func() (T, bool, error), wait func()) {
	var item T
	var more bool
	var err error
	begin := func() { item, more, err = next() }
	begun := false
	ended := func() {}
	take = func() (T, bool, error) {
		if !begun {
			ended, begun = beside(begin), true
		}
		ended()
		taken, on, failure := item, more, err
		if on && failure == nil {
			ended = beside(begin)
		}
		return taken, on, failure
	}
	return take, func() { ended() }
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
	if r.stale++; r.seen.add(batch.Transactions) {
		r.stale = 0
	}
	r.at = r.at.Advance(batch.Next)
	return fetched{batch, r.at}, batch.Next != "", nil
}

// read makes of the next page that was fetched what is to be stored of it. Errors: of
// fetch, of the store, and of rows that cannot be read.
func (r *reader) read(ctx context.Context, fetch func() (fetched, bool, error)) (page, bool, error) {
	got, more, err := fetch()
	if err != nil {
		return page{}, false, err
	}
	read := page{accounts: got.Accounts, progress: got.progress, last: !more}
	read.rows, read.unchanged, err = r.news(ctx, got.Transactions)
	return read, more, err
}

// goroutine is Deps.Beside where none is given.
func goroutine(work func()) (wait func()) {
	ended := make(chan struct{})
	var failure any
	go func() {
		defer close(ended)
		defer func() {
			if p := recover(); p != nil {
				failure = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
		}()
		work()
	}()
	return func() {
		if <-ended; failure != nil {
			panic(failure)
		}
	}
}
