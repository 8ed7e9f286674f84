package application

import (
	"context"
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// differ finds the rows of a step's pages that differ from the stored rows. It also remembers
// which external ids have occurred in the step, because a sweep needs all of them.
//
// note is called for each page, in the order of the pages, and then appendChanged for the same
// page. appendChanged can run concurrently with the call of note for the next page, because
// appendChanged uses nothing that note changes.
type differ struct {
	pulls      ports.Pulls
	connection domain.ConnectionID
	empty      bool // no transaction was stored when the attempt started

	// The rows of the step that the pull has counted before this read of the step. They are not
	// counted a second time if they are unchanged. Used only by appendChanged.
	counted       *idSet // the ids that this attempt has counted; nil in the attempt's first read of the step
	countedBefore int    // the number of rows that earlier attempts have counted; their ids are not known

	stored atomic.Int64 // the number of pages known to be stored

	// Used only by note.
	noted  int64     // the number of pages so far
	seen   idSet     // the external ids of the whole step
	recent recentIDs // the external ids of the pages that may not be stored yet
}

// note remembers the rows of the next page. repeated contains the external ids that occur more
// than once in the page, or that also occur in an earlier page that may not be stored yet; it is
// nil if there are none. anyNew reports whether at least one row occurs in the step for the
// first time.
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

// markStored records that the given number of further pages are stored, or need no write.
func (d *differ) markStored(pages int) { d.stored.Add(int64(pages)) }

// appendChanged normalises the new and the changed rows of a page and appends them to rows.
// unchanged is the number of remaining rows that the pull has not counted before. Errors: those of
// the store, and malformed_response for a row that cannot be normalised.
//
// A row whose external id is repeated is always normalised, even if it equals the stored row. An
// earlier page that is not stored yet may contain a different version of the row, and the last
// occurrence must win.
func (d *differ) appendChanged(
	ctx context.Context, rows []domain.TransactionData, page fetchedPage,
) (_ []domain.TransactionData, unchanged int, err error) {
	same := make([]bool, len(page.Transactions))
	if !d.empty && len(same) > 0 { // if nothing is stored, or the page has no rows, there is nothing to look up
		if same, err = d.pulls.FilterUnchanged(ctx, d.connection, page.Transactions); err != nil {
			return nil, 0, err
		}
	}
	skipped := 0
	for i, raw := range page.Transactions {
		if same[i] = same[i] && !page.repeated[raw.ExternalID]; same[i] {
			skipped++
			if !d.wasCounted(raw.ExternalID) {
				unchanged++
			}
		}
	}
	// Reserve space only for the changed rows, because most pages have none.
	rows = slices.Grow(rows, len(same)-skipped)
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

// distinct returns the number of different external ids that have occurred in the step so far. It must
// be called after the last call of note.
func (d *differ) distinct() int {
	d.seen.sort()
	n := 0
	for _, bucket := range d.seen {
		for i, key := range bucket {
			if i == 0 || bucket[i-1] != key {
				n++
			}
		}
	}
	return n
}

// wasCounted reports whether the pull has counted this unchanged row in an earlier read of the step.
// If the row was read by an earlier attempt, its id is not known any more. So as many rows as
// earlier attempts have read are taken for rows that they have counted.
func (d *differ) wasCounted(externalID string) bool {
	switch {
	case d.counted == nil:
		return false
	case d.counted.has(externalID):
		return true
	case d.countedBefore > 0:
		d.countedBefore--
		return true
	}
	return false
}

// again returns a differ for another read of the step from its first page, in the same attempt. It
// has seen no row of the step yet. d must not be used any more, and all pages that d has noted must
// be stored.
func (d *differ) again() *differ {
	counted := d.seen
	if d.counted != nil {
		for i := range counted {
			counted[i] = append(counted[i], d.counted[i]...)
		}
	}
	counted.sort()
	return &differ{
		pulls: d.pulls, connection: d.connection, empty: false, counted: &counted, countedBefore: d.countedBefore,
	}
}

// seenInStep returns a function that reports whether an external id has occurred in the step so
// far. It must be called after the last call of note.
func (d *differ) seenInStep() func(externalID string) bool {
	d.seen.sort()
	return d.seen.has
}

// recentIDs holds the hashes of the external ids on the pages that may not be stored yet, each with
// the last such page that contains it. Two ids with the same hash are treated as one repeated id;
// this costs only an unnecessary normalisation.
type recentIDs struct {
	lastPage map[uint64]int64
	order    []recentEntry // ordered by page
}

type recentEntry struct {
	key  uint64
	page int64
}

// add remembers that the page contains the id with this hash, and reports whether recentIDs
// contained the hash before.
func (r *recentIDs) add(key uint64, page int64) bool {
	if r.lastPage == nil {
		r.lastPage = map[uint64]int64{}
	}
	_, found := r.lastPage[key]
	r.lastPage[key] = page
	r.order = append(r.order, recentEntry{key, page})
	return found
}

// forget removes the ids that do not occur in any page after the given one.
func (r *recentIDs) forget(page int64) {
	n := 0
	for ; n < len(r.order) && r.order[n].page <= page; n++ {
		if entry := r.order[n]; r.lastPage[entry.key] == entry.page {
			delete(r.lastPage, entry.key)
		}
	}
	r.order = r.order[:copy(r.order, r.order[n:])]
}

// idSet is a set of external ids. It stores only a 64-bit hash of each id, which takes 8 to 10
// bytes, because a sweep may need to remember millions of ids. The first byte of the hash selects
// the bucket. If two ids have the same hash, a removed row may be treated as still present; the
// next sweep by another process, which uses another seed, then detects the removal.
type idSet [256][]uint64

// add stores the hash of an id; it can be called more than once for the same id. If lookup is set,
// add reports whether the id is new to the set. The lookup is slow, so a caller should not request
// it for further ids of a page after it has found a new one.
func (s *idSet) add(key uint64, lookup bool) (isNew bool) {
	bucket := &s[key>>56]
	isNew = lookup && !slices.Contains(*bucket, key)
	*bucket = append(*bucket, key)
	return isNew
}

// sort sorts the buckets. It must be called after the last add and before the first has.
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

// hashSeed is different in each process, so that a vendor cannot choose ids that have the same hash.
var hashSeed = maphash.MakeSeed()

func hashID(externalID string) uint64 { return maphash.String(hashSeed, externalID) }
