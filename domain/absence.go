package domain

import "time"

// The limits of a mass removal. A read is a mass removal if it would remove at least massRemovalRows rows
// of an account and more than half of the account's live rows. Its rows are removed only if another read,
// at least massRemovalWait later, does not return them either.
const (
	massRemovalRows = 20
	massRemovalWait = time.Hour
)

// MassRemoval is the warning that a connection has while a mass removal of its rows waits for another read to confirm
// it.
const MassRemoval Warning = "mass_removal"

// AccountShared is the warning that a connection has while another live connection reads one of its accounts.
const AccountShared Warning = "account_shared"

// Absence is a live row that a pull did not find, although it read a complete list that should contain the row.
type Absence struct {
	ExternalID string
	Account    string    // the account's external id; "" when the vendor names none
	Pull       PullID    // the first pull that did not read the row
	HeldAt     time.Time // when the removal of the row was first delayed as part of a mass removal; zero if it was not
}

// AbsenceRead describes a complete read (of a whole list) that did not return some of the live rows.
type AbsenceRead struct {
	Proof AbsenceProof
	Pull  PullID
	At    time.Time
	// Live maps each account to the number of its live rows that are dated within the window of the read. The absent
	// rows are included.
	Live map[string]int
}

// Judge decides which of the absent rows were removed at the vendor. It returns the external ids of these rows as
// removed, and the other absent rows as remaining. A later read decides about the remaining rows. If a mass removal
// delays the removal of a row for the first time, Judge sets HeldAt of that row to the time of this read.
func (r AbsenceRead) Judge(absent []Absence) (removed []string, remaining []Absence) {
	proved := map[string]int{}
	for _, a := range absent {
		if r.proves(a) {
			proved[a.Account]++
		}
	}
	for _, a := range absent {
		n := proved[a.Account]
		switch mass := n >= massRemovalRows && 2*n > r.Live[a.Account]; {
		case !r.proves(a):
			remaining = append(remaining, a)
		case !mass, !a.HeldAt.IsZero() && !a.HeldAt.After(r.At.Add(-massRemovalWait)):
			removed = append(removed, a.ExternalID)
		default:
			if a.HeldAt.IsZero() {
				a.HeldAt = r.At
			}
			remaining = append(remaining, a)
		}
	}
	return removed, remaining
}

// proves reports whether this read and the previous read together prove that the row was removed.
func (r AbsenceRead) proves(a Absence) bool {
	return r.Proof == OneRead || r.Proof == TwoReads && a.Pull != r.Pull
}
