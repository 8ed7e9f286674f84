package application

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// look is the question which rows of a page are known as they are.
type look struct {
	wait  func()
	over  atomic.Bool
	known []bool
	err   error
}

// look asks the store while the page before is normalised and the next one is asked for.
// Where nothing was stored when the try began there is nothing to know.
func (r *reader) look(ctx context.Context, seen []domain.RawTransaction) *look {
	l := &look{wait: func() {}, known: make([]bool, len(seen))}
	if r.bare || len(seen) == 0 {
		l.over.Store(true)
		return l
	}
	l.wait = r.Go(func() {
		l.known, l.err = r.Pulls.FilterUnchanged(ctx, r.connection.ID, seen)
		l.over.Store(true)
	})
	r.looked = l.wait
	return l
}

// news reads the rows of a page that are not known as they are, and counts the others.
//
// A row that stands more than once in the page, or in one that may not be stored yet, is
// read each time, for the later one counts, whichever of them is known.
func (r *reader) news(read *page, got fetched) error {
	if got.look.wait(); got.look.err != nil {
		return got.look.err
	}
	for i, s := range got.Transactions {
		got.look.known[i] = got.look.known[i] && !got.again[s.ExternalID]
	}
	unchanged := count(got.look.known)
	// Room for those alone: mostly there are none.
	rows := slices.Grow(read.rows, len(got.Transactions)-unchanged)
	for i, s := range got.Transactions {
		if got.look.known[i] {
			continue
		}
		row, err := s.Normalize()
		if err != nil {
			return err
		}
		row.ContentHash = s.ContentHash
		rows = append(rows, row)
	}
	*read = page{
		pages: read.pages + 1, accounts: append(read.accounts, got.Accounts...), rows: rows, unchanged: read.unchanged + unchanged,
		fresh: r.bare && len(got.again) == 0 && (read.fresh || read.pages == 0), progress: got.progress,
	}
	return nil
}

func count(known []bool) (n int) {
	for _, is := range known {
		if is {
			n++
		}
	}
	return n
}

// remember notes the page's rows. It gives the ids that stand in it twice or in a page that
// may not be stored yet, and says whether one of the rows is new to the step.
func (r *reader) remember(seen []domain.RawTransaction) (again map[string]bool, fresh bool) {
	r.asked++
	r.recent.forget(r.stored.Load())
	for i := range seen {
		key := hashOf(seen[i].ExternalID)
		fresh = r.seen.add(key, !fresh) || fresh
		if r.recent.add(key, r.asked) {
			if again == nil {
				again = map[string]bool{}
			}
			again[seen[i].ExternalID] = true
		}
	}
	return again, fresh
}

// recent are the rows of the pages that may not be stored yet, each with the last of them
// that shows it. Two rows of one hash are taken for one, and so are read once in vain.
type recent struct {
	pages map[uint64]int64
	order []noted // of the pages that are kept
}

type noted struct {
	key  uint64
	page int64
}

// add notes a row of the page, and says whether it was there.
func (r *recent) add(key uint64, page int64) bool {
	if r.pages == nil {
		r.pages = map[uint64]int64{}
	}
	_, there := r.pages[key]
	r.pages[key] = page
	r.order = append(r.order, noted{key, page})
	return there
}

// forget lets the rows go that no page behind the given one shows.
func (r *recent) forget(page int64) {
	gone := 0
	for ; gone < len(r.order) && r.order[gone].page <= page; gone++ {
		if n := r.order[gone]; r.pages[n.key] == n.page {
			delete(r.pages, n.key)
		}
	}
	r.order = r.order[:copy(r.order, r.order[gone:])]
}
