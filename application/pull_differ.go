package application

import (
	"context"
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// differ finds the rows of a step's pages that differ from the stored rows. It also remembers
// which external ids have occurred in the step, because a sweep needs all of them.
//
// For each page, in the order of the pages, note must be called first, and then appendChanged. appendChanged can run
// concurrently with the call of note for the next page, because appendChanged uses nothing that note changes.
type differ struct {
	pulls      ports.Pulls
	tenant     domain.TenantID
	connection domain.ConnectionID
	empty      bool // no transaction was stored when the attempt started
	staged     bool // the rows are staged (stored, but not visible yet), so each of them is written

	quarantine quarantine // used only by appendChanged
	// removed are the sorted external ids of rows whose removal is already stored. A page may still contain such a row
	// if the page was read before the vendor announced the removal. The differ treats the row as unchanged.
	removed []string
	partial bool // the step does not read the complete list, only rows by id or recently created rows

	// The rows of the step that the pull has already counted. They are not counted again if they are
	// unchanged. Only appendChanged uses these fields.
	counted       *idSet // the ids that this attempt has counted; nil in the attempt's first read of the step
	countedBefore int    // the number of rows that earlier attempts have counted; their ids are not known

	stored atomic.Int64 // the number of pages known to be stored

	// Used only by note.
	noted         int64                // the number of pages so far
	unidentified  bool                 // the external id of at least one row so far cannot be read
	collectedFrom map[string]time.Time // see ports.VendorPage; of all pages so far
	seen          idSet                // the external ids of the whole step
	recent        recentIDs            // external ids of the rows on pages that may not be stored yet
}

// note remembers the rows of the next page. repeated contains the external ids that occur more than once in
// the page, or that also occur in an earlier page that may not be stored yet; it is nil if there are none.
// anyNew reports whether at least one row is new to the step.
func (d *differ) note(rows []domain.RawTransaction) (repeated map[string]bool, anyNew bool) {
	d.noted++
	d.recent.forget(d.stored.Load())
	for i := range rows {
		key := hashID(rows[i].ExternalID)
		d.unidentified = d.unidentified || domain.IsUnreadableRowID(rows[i].ExternalID)
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

// noteCollected merges the collection times of a page into collectedFrom, which contains the oldest time of each
// account.
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
func (d *differ) markStored(pages int) { d.stored.Add(int64(pages)) }

// appendChanged normalises the new and the changed rows of a page and appends them to the batch. A row that
// cannot be normalised is quarantined. unchanged is the number of unchanged rows that the pull has not
// counted before. Errors: those of the store, and malformed_response if a row is not JSON. After an error,
// the batch is unchanged.
//
// A row whose external id is repeated is always normalised, even if it equals the stored row. An earlier
// page that is not stored yet may contain a different version of the row, and the last occurrence must win.
// A row in the quarantine is always normalised as well.
func (d *differ) appendChanged(ctx context.Context, b *batch, page fetchedPage) (unchanged int, err error) {
	same := make([]bool, len(page.Transactions))
	if !d.empty && !d.staged &&
		len(same) > 0 { // if nothing is stored, or the page has no rows, there is nothing to look up
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
	// Reserve space only for the changed rows, because most pages have none.
	rows, changes := slices.Grow(b.rows, len(same)-skipped), quarantineChanges{
		slices.Clone(b.quarantine.added), slices.Clone(b.quarantine.released),
	}
	for i, raw := range page.Transactions {
		if same[i] {
			continue
		}
		row, err := raw.Normalize()
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
		}
	}
	b.accounts = append(b.accounts, d.quarantine.sortAccounts(page.Accounts, &changes)...)
	b.rows, b.quarantine = rows, changes
	return unchanged, nil
}

// isRemoved reports whether the removal of the row with this external id is stored already.
func (d *differ) isRemoved(externalID string) bool {
	if len(d.removed) == 0 {
		return false
	}
	_, found := slices.BinarySearch(d.removed, externalID)
	return found
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

// wasCounted reports whether the pull has counted this unchanged row in an earlier read of the step. The
// ids of rows that earlier attempts counted are unknown, only their number. wasCounted therefore returns
// true for that many rows.
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

// again returns a new differ for reading the step once more from its first page, in the same attempt. The new differ
// has seen no rows. Every page that was passed to d.note must be stored already, and d must not be used afterwards.
func (d *differ) again() *differ {
	counted := d.seen
	if d.counted != nil {
		for i := range counted {
			counted[i] = append(counted[i], d.counted[i]...)
		}
	}
	counted.sort()
	return &differ{
		pulls:         d.pulls,
		tenant:        d.tenant,
		connection:    d.connection,
		empty:         false,
		counted:       &counted,
		countedBefore: d.countedBefore,
		quarantine:    d.quarantine,
		removed:       d.removed,
		partial:       d.partial,
		staged:        d.staged,
	}
}

// seenInStep returns a function that reports whether an external id has occurred in the step so
// far. It must be called after the last call of note.
func (d *differ) seenInStep() func(externalID string) bool {
	d.seen.sort()
	return d.seen.has
}

// recentIDs maps the hash of each external id on pages that may not be stored yet to the last of these
// pages that contains it. Two ids with the same hash count as a repeated id, which costs only an
// unnecessary normalisation.
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

// add stores the hash of an id. It may be called more than once for an id. If lookup is set, add reports
// whether the id is new to the set. The lookup is slow, so callers request it only until they have found a
// new id in the page.
func (s *idSet) add(key uint64, lookup bool) (isNew bool) {
	bucket := &s[key>>56]
	isNew = lookup && !slices.Contains(*bucket, key)
	*bucket = append(*bucket, key)
	return isNew
}

// sort sorts the buckets. Call it after the last add and before the first has.
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
