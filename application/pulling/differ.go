package pulling

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// differ finds the new and changed rows of a step. It compares the pages of the step with the store. It also remembers
// all external ids of the step, because a sweep (which marks missing rows as removed) needs them.
//
// Each page must be passed first to addPage, then to appendChanged. Both methods must receive the pages in order. While
// appendChanged processes one page, addPage may process the next page concurrently. appendChanged uses no data that
// addPage changes.
type differ struct {
	pulls      ports.Pulls
	tenant     domain.TenantID
	connection domain.ConnectionID
	empty      bool // no transaction was stored when the attempt started
	// updatedAt returns when the vendor last changed the row with this metadata; nil if the vendor does not state it.
	updatedAt func(metadata json.RawMessage) time.Time
	staged    bool // the rows are staged (stored, but not visible yet), so each of them is written

	quarantine quarantine // used only by appendChanged
	// removedIDs are the sorted external ids of rows whose removal is already stored. A page may still contain such a
	// row if the page was read before the vendor announced the removal. The differ treats the row as unchanged.
	removedIDs []string
	partial    bool // the step does not read the complete list, only rows by id, recent ones, or those of a window

	// These fields describe the rows that the pull has already counted for this step. With these fields, no
	// unchanged row is counted twice. Only appendChanged uses these fields.
	counted       *idSet // the ids that this attempt has counted; nil during its first reading of the step
	countedBefore int    // the number of rows that earlier attempts have counted; their ids are not known

	storedPages atomic.Int64 // the number of pages known to be stored

	// These fields describe the pages that were passed to addPage, noteRemoved and noteCollected. No other method may
	// use the fields before all pages of the step have been read.
	noted         int64                // the number of pages
	unidentified  bool                 // there is a row whose external id cannot be read
	collectedFrom map[string]time.Time // the earliest time in VendorPage.CollectedFrom, by account
	seen          idSet                // the external ids of all rows
	gone          map[string]bool      // the external ids of removed rows; false if a later page contains the row
	recent        recentIDs            // external ids of the rows on pages that may not be stored yet
	twice         idSet                // the external ids of rows that a reading of the step by this attempt had twice
}

// addPage remembers the rows of the next page. It returns three results:
//   - repeated contains the external ids that occur twice in the page, or also in an earlier page. Earlier pages that
//     are known to be stored are ignored. repeated is nil if no id occurs again.
//   - twice contains the external ids that the step has on an earlier page or twice in the page, or that an earlier
//     reading of the step by this attempt had twice.
//   - anyNew reports whether at least one row is new to the step.
func (d *differ) addPage(rows []domain.RawTransaction) (repeated, twice map[string]bool, anyNew bool) {
	d.noted++
	d.recent.forget(d.storedPages.Load())
	note := func(ids *map[string]bool, id string) {
		if *ids == nil {
			*ids = map[string]bool{}
		}
		(*ids)[id] = true
	}
	for i := range rows {
		id := rows[i].ExternalID
		key := hashID(id)
		d.unidentified = d.unidentified || domain.IsUnreadableRowID(id)
		if isNew := d.seen.add(key); !isNew {
			d.twice.add(key)
			note(&twice, id)
		} else if anyNew = true; d.twice.hasKey(key) {
			note(&twice, id)
		}
		if d.recent.add(key, d.noted) {
			note(&repeated, id)
		}
	}
	return repeated, twice, anyNew
}

// noteRemoved remembers the rows that the next page removes. If the page contains a row that an earlier page has
// removed, the row exists again. noteRemoved reports whether a removal is new to the step.
func (d *differ) noteRemoved(rows []domain.RawTransaction, removed []string) (anyNew bool) {
	if len(d.gone) > 0 {
		for i := range rows {
			if d.gone[rows[i].ExternalID] {
				d.gone[rows[i].ExternalID] = false
			}
		}
	}
	for _, id := range removed {
		if _, known := d.gone[id]; !known {
			anyNew = true
		}
		if d.gone == nil {
			d.gone = map[string]bool{}
		}
		d.gone[id] = true
	}
	return anyNew
}

// removedInStep returns the sorted external ids of the rows that the pages of the step have removed. It must be
// called after all pages of the step were passed to noteRemoved.
func (d *differ) removedInStep() []string {
	var ids []string
	for id, gone := range d.gone {
		if gone {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// dropRemoved deletes from the batch all rows that a page of the step has removed. It must be called after all pages
// of the step were passed to noteRemoved.
func (d *differ) dropRemoved(b *batch) {
	if len(d.gone) > 0 {
		b.rows = slices.DeleteFunc(b.rows, func(row domain.TransactionData) bool { return d.gone[row.ExternalID] })
	}
}

// noteCollected merges the times at which the vendor collected the rows of a page (VendorPage.CollectedFrom) into
// collectedFrom.
func (d *differ) noteCollected(from map[string]time.Time) {
	for account, at := range from {
		if known, ok := d.collectedFrom[account]; !ok || at.Before(known) {
			if d.collectedFrom == nil {
				d.collectedFrom = map[string]time.Time{}
			}
			d.collectedFrom[account] = at
		}
	}
}

// markStored records that the given number of further pages are stored, or need no write.
func (d *differ) markStored(pages int) { d.storedPages.Add(int64(pages)) }

// appendChanged normalises the new and the changed rows of a page and appends them to the batch. A row that cannot be
// normalised is quarantined. unchanged is the number of the page's unchanged rows that the pull has not counted
// before. Errors: those of the store, and malformed_response if a row is not JSON. After an error, the batch is
// unchanged.
//
// Two kinds of rows are normalised even if they equal the stored row:
//   - Rows with a repeated external id. An earlier page that is not stored yet may contain a different version of the
//     row, and the last occurrence must win.
//   - Rows in the quarantine.
func (d *differ) appendChanged(ctx context.Context, b *batch, page fetchedPage) (unchanged int, err error) {
	same := make([]bool, len(page.Transactions))
	// Find the rows that are stored already with the same content. Skip this lookup in two cases: the store is empty,
	// or the rows are staged. Staged rows are always written.
	if !d.empty && !d.staged &&
		len(same) > 0 {
		if same, err = d.pulls.FilterUnchanged(ctx, d.tenant, d.connection, page.Transactions); err != nil {
			return 0, err
		}
	}
	skipped := 0
	for i, raw := range page.Transactions {
		same[i] = same[i] && !page.repeated[raw.ExternalID] && !d.quarantine.has(raw.ExternalID) ||
			d.isRemoved(raw.ExternalID)
		if d.partial || d.isRemoved(raw.ExternalID) {
			b.shown = append(b.shown, raw.ExternalID)
		}
		if same[i] {
			skipped++
			if !d.wasCounted(raw.ExternalID) {
				unchanged++
			}
		}
	}
	// Reserve space only for the rows that are not skipped, because most pages have no changed rows.
	rows, changes := slices.Grow(b.rows, len(same)-skipped), quarantineChanges{
		slices.Clone(b.quarantine.added), slices.Clone(b.quarantine.released),
	}
	for i, raw := range page.Transactions {
		if same[i] {
			continue
		}
		row, err := raw.Row()
		reason := domain.UnreadableReason(err)
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: raw.ExternalID}
		switch {
		case reason != "":
			changes.add(d.quarantine, domain.NewUnreadableData(key.Kind, key.ID, reason, row.Metadata))
			b.nameless = b.nameless || domain.IsUnreadableRowID(key.ID)
		case err != nil:
			return 0, err
		default:
			changes.release(d.quarantine, key)
			row.ContentHash = raw.ContentHash
			rows = append(rows, row)
			if page.twice[row.ExternalID] {
				b.noteTwice(row.ExternalID)
			}
		}
	}
	rows = append(rows[:len(b.rows):len(b.rows)], d.latest(rows[len(b.rows):])...)
	b.accounts = append(b.accounts, d.quarantine.sortAccounts(page.Accounts, &changes)...)
	b.rows, b.quarantine = rows, changes
	return unchanged, nil
}

// latest returns the rows of a list without those that the list also has in another version. The version counts that
// the vendor changed last, then a posted before a pending one, then the last one of the list.
func (d *differ) latest(rows []domain.TransactionData) []domain.TransactionData {
	best := make(map[string]int, len(rows))
	for i := range rows {
		if at, found := best[rows[i].ExternalID]; !found || !d.isLater(&rows[at], &rows[i]) {
			best[rows[i].ExternalID] = i
		}
	}
	if len(best) == len(rows) {
		return rows
	}
	var latest []domain.TransactionData
	for i := range rows {
		if best[rows[i].ExternalID] == i {
			latest = append(latest, rows[i])
		}
	}
	return latest
}

// isLater reports whether a version of a row counts although another one follows it in the list.
func (d *differ) isLater(row, next *domain.TransactionData) bool {
	if d.updatedAt != nil {
		at, nextAt := d.updatedAt(row.Metadata), d.updatedAt(next.Metadata)
		if !at.IsZero() && !nextAt.IsZero() && !at.Equal(nextAt) {
			return at.After(nextAt)
		}
	}
	return row.Status == domain.Posted && next.Status == domain.Pending
}

// outdated returns the function ports.PageWrite.Outdated for the rows that the step has twice.
func (d *differ) outdated(twice map[string]bool) func(stored, row *domain.TransactionData) bool {
	return func(stored, row *domain.TransactionData) bool { return twice[row.ExternalID] && d.isLater(stored, row) }
}

// isRemoved reports whether the removal of the row with this external id is stored already.
func (d *differ) isRemoved(externalID string) bool {
	if len(d.removedIDs) == 0 {
		return false
	}
	_, found := slices.BinarySearch(d.removedIDs, externalID)
	return found
}

// distinct returns the number of different external ids that have occurred in the step. It must be called
// after all pages of the step were passed to addPage.
func (d *differ) distinct() int { return d.seen.size() }

// wasCounted reports whether the pull has already counted the unchanged row with this id for this step. It returns
// false during the attempt's first reading of the step.
//
// The ids that earlier attempts have counted are not known, only their number (countedBefore). If the id is unknown and
// countedBefore is positive, wasCounted decreases countedBefore and returns true.
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

// again returns a new differ. The attempt uses it to read the whole step a second time. Before the call, every page
// that was passed to d.addPage must be stored. After the call, d must not be used.
func (d *differ) again() *differ {
	counted := &d.seen
	if d.counted != nil {
		counted.addAll(d.counted)
	}
	return &differ{
		pulls:         d.pulls,
		updatedAt:     d.updatedAt,
		tenant:        d.tenant,
		connection:    d.connection,
		empty:         false,
		counted:       counted,
		twice:         d.twice,
		countedBefore: d.countedBefore,
		quarantine:    d.quarantine,
		removedIDs:    d.removedIDs,
		partial:       d.partial,
		staged:        d.staged,
	}
}

// seenInStep returns a function that reports whether an external id has occurred in the step and was not removed
// afterwards. It must be called after all pages of the step were passed to addPage.
func (d *differ) seenInStep() func(externalID string) bool {
	return func(externalID string) bool { return d.seen.has(externalID) && !d.gone[externalID] }
}

// seenBefore returns a function that reports whether an external id has occurred in an earlier reading of the step by
// this attempt.
func (d *differ) seenBefore() func(externalID string) bool {
	if d.counted == nil {
		return func(string) bool { return false }
	}
	return d.counted.has
}

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
