package domain

import "time"

// Superseded is a former row of a transaction at the vendor. A newer row has replaced it.
type Superseded struct {
	ExternalID string    `json:"externalId"`
	At         time.Time `json:"at"` // when a newer row replaced this one
	Rule       MatchRule `json:"rule"`
	// Version is the last version of the transaction in which this row was still the current row.
	Version int `json:"version"`
	// Younger is the transaction to which the newer row belonged before the replacement; it is superseded now. Younger
	// is zero if the newer row was not stored before the replacement. If the transaction has gone back to an earlier
	// row, this item describes the newer row, and Younger is the transaction to which the newer row belonged.
	Younger TransactionID `json:"younger,omitzero"`
}

// WithoutPast returns the former row with this external id as pastRow, and all other former rows as rest. If no former
// row has this external id, found is false.
func (t Transaction) WithoutPast(externalID string) (rest []Superseded, pastRow Superseded, found bool) {
	for _, s := range t.Supersedes {
		if s.ExternalID == externalID {
			pastRow, found = s, true
			continue
		}
		rest = append(rest, s)
	}
	return rest, pastRow, found
}

// NothingToSplit returns the error for a transaction that has replaced no row.
func NothingToSplit() error {
	return &Error{Kind: Conflict, Code: NothingToUndo, Message: "the transaction has replaced no other row"}
}

// LastPast returns the latest former row. A split (undoing the last replacement) restores this row. Errors: Conflict
// (nothing_to_undo) if the transaction has replaced no row, or is superseded.
func (t Transaction) LastPast() (Superseded, error) {
	if len(t.Supersedes) == 0 || !t.SupersededBy.IsZero() {
		return Superseded{}, NothingToSplit()
	}
	return t.Supersedes[len(t.Supersedes)-1], nil
}
