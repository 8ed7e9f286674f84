package records_test

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// absentRow is the state of a row that the listing of a pull lacked.
func absentRow(externalID string, pull int) records.RowState {
	return records.RowState{
		ExternalID: externalID,
		Account:    "acc",
		Absent:     records.Absent{Pull: pullID(pull), ProvedBy: pullID(pull)},
	}
}

// VisitStates fails under a name that tells the selection: "States(held)", "States(absent)", "States(past by id)", ….
func (b *book) VisitStates(which records.StatesOf, visit func(records.RowState)) error {
	name := [...]string{"past", "carried over", "absent", "announced"}[which.Mark]
	if which.Held {
		name = "held"
	}
	if which.ExternalIDs != nil {
		b.requireIDs(which.ExternalIDs)
		name += " by id"
	}
	for _, state := range b.statesOf(which) {
		visit(state)
	}
	return b.fail("States(" + name + ")")
}

func (b *book) statesOf(which records.StatesOf) map[string]records.RowState {
	found := map[string]records.RowState{}
	switch which.Mark {
	case records.MarkPast:
		for id, owner := range b.past {
			found[id] = records.RowState{ExternalID: id, Past: owner}
		}
	case records.MarkCarriedOver:
		for id := range b.carriedOver {
			found[id] = records.RowState{ExternalID: id, CarriedOver: account}
		}
	case records.MarkAbsent:
		maps.Copy(found, b.absences)
	case records.MarkAnnounced:
		maps.Copy(found, b.announced)
	}
	maps.DeleteFunc(found, func(id string, s records.RowState) bool {
		isHeld := s.Announced.State == domain.AnnouncedHeld
		isYoung := which.Mark == records.MarkAnnounced && !s.Announced.At.Before(which.Before)
		isStored := which.Mark == records.MarkCarriedOver && b.byKey(id) != nil
		return which.ExternalIDs != nil && !slices.Contains(which.ExternalIDs, id) ||
			which.Account != "" && which.Account != s.Account || which.Held && !isHeld ||
			!which.Before.IsZero() && (isHeld || isYoung || isStored)
	})
	return found
}

// carryOver marks a record as carried over.
func (b *book) carryOver(externalID string) *book {
	b.carriedOver[externalID] = true
	return b
}

// pageStates returns the states of the rows of a page.
func (b *book) pageStates(ids []string) map[string]records.RowState {
	found := map[string]records.RowState{}
	for _, id := range ids {
		state := records.RowState{ExternalID: id, Past: b.past[id]}
		if b.carriedOver[id] {
			state.CarriedOver = account
		}
		found[id] = state
	}
	return found
}

// applyStates applies the changes of the states of rows.
func (b *book) applyStates(c records.Changes) {
	for _, which := range c.Clear {
		b.require(which.ExternalIDs == nil || len(which.ExternalIDs) > 0, "no row is selected")
		b.expired = b.expired || which.Mark == records.MarkCarriedOver && !which.Before.IsZero()
		for id := range b.statesOf(which) {
			switch which.Mark {
			case records.MarkPast:
				delete(b.past, id)
			case records.MarkCarriedOver:
				delete(b.carriedOver, id)
			case records.MarkAbsent:
				delete(b.absences, id)
			case records.MarkAnnounced:
				delete(b.announced, id)
			}
		}
	}
	for _, s := range c.States {
		if !s.Past.IsZero() {
			b.past[s.ExternalID] = s.Past
		}
		if s.Absent != (records.Absent{}) {
			b.absences[s.ExternalID] = s
		}
		if s.Announced.State != "" {
			b.announced[s.ExternalID] = s
		}
	}
}
