package simulation_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// movementName returns the name of the n-th movement, a word that consists only of letters. The words of different
// movements are not similar.
func movementName(n int) string {
	var word strings.Builder
	for x := uint32(n)*2_654_435_761 + 97; word.Len() < 8; x = x*1_664_525 + 1_013_904_223 {
		word.WriteByte("bcdfghjklmnpqrstvwxz"[x>>24%20%20])
	}
	return word.String()
}

// listRead describes one list that a pull has read. It contains the rows of the list, with the numbers of the first and
// of the last page that contained the row. Removed rows are excluded, even if the vendor still listed them.
type listRead struct {
	step  string
	pages int
	shown map[string]shownOn
}

type shownOn struct{ first, last int }

// together reports whether the list may have shown both rows at once: the older row not only on pages before those
// with the younger one. Between two pages the vendor may replace a row, so the service may take such rows for one.
func (l listRead) together(older, younger string) bool {
	a, shownOlder := l.shown[older]
	b, shownYounger := l.shown[younger]
	return shownOlder && shownYounger && a.last >= b.first
}

// noteShown records the rows of a page that the current attempt has read. The first page of a list starts a new
// listRead.
func (s *sim) noteShown(ref *accountRef, step domain.Step, cursor string, rows []*row) {
	name := fmt.Sprint(step)
	if s.current != nil {
		name += s.current.process().name
	}
	last := len(ref.lists) - 1
	if last < 0 || cursor == "" || ref.lists[last].step != name {
		ref.lists = append(ref.lists, listRead{step: name, shown: map[string]shownOn{}})
		last++
	}
	list := &ref.lists[last]
	list.pages++
	for _, r := range rows {
		if !r.removed {
			on, known := list.shown[r.id]
			if on.last = list.pages; !known {
				on.first = list.pages
			}
			list.shown[r.id] = on
		}
	}
}

// keepReads keeps the lists of a pull that has succeeded. A row whose removal was announced to the pull does not count
// as shown, because a page may be older than the removal (see ports.Claimed.Removed). The simulated vendor may also
// have restored the row meanwhile, which the service learns from a later list.
func (ref *accountRef) keepReads(p domain.Pull) {
	for _, list := range ref.lists {
		for _, id := range announcedRemovals(p) {
			delete(list.shown, id)
		}
	}
	ref.reads, ref.lists = append(ref.reads, ref.lists...), nil
}

// forgetUnpublished deletes from the recorded lists all rows that are not stored. It is called after the staged rows of
// a pull were published (made visible). A row that the vendor removed before the publication is never stored. The store
// therefore does not know in which lists this row was.
func (s *sim) forgetUnpublished(c *connection) {
	stored := map[string]bool{}
	for _, t := range s.ownRows(c) {
		stored[t.ExternalID] = true
		for _, past := range t.Supersedes {
			stored[past.ExternalID] = true
		}
	}
	for _, read := range slices.Concat(c.ref.reads, c.ref.lists) {
		maps.DeleteFunc(read.shown, func(id string, _ shownOn) bool { return !stored[id] })
	}
}

// splitTransaction undoes the last replacement of a random transaction of the connection, if there is one.
func (s *sim) splitTransaction(ctx context.Context, app *application.Service, c *connection) error {
	if s.down {
		return nil
	}
	var replaced []domain.Transaction
	for _, t := range s.storedRows(c) {
		if len(t.Supersedes) > 0 {
			replaced = append(replaced, t)
		}
	}
	if len(replaced) == 0 {
		return nil
	}
	t := replaced[s.rand.IntN(len(replaced))]
	_, err := app.SplitTransaction(ctx, c.Tenant, t.ID, "")
	return err
}

// splitDone records that an operator has split a transaction. Operators split a transaction whose current and former
// row describe different movements of money. An operator can also split a transaction of a deleted connection.
func (s *sim) splitDone(before, after domain.Transaction) {
	s.counters.splits++
	s.splitPairs[[2]string{after.ExternalID, before.ExternalID}] = true
	s.decidedOnDeleted(after)
}

// ownRows returns the stored transactions of a connection, except superseded transactions. The row of a superseded
// transaction now belongs to another transaction.
func (s *sim) ownRows(c *connection) []domain.Transaction {
	return slices.DeleteFunc(s.storedRows(c), func(t domain.Transaction) bool { return !t.SupersededBy.IsZero() })
}

// checkReplacements checks the transactions that have had more than one row:
//
//   - All rows of a transaction must belong to one movement.
//   - At most one row of a transaction may be present at the vendor.
//   - Two rows that an operator has split must not be in one transaction again.
func (s *sim) checkReplacements(c *connection) {
	owners := map[string]domain.TransactionID{}
	for _, t := range s.ownRows(c) {
		ids := []string{}
		for _, past := range t.Supersedes {
			ids = append(ids, past.ExternalID)
		}
		ids = append(ids, t.ExternalID)
		s.counters.replaced += len(t.Supersedes)
		for i, id := range ids {
			if owner, taken := owners[id]; taken && owner != t.ID {
				s.violated("%s is a row of two transactions", id)
			}
			owners[id] = t.ID
			if i == 0 {
				continue
			}
			if s.splitPairs[[2]string{ids[i-1], id}] || s.splitPairs[[2]string{id, ids[i-1]}] {
				s.violated("%s and %s are one transaction again after a split", ids[i-1], id)
			}
		}
		s.checkOneMovement(c.ref, t, ids)
	}
	for _, t := range s.storedRows(c) {
		if t.SupersededBy.IsZero() {
			continue
		}
		s.counters.superseded++
		if owner, ok := owners[t.ExternalID]; t.RemovedAt.IsZero() || ok && owner == t.ID {
			s.violated("%s is superseded and present", t.ExternalID)
		}
	}
}

// checkOneMovement checks the rows of one transaction. The rows are in the order in which they replaced each other.
//
//   - All rows must belong to the same movement of money.
//   - At most one row may now be present at the vendor.
//   - If a row and its successor were present at the same time, no list may have shown both together.
func (s *sim) checkOneMovement(ref *accountRef, t domain.Transaction, ids []string) {
	var present []string
	for i, id := range ids {
		r := ref.rowOf(id)
		if r == nil || r.movement != ref.rowOf(ids[0]).movement {
			s.violated("%s has rows of several movements: %v", t.ID, ids)
		}
		if ref.row(id) != nil && !r.removed && !r.wasBroken { // an unreadable row cannot replace another row
			present = append(present, id)
		}
		if i == 0 || s.decisions.rows[[2]string{ids[i-1], id}] {
			continue
		}
		for _, read := range ref.reads {
			if read.together(ids[i-1], id) && lived(r, ref.rowOf(ids[i-1])) {
				s.violated("%s and %s were shown together, and are one transaction", ids[i-1], id)
			}
		}
	}
	if len(present) > 1 {
		s.violated("the rows %v are present at the vendor, and are one transaction", present)
	}
}

// lived reports whether the rows a and b were ever present at the vendor at the same time. A list that contains both
// rows does not prove this, because the vendor may replace a row while the list is read. lived returns false if one of
// the rows was ever unreadable.
func lived(a, b *row) bool {
	before := func(a, b *row) bool { return a.removed && !b.created.Before(a.removedAt) }
	return !before(a, b) && !before(b, a) && !a.wasBroken && !b.wasBroken
}
