package domain

import "time"

// The limits of a mass removal. A mass removal concerns at least massRemovalRows rows of an account, and more than half
// of the account's live rows in the window of the listing. The removal must be confirmed by another listing without
// these rows, at least massRemovalWait later.
const (
	massRemovalRows = 20
	massRemovalWait = time.Hour
)

// Absence is a live row that was missing from a complete listing.
type Absence struct {
	ExternalID string
	Account    string    // the account's external id; "" when the vendor names none
	Pull       PullID    // the first pull whose listing did not contain the row
	HeldAt     time.Time // when Judge first delayed the removal of the row because of a mass removal; zero if never
}

// AbsenceRead describes a complete listing that did not contain some of the live rows.
type AbsenceRead struct {
	Proof AbsenceProof
	Pull  PullID
	At    time.Time
	// Live maps each account to the number of its live rows that are dated within the window of the listing. The absent
	// rows are included.
	Live map[string]int
}

// Judge returns the external ids of the rows that were removed at the vendor, and the remaining absences. A remaining
// absence is judged again after a later listing. If a row is part of a mass removal, Judge may delay the removal of the
// row. In this case, the row's absence remains, and its HeldAt is set if it was zero.
func (r AbsenceRead) Judge(absences []Absence) (removedIDs []string, remaining []Absence) {
	proved := map[string]int{}
	for _, a := range absences {
		if r.Proves(a) {
			proved[a.Account]++
		}
	}
	for _, a := range absences {
		n := proved[a.Account]
		switch mass := n >= massRemovalRows && 2*n > r.Live[a.Account]; {
		case !r.Proves(a):
			remaining = append(remaining, a)
		case !mass, !a.HeldAt.IsZero() && !a.HeldAt.After(r.At.Add(-massRemovalWait)):
			removedIDs = append(removedIDs, a.ExternalID)
		default:
			if a.HeldAt.IsZero() {
				a.HeldAt = r.At
			}
			remaining = append(remaining, a)
		}
	}
	return removedIDs, remaining
}

// Proves reports whether the listing proves that the row was removed. It does not consider mass removals; see Judge.
// If r.Proof is TwoReads, the row must be missing from the listings of two pulls.
func (r AbsenceRead) Proves(a Absence) bool {
	return r.Proof == OneRead || r.Proof == TwoReads && a.Pull != r.Pull
}
