package application

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// matching returns the rules by which a write of the vendor's rows recognises that a new row replaces a removed one. It
// returns nil if replacements are not recognised.
func (s *Service) matching(vendor domain.Vendor) *ports.Matching {
	if s.KeepReplacementsApart {
		return nil
	}
	if reader, ok := s.aggregators[vendor].(ports.KeyReader); ok {
		return &ports.Matching{Keys: reader.InstitutionKeys}
	}
	return &ports.Matching{Keys: withoutKeys}
}

// withoutKeys is the key function for a vendor whose rows do not contain keys that the institution has assigned. It
// returns no keys.
func withoutKeys(domain.TransactionData) domain.InstitutionKeys { return domain.InstitutionKeys{} }

// forPage returns the write w with those members set that are needed to recognise replacements. A row that leaves the
// quarantine may not be new, because earlier reads may have returned it, so it must not replace another row. While the
// quarantine contains a row whose id cannot be read, this applies to every row.
func (a *attempt) forPage(w ports.PageWrite) ports.PageWrite {
	w.RecentlyLeft, w.Unshown = a.recentlyLeft, a.unshown
	w.Matching = a.matching(a.connection.Vendor)
	for _, row := range w.Transactions {
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: row.ExternalID}
		if a.nameless || len(w.Released) > 0 && slices.Contains(w.Released, key) {
			w.Unmatched = append(w.Unmatched, row.ExternalID)
		}
	}
	w.Progress.Shown, w.Progress.ShownMore, w.Progress.Reread = a.shown.Shown, a.shown.ShownMore, a.reread
	return w
}

// hasNameless reports whether the quarantine contains a row whose external id cannot be read.
func (q quarantine) hasNameless() bool {
	for key := range q {
		if key.Kind == domain.QuarantinedTransaction && domain.IsUnreadableRowID(key.ID) {
			return true
		}
	}
	return false
}

// maxHeldRows is the maximum number of rows that are held back until the end of a step.
const maxHeldRows = 2000

// heldRows delays storing the changed rows of a step until the step ends, because only then is it known which rows have
// left (were removed by the vendor). Without the delay, a row that replaces a removed one would first become a separate
// transaction. Meanwhile the stored progress stays before the first page with held rows, so that they are read again
// after a crash. If there are more than maxHeldRows changed rows, none of them is held back.
type heldRows struct {
	off      bool // rows are stored with their page
	rows     []domain.TransactionData
	released []domain.QuarantineKey
	pages    int             // number of pages that are not stored
	latest   domain.Progress // the progress after the last batch
	pinned   domain.Progress // the progress before the first row that is held back
}

// newHeldRows returns an empty heldRows for a step that begins at the attempt's progress. The argument sweep reports
// whether the step finds removals. No row is held back if (a) rows are staged, (b) KeepReplacementsApart is set, (c)
// the connection had no transactions, or (d) the step finds no removals, no row was removed recently, and no live row
// is from an earlier account reference. In the cases (c) and (d), the rows cannot replace others.
func (a *attempt) newHeldRows(sweep bool) *heldRows {
	return &heldRows{
		off: a.empty || a.relink.staged || a.KeepReplacementsApart ||
			!sweep && !a.recentlyLeft && !a.unshown,
		latest: a.pull.Progress,
	}
}

// hold moves the rows of the batch to the held rows. If the batch ends the step or has an error, or if too many rows
// are held, it moves all held rows to the batch instead. It returns the number of pages whose rows are all part of the
// next write.
func (h *heldRows) hold(b *batch) (pages int) {
	if h.off {
		return b.pages
	}
	if len(h.rows) == 0 {
		h.pinned = h.latest
	}
	if b.pages > 0 {
		h.latest = b.progress
	} else {
		b.progress = h.latest
	}
	h.rows, h.pages = append(h.rows, b.rows...), h.pages+b.pages
	released := b.quarantine.released
	b.quarantine.released = nil
	for _, key := range released { // a row leaves the quarantine when it is stored
		if key.Kind == domain.QuarantinedTransaction {
			h.released = append(h.released, key)
		} else {
			b.quarantine.released = append(b.quarantine.released, key)
		}
	}
	if len(h.rows) > 0 && len(h.rows) <= maxHeldRows && !b.last && b.err == nil {
		b.rows, b.progress = nil, h.pinned
		return 0
	}
	h.off = len(h.rows) > maxHeldRows
	b.rows, b.quarantine.released, pages = h.rows, append(b.quarantine.released, h.released...), h.pages
	h.rows, h.released, h.pages = nil, nil, 0
	return pages
}
