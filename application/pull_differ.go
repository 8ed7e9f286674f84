package application

import (
	"context"
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// differ finds the rows of a step's pages that differ from what is stored. It also remembers
// which external ids the step has shown, because a sweep needs all of them.
//
// For each page note is called first, page after page. appendChanged may run concurrently with
// the note of the next page, because it uses nothing that note changes.
type differ struct {
	pulls      ports.Pulls
	connection domain.ConnectionID
	empty      bool // nothing was stored when the attempt began

	stored atomic.Int64 // how many pages are stored for certain

	// Owned by note.
	noted  int64     // pages so far
	seen   idSet     // of the whole step
	recent recentIDs // of the pages that may not be stored yet
}

// note remembers the rows of the next page. repeated are the external ids that occur more than
// once in it, or also in a page that may not be stored yet; nil if there are none. anyNew
// reports whether the step shows one of the rows for the first time.
func (d *differ) note(rows []domain.RawTransaction) (repeated map[string]bool, anyNew bool) {
	d.noted++
	d.recent.forget(d.stored.Load())
	for i := range rows {
		key := hashID(rows[i].ExternalID)
		anyNew = d.seen.add(key, !anyNew) || anyNew
		if d.recent.add(key, d.noted) {
			if repeated == nil {
				repeated = map[string]bool{}
			}
			repeated[rows[i].ExternalID] = true
		}
	}
	return repeated, anyNew
}

// markStored records that so many further pages are stored, or have nothing to store.
func (d *differ) markStored(pages int) { d.stored.Add(int64(pages)) }

// appendChanged normalises the rows of a page that are new or changed, and appends them to
// rows. unchanged is the number of the others, which are only counted. Errors: of the store,
// and malformed_response for a row that cannot be normalised.
//
// A repeated row is normalised each time, because the last occurrence counts, even if an earlier
// one is what the store has: the page that shows it differently may not be stored yet.
func (d *differ) appendChanged(
	ctx context.Context, rows []domain.TransactionData, page fetchedPage,
) (_ []domain.TransactionData, unchanged int, err error) {
	same := make([]bool, len(page.Transactions))
	if !d.empty && len(same) > 0 { // otherwise there is nothing to look up
		if same, err = d.pulls.FilterUnchanged(ctx, d.connection, page.Transactions); err != nil {
			return nil, 0, err
		}
	}
	for i, raw := range page.Transactions {
		if same[i] = same[i] && !page.repeated[raw.ExternalID]; same[i] {
			unchanged++
		}
	}
	// Room only for the changed rows: most pages have none.
	rows = slices.Grow(rows, len(same)-unchanged)
	for i, raw := range page.Transactions {
		if same[i] {
			continue
		}
		row, err := raw.Normalize()
		if err != nil {
			return nil, 0, err
		}
		row.ContentHash = raw.ContentHash
		rows = append(rows, row)
	}
	return rows, unchanged, nil
}

// seenInStep returns a function that reports whether the step has shown an external id. It must be
// called after the last note.
func (d *differ) seenInStep() func(externalID string) bool {
	d.seen.sort()
	return d.seen.has
}

// recentIDs are the rows of the pages that may not be stored yet, each with the last of those
// pages that shows it. Two rows with the same hash are taken for one, and so are normalised once
// more than needed.
type recentIDs struct {
	lastPage map[uint64]int64
	order    []recentEntry // in order of pages
}

type recentEntry struct {
	key  uint64
	page int64
}

// add remembers a row of the page, and reports whether it was already there.
func (r *recentIDs) add(key uint64, page int64) bool {
	if r.lastPage == nil {
		r.lastPage = map[uint64]int64{}
	}
	_, found := r.lastPage[key]
	r.lastPage[key] = page
	r.order = append(r.order, recentEntry{key, page})
	return found
}

// forget drops the rows that no page after the given one shows.
func (r *recentIDs) forget(page int64) {
	n := 0
	for ; n < len(r.order) && r.order[n].page <= page; n++ {
		if entry := r.order[n]; r.lastPage[entry.key] == entry.page {
			delete(r.lastPage, entry.key)
		}
	}
	r.order = r.order[:copy(r.order, r.order[n:])]
}

// idSet remembers external ids by a 64-bit hash, 8 to 10 bytes an id: a sweep may have to know
// millions. The hash's first byte selects the bucket of an id. A collision can only hide a
// removal until a later sweep by another process.
type idSet [256][]uint64

// add stores an id; it may be called more than once for the same id. If lookup is set, add
// reports whether the id was not there before. That takes long, so no caller should look up
// further ids of a page after the first one that is new.
func (s *idSet) add(key uint64, lookup bool) (isNew bool) {
	bucket := &s[key>>56]
	isNew = lookup && !slices.Contains(*bucket, key)
	*bucket = append(*bucket, key)
	return isNew
}

// sort prepares for has, after the last add.
func (s *idSet) sort() {
	for _, bucket := range s {
		slices.Sort(bucket)
	}
}

func (s *idSet) has(externalID string) bool {
	key := hashID(externalID)
	_, found := slices.BinarySearch(s[key>>56], key)
	return found
}

// hashSeed differs in each process, so that no vendor can choose ids that collide.
var hashSeed = maphash.MakeSeed()

func hashID(externalID string) uint64 { return maphash.String(hashSeed, externalID) }
