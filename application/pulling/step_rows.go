package pulling

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stepRows describes the rows on the pages of a step that were fetched so far. It remembers all external ids, because a
// sweep (which marks missing rows as removed) needs them. The result of each method is final only when all pages of the
// step were passed to addPage.
type stepRows struct {
	storedPages   atomic.Int64         // the number of pages known to be stored
	noted         int64                // the number of pages
	unidentified  bool                 // there is a row whose external id cannot be read
	collectedFrom map[string]time.Time // the earliest time in VendorPage.CollectedFrom, by account
	seen          idSet                // the external ids of all rows
	gone          map[string]bool      // the external ids of removed rows; false if a later page contains the row
	recent        recentIDs            // external ids of the rows on pages that may not be stored yet
	twice         idSet                // the external ids of rows that a reading of the step by this attempt had twice
}

// markStored records that the given number of further pages are stored, or need no write.
func (r *stepRows) markStored(pages int) { r.storedPages.Add(int64(pages)) }

// addPage remembers the rows of the next page, and the rows that it removes. It returns three results:
//   - repeated contains the external ids that occur twice in the page, or also in an earlier page. Earlier pages that
//     are known to be stored are ignored. repeated is nil if no id occurs again.
//   - twice contains the external ids that the step has on an earlier page or twice in the page, or that an earlier
//     reading of the step by this attempt had twice.
//   - anyNew reports whether at least one row or removal is new to the step.
func (r *stepRows) addPage(page *ports.VendorPage) (repeated, twice map[string]bool, anyNew bool) {
	rows := page.Transactions
	r.noted++
	r.recent.forget(r.storedPages.Load())
	note := func(ids *map[string]bool, id string) {
		if *ids == nil {
			*ids = map[string]bool{}
		}
		(*ids)[id] = true
	}
	for i := range rows {
		id := rows[i].ExternalID
		key := hashID(id)
		r.unidentified = r.unidentified || domain.IsUnreadableRowID(id)
		if isNew := r.seen.add(key); !isNew {
			r.twice.add(key)
			note(&twice, id)
		} else if anyNew = true; r.twice.hasKey(key) {
			note(&twice, id)
		}
		if r.recent.add(key, r.noted) {
			note(&repeated, id)
		}
	}
	if len(page.Removed)+len(r.gone) > 0 {
		anyNew = r.addRemoved(rows, page.Removed) || anyNew
	}
	if len(page.CollectedFrom) > 0 {
		r.addCollected(page.CollectedFrom)
	}
	return repeated, twice, anyNew
}

// addRemoved remembers the rows that the next page removes. If the page contains a row that an earlier page has
// removed, the row exists again. addRemoved reports whether a removal is new to the step.
func (r *stepRows) addRemoved(rows []domain.RawTransaction, removed []string) (anyNew bool) {
	for i := range rows {
		if r.gone[rows[i].ExternalID] {
			r.gone[rows[i].ExternalID] = false
		}
	}
	for _, id := range removed {
		if _, known := r.gone[id]; !known {
			anyNew = true
		}
		if r.gone == nil {
			r.gone = map[string]bool{}
		}
		r.gone[id] = true
	}
	return anyNew
}

// addCollected merges the times at which the vendor collected the rows of a page (VendorPage.CollectedFrom) into
// collectedFrom.
func (r *stepRows) addCollected(from map[string]time.Time) {
	for account, at := range from {
		if known, ok := r.collectedFrom[account]; !ok || at.Before(known) {
			if r.collectedFrom == nil {
				r.collectedFrom = map[string]time.Time{}
			}
			r.collectedFrom[account] = at
		}
	}
}

// takeRemoved returns the sorted external ids of the rows that the pages of the step have removed, and rows without
// them. It may change rows.
func (r *stepRows) takeRemoved(rows []domain.TransactionData) (removed []string, kept []domain.TransactionData) {
	if len(r.gone) == 0 {
		return nil, rows
	}
	for id, gone := range r.gone {
		if gone {
			removed = append(removed, id)
		}
	}
	slices.Sort(removed)
	return removed, slices.DeleteFunc(rows, func(row domain.TransactionData) bool { return r.gone[row.ExternalID] })
}

// distinct returns the number of different external ids that have occurred in the step.
func (r *stepRows) distinct() int { return r.seen.size() }

// has reports whether an external id has occurred in the step and was not removed afterwards.
func (r *stepRows) has(externalID string) bool { return r.seen.has(externalID) && !r.gone[externalID] }

// recentIDs contains hashes of the external ids of recent pages. A page is recent until it is known to be stored.
// lastPage maps each hash to the number of the last page that contains the hash.
//
// Two ids with the same hash are treated as one repeated id. Such a collision only causes an unnecessary normalisation
// of a row.
type recentIDs struct {
	lastPage map[uint64]int64
	order    []recentEntry // ordered by page
}

type recentEntry struct {
	key  uint64
	page int64
}

// add records that the page contains an id with the hash key. It reports whether the hash was already in recentIDs
// before the call.
func (r *recentIDs) add(key uint64, page int64) bool {
	if r.lastPage == nil {
		r.lastPage = map[uint64]int64{}
	}
	_, found := r.lastPage[key]
	r.lastPage[key] = page
	r.order = append(r.order, recentEntry{key, page})
	return found
}

// forget removes each id whose last page is the given page or an earlier page.
func (r *recentIDs) forget(page int64) {
	n := 0
	for ; n < len(r.order) && r.order[n].page <= page; n++ {
		if entry := r.order[n]; r.lastPage[entry.key] == entry.page {
			delete(r.lastPage, entry.key)
		}
	}
	r.order = r.order[:copy(r.order, r.order[n:])]
}

// idSet is a set of external ids. It stores only a 64-bit hash of each id, because a step may have millions of ids. The
// first byte of the hash selects the bucket. An id takes 8 to 10 bytes.
//
// If two ids have the same hash, a removed row may be treated as still present. Another process uses another seed, so
// its next sweep detects the removal.
type idSet [256]idBucket

// idBucket contains hashes without duplicates. Most of them are sorted; the last ones are not, so that most calls of
// add need not move the others.
type idBucket struct {
	keys   []uint64
	sorted int // number of keys at the beginning that are sorted
}

// maxUnsorted is the maximum number of keys of a bucket that are not sorted.
const maxUnsorted = 64

// add adds the hash of an id. It reports whether the hash is new to the set.
func (s *idSet) add(key uint64) (isNew bool) {
	if s.hasKey(key) {
		return false
	}
	b := &s[key>>56]
	b.keys = append(b.keys, key)
	if len(b.keys)-b.sorted > maxUnsorted {
		b.sort()
	}
	return true
}

// sort sorts the unsorted keys, and merges them into the sorted ones from the end.
func (b *idBucket) sort() {
	last := slices.Clone(b.keys[b.sorted:])
	slices.Sort(last)
	i, j := b.sorted-1, len(last)-1
	for at := len(b.keys) - 1; j >= 0; at-- {
		if i >= 0 && b.keys[i] > last[j] {
			b.keys[at], i = b.keys[i], i-1
		} else {
			b.keys[at], j = last[j], j-1
		}
	}
	b.sorted = len(b.keys)
}

// addAll adds the hashes of another set.
func (s *idSet) addAll(other *idSet) {
	for _, bucket := range other {
		for _, key := range bucket.keys {
			s.add(key)
		}
	}
}

// size returns the number of hashes.
func (s *idSet) size() (n int) {
	for i := range s {
		n += len(s[i].keys)
	}
	return n
}

func (s *idSet) has(externalID string) bool { return s.hasKey(hashID(externalID)) }

func (s *idSet) hasKey(key uint64) bool {
	b := &s[key>>56]
	_, found := slices.BinarySearch(b.keys[:b.sorted], key)
	return found || slices.Contains(b.keys[b.sorted:], key)
}

// hashSeed is different in each process, so that a vendor cannot choose ids that have the same hash.
var hashSeed = maphash.MakeSeed()

func hashID(externalID string) uint64 { return maphash.String(hashSeed, externalID) }
