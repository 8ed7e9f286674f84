package pulling

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// differ finds the new and changed rows of a step. It compares the pages of the step with the store.
//
// Each page must be passed first to read.addPage, then to appendChanged. Both methods must receive the pages in order.
// While appendChanged processes one page, addPage may process the next page concurrently. appendChanged uses no data
// that addPage changes.
type differ struct {
	*claim

	empty bool // no transaction was stored when the attempt started; not set in later readings of the step
	// updatedAt returns when the vendor last changed the row with this metadata; nil if the vendor does not state it.
	updatedAt func(metadata json.RawMessage) time.Time
	staged    bool // the rows are staged (stored, but not visible yet), so each of them is written

	quarantine quarantine // used only by appendChanged
	// removedIDs are the sorted external ids of rows whose removal is already stored. A page may still contain such a
	// row if the page was read before the vendor announced the removal. The differ treats the row as unchanged.
	removedIDs []string
	partial    bool // the step does not read the complete list, only rows by id, recent ones, or those of a window
	// elsewhere contains the ids of the rows in lists of other accounts that this attempt has read before; nil if there
	// are none. Only pager.fetch uses it.
	elsewhere *idSet

	// These fields describe the rows that the pull has already counted for this step. With these fields, no
	// unchanged row is counted twice. Only appendChanged uses these fields.
	counted       *idSet // the ids that this attempt has counted; nil during its first reading of the step
	countedBefore int    // the number of rows that earlier attempts have counted; their ids are not known

	// read describes the pages that were fetched so far. No method of the differ may use it before all pages of the
	// step have been read.
	read stepRows
}

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
	if !d.empty && !d.staged && len(same) > 0 {
		same, err = d.Pulls.FilterUnchanged(ctx, d.Connection.Tenant, d.Connection.ID, page.Transactions)
		if err != nil {
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
	if len(page.twice) > 0 {
		rows = append(rows[:len(b.rows):len(b.rows)], d.latest(rows[len(b.rows):])...)
	}
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
// that was passed to d.read.addPage must be stored. After the call, d must not be used.
func (d *differ) again() *differ {
	counted := &d.read.seen
	if d.counted != nil {
		counted.addAll(d.counted)
	}
	next := &differ{
		claim:         d.claim,
		updatedAt:     d.updatedAt,
		counted:       counted,
		countedBefore: d.countedBefore,
		quarantine:    d.quarantine,
		removedIDs:    d.removedIDs,
		partial:       d.partial,
		elsewhere:     d.elsewhere,
		staged:        d.staged,
	}
	next.read.twice = d.read.twice
	return next
}

// seenBefore returns a function that reports whether an external id has occurred in an earlier reading of the step by
// this attempt.
func (d *differ) seenBefore() func(externalID string) bool {
	if d.counted == nil {
		return func(string) bool { return false }
	}
	return d.counted.has
}
