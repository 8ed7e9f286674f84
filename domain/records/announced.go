package records

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// holdAnnounced judges the announced removals of the page. It holds a removal back if it is part of a mass removal
// (domain.AnnouncedSum.IsMass), or was held back before, or if PageWrite.Waits is set. It ignores a removal that this
// pull has found to be void.
//
// The removals of one account that were announced within domain.AnnouncementWindow are judged together, also those of
// other pages, and those that a listing has found to be void. Removals that were applied stay applied. Only live
// records count. A page of staged rows may also announce the removal of staged rows; these rows are deleted.
func (d *decision) holdAnnounced() error {
	if d.Confirmed {
		return d.emit(Changes{Clear: []StatesOf{{Mark: MarkAnnounced, ExternalIDs: d.Removed}}})
	}
	fresh, waiting, err := d.newAnnouncements()
	if err != nil || len(fresh)+len(waiting) == 0 {
		return err
	}
	old := StatesOf{Mark: MarkAnnounced, Before: d.At.Add(-domain.AnnouncementRetention)}
	c := Changes{Clear: []StatesOf{old}, States: slices.Concat(fresh, waiting)}
	if err := d.emit(c); err != nil || len(fresh) == 0 {
		return err
	}
	var mass map[string]bool
	if !d.Waits {
		if mass, err = d.massAnnounced(fresh); err != nil {
			return err
		}
	}
	var held []RowState
	for _, a := range fresh {
		if d.Waits || mass[a.Account] {
			a.Announced.State = domain.AnnouncedHeld
			held = append(held, a)
			delete(d.leaving, a.ExternalID)
		}
	}
	if len(held) == 0 {
		return nil
	}
	return d.emit(Changes{States: held})
}

// newAnnouncements returns the announced removals of live rows that are not judged yet. The result fresh contains the
// removals in d.Removed, in the state AnnouncedApplied. The result waiting contains those in d.Announced. If the
// removal of a live row is held back, or if this pull has found it to be void, newAnnouncements deletes the row from
// d.leaving.
func (d *decision) newAnnouncements() (fresh, waiting []RowState, err error) {
	ids := slices.Concat(d.Removed, d.Announced)
	known, err := readStates(d.source, StatesOf{Mark: MarkAnnounced, ExternalIDs: ids})
	if err != nil {
		return nil, nil, err
	}
	err = d.source.VisitLive(LiveOf{ExternalIDs: ids}, func(row LiveRecord) {
		state, found := known[row.ExternalID]
		before := state.Announced
		if found && (before.State == domain.AnnouncedHeld ||
			before.State == domain.AnnouncedVoid && before.Pull == d.Pull) {
			delete(d.leaving, row.ExternalID)
			return
		}
		a := RowState{
			ExternalID: row.ExternalID, Account: row.Account, Date: row.Date,
			Announced: domain.AnnouncedRemoval{At: d.At, Pull: d.Pull, State: domain.AnnouncedApplied},
		}
		if found && before.State == domain.AnnouncedWaiting {
			a.Announced.At = before.At
		}
		if _, leaves := d.leaving[row.ExternalID]; leaves {
			fresh = append(fresh, a)
		} else {
			a.Announced.State = domain.AnnouncedWaiting
			waiting = append(waiting, a)
		}
	})
	return fresh, waiting, err
}

// massAnnounced returns the accounts in which the new announced removals (fresh) are part of a mass removal. When it
// is called, these removals must be stored as applied, and their rows must still be live.
func (d *decision) massAnnounced(fresh []RowState) (map[string]bool, error) {
	own := map[string]bool{}
	for _, a := range fresh {
		own[a.Account] = true
	}
	sums, announced := map[string]domain.AnnouncedSum{}, map[string]bool{}
	since := d.At.Add(-domain.AnnouncementWindow)
	err := d.source.VisitStates(StatesOf{Mark: MarkAnnounced}, func(s RowState) {
		if own[s.Account] && s.Announced.At.After(since) && !announced[s.ExternalID] {
			announced[s.ExternalID] = true
			sums[s.Account] = sums[s.Account].With(s.Date)
		}
	})
	if err != nil {
		return nil, err
	}
	mass := map[string]bool{}
	for _, account := range slices.Sorted(maps.Keys(own)) {
		sum := sums[account]
		if !sum.MayBeMass() {
			continue
		}
		live, removed := 0, sum.Count
		of := LiveOf{Dates: sum.Dates, Account: account, NoneCarriedOver: !d.HasCarriedOver}
		err := d.source.VisitLive(of, func(record LiveRecord) {
			if record.Account != account {
				return
			}
			if live++; announced[record.ExternalID] {
				removed--
			}
		})
		if err != nil {
			return nil, err
		}
		mass[account] = sum.IsMass(live, removed)
	}
	return mass, nil
}

// judgeHeld decides, after a complete listing, about the announced removals that are held back. If the listing proves
// anything, the rows that it contains stay, and all others are added to the leaving rows. The removal of a row
// outside of the window of the listing remains held back. Announced removals of rows that are not live are forgotten.
func (d *decision) judgeHeld(r *absenceReading, held map[string]RowState) error {
	var c Changes
	var forget []string
	outside := maps.Clone(held)
	proves := d.sweep.Proof != domain.NoProof
	for externalID, shown := range r.held {
		delete(outside, externalID)
		switch {
		case !proves:
		case shown:
			a := held[externalID]
			a.Announced.State, a.Announced.Pull = domain.AnnouncedVoid, d.Pull
			c.States = append(c.States, a)
		default:
			forget = append(forget, externalID)
			d.leaving[externalID] = domain.PullID{}
		}
	}
	if len(outside) > 0 {
		of := LiveOf{ExternalIDs: slices.Sorted(maps.Keys(outside))}
		err := d.source.VisitLive(of, func(row LiveRecord) { delete(outside, row.ExternalID) })
		if err != nil {
			return err
		}
		forget = slices.AppendSeq(forget, maps.Keys(outside))
	}
	slices.Sort(forget)
	c.clear(MarkAnnounced, forget...)
	domain.SortLarge(c.States, func(x, y RowState) int { return strings.Compare(x.ExternalID, y.ExternalID) })
	if len(c.Clear) == 0 && len(c.States) == 0 {
		return nil
	}
	return d.emit(c)
}

// ApplyHeld returns the page that removes rows whose removals are held back, because an operator has confirmed them. It
// returns nil if there are none. states contains the announced rows whose removals are held back, and the absent rows.
func ApplyHeld(states iter.Seq[RowState], w PageWrite) *Page {
	var held []string
	for s := range states {
		if s.Announced.State == domain.AnnouncedHeld || !s.Absent.Held.At.IsZero() {
			held = append(held, s.ExternalID)
		}
	}
	if len(held) == 0 {
		return nil
	}
	slices.Sort(held)
	w.Removed, w.Confirmed = slices.Compact(held), true
	return NewPage(w)
}
