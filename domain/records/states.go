package records

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RowState is what a store knows about a row of the vendor apart from the record that has the row. It has one or
// several marks; see Mark. A row without a mark has no RowState.
type RowState struct {
	ExternalID string
	Account    string      // external id of the account of an absent or announced row; "" if the vendor names none
	Date       domain.Date // of a carried-over or announced row

	// Past is the record that had the row before its current one; zero if there is none.
	Past domain.TransactionID
	// CarriedOver is the account of a carried-over record that has the row; zero if the row has none. Such a record was
	// read under an earlier account reference, and the vendor has not returned its row since.
	CarriedOver domain.AccountID
	// Absent is not zero if a complete listing lacked the row, but did not prove its removal.
	Absent Absent
	// Announced is not zero if the vendor has announced the removal of the row.
	Announced domain.AnnouncedRemoval
}

// Absent is the part of a domain.Absence that is the mark of a row.
type Absent struct {
	Pull     domain.PullID // the first pull whose listing lacked the row
	ProvedBy domain.PullID
	Held     domain.Hold
}

// absence returns the absence of an absent row. Its date is not stored.
func (s RowState) absence() domain.Absence {
	return domain.Absence{
		ExternalID: s.ExternalID, Account: s.Account, Pull: s.Absent.Pull, ProvedBy: s.Absent.ProvedBy,
		Held: s.Absent.Held,
	}
}

// absentRow returns the state of an absent row.
func absentRow(a domain.Absence) RowState {
	return RowState{ExternalID: a.ExternalID, Account: a.Account, Absent: Absent{a.Pull, a.ProvedBy, a.Held}}
}

// Mark is one of the members of a RowState that can be set independently of each other.
type Mark int

// The marks of a row.
const (
	MarkPast Mark = iota
	MarkCarriedOver
	MarkAbsent
	MarkAnnounced
)

// Mark returns the mark of a state that has only one.
func (s *RowState) Mark() Mark {
	switch {
	case s.Announced.State != "":
		return MarkAnnounced
	case s.Absent != (Absent{}):
		return MarkAbsent
	case !s.CarriedOver.IsZero():
		return MarkCarriedOver
	}
	return MarkPast
}

// StatesOf selects the rows of a connection that have a mark. A member that is zero does not restrict the selection.
type StatesOf struct {
	Mark        Mark
	ExternalIDs []string
	Account     string // external id of the account of absent or announced rows
	Held        bool   // only announced rows whose removals are held back
	// Before restricts the selection of two marks:
	//
	//   - MarkAnnounced: to removals that were announced before the time, and are not held back
	//   - MarkCarriedOver: to rows whose records were removed before the time, or superseded
	Before time.Time
}

// readStates returns the states of the selected rows, by external id.
func readStates(source Source, rows StatesOf) (map[string]RowState, error) {
	states := map[string]RowState{}
	return states, source.VisitStates(rows, func(s RowState) { states[s.ExternalID] = s })
}

// clear ends a mark of rows. It combines the marks that end without further conditions.
func (c *Changes) clear(mark Mark, externalIDs ...string) {
	for i := range c.Clear {
		if of := &c.Clear[i]; of.Mark == mark && of.ExternalIDs != nil {
			of.ExternalIDs = append(of.ExternalIDs, externalIDs...)
			return
		}
	}
	if len(externalIDs) > 0 {
		c.Clear = append(c.Clear, StatesOf{Mark: mark, ExternalIDs: externalIDs})
	}
}

// setPast makes a row a former row of the record.
func (c *Changes) setPast(externalID string, record domain.TransactionID) {
	c.States = append(c.States, RowState{ExternalID: externalID, Past: record})
}
