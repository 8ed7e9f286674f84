package pulling

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Matching returns the rules for recognising that a new row of the vendor replaces a removed row; nil if
// KeepReplacementsApart is set. The rules can be used until ctx ends.
func (e *Engine) Matching(ctx context.Context, vendor domain.Vendor) *ports.Matching {
	if e.KeepReplacementsApart {
		return nil
	}
	return e.matchingRules(ctx, vendor)
}

// matchingRules returns the rules for recognising that a row of the vendor continues another one.
func (e *Engine) matchingRules(ctx context.Context, vendor domain.Vendor) *ports.Matching {
	rules := &ports.Matching{
		Reserve: func(tenant domain.TenantID, rows int, wait bool) (func(), error) {
			return e.reserveComparison(ctx, tenant, rows, wait)
		},
		Compared: func(cost matching.Cost) {
			if cost.ExceedsLimits() {
				e.Observer.Emit(ctx, ports.ComparisonLimited{CutRows: cost.CutRows, Unjudged: cost.Unjudged})
			}
		},
	}
	if reader, ok := e.Aggregators[vendor].(ports.RowReader); ok {
		rules.RowOf = reader.RowOf
	}
	return rules
}

// The memory of a comparison of rows. Memory is reserved only for more than freeComparedRows rows.
const (
	freeComparedRows = 100
	// comparedRowBytes is the memory of one row: its bounded texts, its words, and the pairs with other rows.
	comparedRowBytes = 16 << 10
	// maxComparisonBytes is half of what a tenant may hold, so that it fits beside a page.
	maxComparisonBytes = 32 << 20
)

// reserveComparison implements Matching.Reserve. If the memory is not available in time, a comparison that waits is
// made without a reservation. At most one such comparison is made at a time. A pull whose pages hold all memory of its
// tenant could otherwise never continue.
func (e *Engine) reserveComparison(
	ctx context.Context, tenant domain.TenantID, rows int, wait bool,
) (release func(), err error) {
	if e.Memory == nil || rows <= freeComparedRows {
		return func() {}, nil
	}
	bytes := min(int64(rows)*comparedRowBytes, maxComparisonBytes)
	if !wait {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return e.Memory.Acquire(ended, tenant, bytes)
	}
	release, err = e.Memory.Acquire(ctx, tenant, bytes)
	if !errors.Is(err, domain.MemoryExhausted) {
		return release, err
	}
	select {
	case e.unreserved <- struct{}{}:
		return sync.OnceFunc(func() { <-e.unreserved }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// forPage returns w with the members that the store needs to recognise replacements. These rows must not replace
// another row, because the vendor may have returned them earlier:
//   - A row that leaves the quarantine.
//   - All rows, if the quarantine contains a row of the connection's current target whose id cannot be read. Any row
//     may be this quarantined row.
func (a *attempt) forPage(ctx context.Context, w ports.PageWrite) ports.PageWrite {
	w.RecentlyRemoved, w.CarriedOver = a.recentlyRemoved, a.carriedOver
	w.Matching = a.Matching(ctx, a.connection.Vendor)
	for _, row := range w.Transactions {
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: row.ExternalID}
		if a.nameless || len(w.Released) > 0 && slices.Contains(w.Released, key) {
			w.Unmatched = append(w.Unmatched, row.ExternalID)
		}
	}
	w.Progress.Shown, w.Progress.ShownMore, w.Progress.Reread = a.shown.Shown, a.shown.ShownMore, a.reread
	a.readRows.stored = a.readRows.stored || len(w.Transactions) > 0
	w.ReadRows, w.Progress.Listed = a.readRows.rows, a.readRows.persisted(w.Progress)
	return w
}

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

// newHeldRows returns an empty heldRows for the current step. sweep reports whether the end of the step marks missing
// rows as removed. changed reports whether a later page of the step may remove a row of an earlier page.
//
// A step with changed withholds its rows unless the attempt stages them. Any other step withholds no rows in these
// cases:
//   - The attempt stages its rows (they are stored, but not visible yet).
//   - KeepReplacementsApart is set, so new rows never replace removed rows.
//   - The connection had no transactions when the attempt started, so there is nothing to replace.
//   - sweep is false, no row was removed recently, and there are no carried-over rows (see ports.Claimed). There is
//     nothing to replace in this case either.
func (a *attempt) newHeldRows(sweep, changed bool) *heldRows {
	nothingToReplace := a.empty || a.KeepReplacementsApart || !sweep && !a.recentlyRemoved && !a.carriedOver
	return &heldRows{
		off:    a.relink.staged || !changed && nothingToReplace,
		latest: a.pull.Progress, memory: a.Memory, tenant: a.connection.Tenant,
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
		return b.pages
	}
	fits := h.reserve(ctx, b)
	if len(h.rows) == 0 {
		h.pinned = h.latest
	}
	if b.pages > 0 {
		h.latest = b.progress
	} else {
		b.progress = h.latest
	}
	h.rows, h.pages = append(h.rows, b.rows...), h.pages+b.pages
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
