package pulling

import (
	"context"
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The limits for the rows that are withheld until the end of a step: their number, and their size in bytes of memory.
// Memory is reserved only if there are more than freeHeldRows rows, or if they have more than freeHeldBytes. A row
// needs heldRowBytes bytes in addition to its metadata.
const (
	maxHeldRows   = 20_000
	freeHeldRows  = 2000
	maxHeldBytes  = 24 << 20
	freeHeldBytes = 4 << 20
	heldRowBytes  = 1 << 10
)

// heldRows withholds the changed rows of a step from the store until the step ends. Only then are the removed rows
// known. If a row were stored earlier, it would become a separate transaction, even if it replaces a removed row.
//
// After a crash, the withheld rows are read again, because the stored progress does not include their pages. As soon as
// a step has too many changed rows, or there is no memory for them, all of them are stored, and later rows are not
// withheld. The store still recognises rows that replace removed rows, but the change feed first shows each of them as
// a record of its own.
type heldRows struct {
	off      bool // no rows are withheld: the rows of each page are stored immediately
	rows     []domain.TransactionData
	released []domain.QuarantineKey
	twice    []string        // the external ids of the rows that the step has twice
	pages    int             // number of pages that are not stored
	latest   domain.Progress // the progress after the last batch
	pinned   domain.Progress // the progress to store while rows are withheld; it excludes their pages

	memory   ports.MemoryBudget // nil means no bound
	tenant   domain.TenantID
	bytes    int      // the memory of the withheld rows
	reserved int      // the part of bytes that is reserved
	free     []func() // release the memory that is reserved
}

// newHeldRows returns an empty heldRows for the current step.
//
// A step of changes withholds its rows unless the attempt stages them, because a later page may remove a row of an
// earlier page. Any other step withholds no rows in these cases:
//   - The attempt stages its rows (they are stored, but not visible yet).
//   - KeepReplacementsApart is set, so new rows never replace removed rows.
//   - The connection had no transactions when the attempt started, so there is nothing to replace.
//   - The end of the step marks no missing rows as removed, no row was removed recently, and there are no carried-over
//     rows (see ports.Claimed). There is nothing to replace in this case either.
func (r *stepReader) newHeldRows(end stepEnd) *heldRows {
	nothingToReplace := r.Empty || r.KeepReplacementsApart || end != endOfListing && !r.journal.mayReplace()
	return &heldRows{
		off:    r.journal.staging != nil || end != endOfChanges && nothingToReplace,
		latest: r.journal.progress, memory: r.Memory, tenant: r.Connection.Tenant,
	}
}

// reserve reports whether the rows of the batch may be withheld, too. It reserves the memory of all withheld rows that
// is not reserved yet. It does not wait for memory, because the rows that are already withheld would keep their memory
// during the wait.
func (h *heldRows) reserve(ctx context.Context, b *batch) bool {
	bytes := b.size() + heldRowBytes*len(b.rows)
	h.bytes += bytes
	switch rows := len(h.rows) + len(b.rows); {
	case rows > maxHeldRows, h.bytes > maxHeldBytes:
		return false
	case rows <= freeHeldRows && h.bytes <= freeHeldBytes, h.memory == nil, bytes == 0:
		return true
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	free, err := h.memory.Acquire(ctx, h.tenant, int64(h.bytes-h.reserved))
	if err == nil {
		h.reserved, h.free = h.bytes, append(h.free, free)
	}
	return err == nil
}

// release releases the memory of the withheld rows.
func (h *heldRows) release() {
	for _, free := range h.free {
		free()
	}
	h.bytes, h.reserved, h.free = 0, 0, nil
}

// hold moves the rows of the batch to the withheld rows. In these cases, it then moves all withheld rows back to the
// batch:
//   - The batch ends the step.
//   - The batch has an error.
//   - Too many rows are withheld, or there is no memory for them.
//
// The result is the number of pages that the next write completes. It is 0 while rows are withheld.
func (h *heldRows) hold(ctx context.Context, b *batch) (pages int) {
	if h.off {
		h.release() // the rows were stored after the last call
		return b.pages()
	}
	fits := h.reserve(ctx, b)
	if len(h.rows) == 0 {
		h.pinned = h.latest
	}
	if b.pages() > 0 {
		h.latest = b.progress
	} else {
		b.progress = h.latest
	}
	h.rows, h.pages = append(h.rows, b.rows...), h.pages+b.pages()
	h.twice = slices.AppendSeq(h.twice, maps.Keys(b.twice))
	released := b.quarantine.released
	b.quarantine.released = nil
	for _, key := range released { // a row leaves the quarantine when it is stored
		if key.Kind == domain.QuarantinedTransaction {
			h.released = append(h.released, key)
		} else {
			b.quarantine.released = append(b.quarantine.released, key)
		}
	}
	if len(h.rows) > 0 && fits && !b.last && b.err == nil {
		b.rows, b.progress = nil, h.pinned
		return 0
	}
	h.off = !fits && !b.last
	b.rows, b.quarantine.released, pages = h.rows, append(b.quarantine.released, h.released...), h.pages
	for _, id := range h.twice {
		b.noteTwice(id)
	}
	h.rows, h.twice, h.released, h.pages = nil, nil, nil, 0
	return pages
}
