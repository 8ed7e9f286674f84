package application

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"

	"github.com/LerianStudio/aggregator-connections/domain"
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
type reader struct {
	*try

	step  domain.Step
	at    domain.Progress // where the next page begins
	stale int             // pages in a row that showed nothing new
	seen  sightings
	ahead map[string]struct{} // the ids of the page before, which may not be stored yet
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
// is read, and none after it. A failure comes once all pages before it were taken. No
// read goes on when the loop over pages ends, however it ends.
func (r *reader) pages(ctx context.Context) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		wait := func() {}
		defer func() { cancel(); wait() }()
		read, err := r.read(ctx)
		for err == nil && !read.last {
			var next page
			wait = r.Beside(func() { next, err = r.read(ctx) })
			if !yield(read, nil) {
				return
			}
			wait()
			read = next
		}
		yield(read, err)
	}
}

// read reads the page at which the step stands. Errors: the vendor's and the store's;
// EndlessCursor for a step that leads nowhere.
func (r *reader) read(ctx context.Context) (page, error) {
	if r.stale >= maxStale || r.at.Pages >= maxPages {
		return page{}, &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
	}
	batch, err := r.vendor.Read(ctx, r.access, r.step, r.accounts, r.at.Cursor)
	if err != nil {
		return page{}, err
	}
	if r.stale++; r.seen.add(batch.Transactions) {
		r.stale = 0
	}
	r.at = r.at.Advance(batch.Next)
	read := page{accounts: batch.Accounts, progress: r.at, last: batch.Next == ""}
	read.rows, read.unchanged, err = r.news(ctx, batch.Transactions)
	return read, err
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
