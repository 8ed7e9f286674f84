package domain

import "time"

// The limits of a mass removal. A listing of an account shows a mass removal in two cases:
//
//   - It lacks at least massRemovalRows live rows of the account, and more than half of the live rows in its window.
//   - It lacks all live rows of the account in its window, and at least massRemovalAll of them are dated within the
//     last twelve months.
//
// Rows whose records continue with new rows are not lacking.
const (
	massRemovalRows = 20
	massRemovalAll  = 3
	massRemovalDays = 365
)

// How long a mass removal waits for the listing that confirms it. The listing must show a later synchronisation of the
// vendor. Without knowledge about the vendor's synchronisations, it must be considerably later.
const (
	massRemovalWait     = time.Hour
	massRemovalLongWait = 6 * time.Hour
)

// MaxSyncWait is how far ahead the vendor's next synchronisation may be for a mass removal to wait for it.
const MaxSyncWait = 48 * time.Hour

// SyncTime describes the vendor's synchronisation whose result a listing shows.
type SyncTime struct {
	At      time.Time // when the vendor last read the institution, in its own words; zero if it states no time
	Planned bool      // the vendor plans another synchronisation within MaxSyncWait
}

// Hold states since when the removal of a row or an account has been delayed. The zero Hold means that it is not
// delayed.
type Hold struct {
	At   time.Time
	Sync time.Time // SyncTime.At of the first listing that lacked the row; zero if the vendor stated no time
}

// HoldAt returns the hold of a removal that is delayed from now on. sync describes the present listing.
func HoldAt(now time.Time, sync SyncTime) Hold { return Hold{At: now, Sync: sync.At} }

// Equal reports whether both holds have the same times.
func (h Hold) Equal(other Hold) bool { return h.At.Equal(other.At) && h.Sync.Equal(other.Sync) }

// ReleasedBy reports whether a listing at the time now confirms a removal that was delayed before. sync describes the
// listing.
func (h Hold) ReleasedBy(now time.Time, sync SyncTime) bool {
	if h.At.IsZero() {
		return false
	}
	waited, stated := now.Sub(h.At), !h.Sync.IsZero() && !sync.At.IsZero()
	if stated && sync.At.After(h.Sync) {
		return waited >= massRemovalWait
	}
	return waited >= massRemovalLongWait && !(stated && sync.Planned)
}

// Absence is a live row that was missing from a complete listing.
type Absence struct {
	ExternalID string
	Account    string // the account's external id; "" when the vendor names none
	Date       Date   // of the row; not stored
	Pull       PullID // the first pull whose listing did not contain the row
	ProvedBy   PullID // the first of them whose listing had a ground (see GroundOf); zero if there is none
	Held       Hold   // since when Judge has delayed the removal of the row because of a mass removal
	// Withdrawn is set if the vendor has shown the row earlier in the pull, so that this listing alone proves its
	// removal; not stored.
	Withdrawn bool
}

// AbsenceRead describes a complete listing that did not contain some of the live rows.
type AbsenceRead struct {
	Proof AbsenceProof
	Pull  PullID
	At    time.Time
	Sync  SyncTime
	// Live maps each account to the number of its live rows that are dated within the window of the listing. The absent
	// rows are included.
	Live map[string]int
	// Shown contains the accounts of which the listing contains a row that was live before the listing, or that
	// continues the record of such a row.
	Shown map[string]bool
	// Returned contains the accounts of which the listing contains a row that was absent before, or that continues the
	// record of an absent row. A delayed removal of another row of such an account is judged anew; otherwise it waits,
	// although rows that are new may hide that the listing lacks all earlier ones.
	Returned map[string]bool
	// Empty contains the accounts of which the listing contains no row, if two listings are needed. Such a vendor
	// purges rows and hides those of an account that it cannot reach. A mass removal there is delayed until an operator
	// applies it, or the vendor announces it.
	Empty map[string]bool
}

// lacking counts the rows of an account that a listing lacks.
type lacking struct {
	rows   int
	recent int // dated within massRemovalDays
}

// with returns the count with one more row.
func (n lacking) with(r AbsenceRead, a Absence) lacking {
	if n.rows++; r.IsRecent(a.Date) {
		n.recent++
	}
	return n
}

// Judge returns the external ids of the rows that were removed at the vendor, and the remaining absences. A remaining
// absence is judged again after a later listing. If a row is part of a mass removal, Judge may delay the removal of the
// row. In this case, the row's absence remains with a Hold. If a listing shows none of the rows of an account, the Hold
// begins with this listing, also if it does not prove the removal yet.
func (r AbsenceRead) Judge(absences []Absence) (removedIDs []string, remaining []Absence) {
	proved, all := map[string]lacking{}, map[string]lacking{}
	for _, a := range absences {
		if all[a.Account] = all[a.Account].with(r, a); r.Proves(a) {
			proved[a.Account] = proved[a.Account].with(r, a)
		}
	}
	for _, a := range absences {
		waits := !a.Held.At.IsZero() && !r.Returned[a.Account] // for a listing that confirms the removal
		released := !r.Empty[a.Account] && a.Held.ReleasedBy(r.At, r.Sync)
		var hold bool
		switch {
		case r.Proof == NoProof:
		case !r.Proves(a):
			hold = r.lacksAll(a.Account, all[a.Account])
			if a.ProvedBy.IsZero() {
				a.ProvedBy = r.Pull
			}
		case released, !waits && !r.isMass(a.Account, proved[a.Account]):
			removedIDs = append(removedIDs, a.ExternalID)
			continue
		default:
			hold = true
			if a.Withdrawn {
				a.ProvedBy = r.Pull
			}
		}
		if hold && a.Held == (Hold{}) {
			a.Held = HoldAt(r.At, r.Sync)
		}
		remaining = append(remaining, a)
	}
	return removedIDs, remaining
}

// isMass reports whether the absences of an account are a mass removal.
func (r AbsenceRead) isMass(account string, n lacking) bool {
	return n.rows >= massRemovalRows && 2*n.rows > r.Live[account] || r.lacksAll(account, n)
}

// lacksAll reports whether the absences of an account are a mass removal because the listing shows none of its rows.
func (r AbsenceRead) lacksAll(account string, n lacking) bool {
	return LacksAll(n.recent) && !r.Shown[account]
}

// IsRecent reports whether a row of this date counts for LacksAll.
func (r AbsenceRead) IsRecent(date Date) bool { return date >= DateOf(r.At).AddDays(-massRemovalDays) }

// LacksAll reports whether a listing of an account that contains no row shows a mass removal. recent is the number of
// live rows of the account that it lacks and that are recent.
func LacksAll(recent int) bool { return recent >= massRemovalAll }

// Proves reports whether the listing proves that the row was removed. It does not consider mass removals; see Judge.
// If r.Proof is TwoReads, the row must be missing from the listings of two pulls, and both must have a ground, unless
// the row is withdrawn.
func (r AbsenceRead) Proves(a Absence) bool {
	return r.Proof == OneRead ||
		r.Proof == TwoReads && (a.Withdrawn || !a.ProvedBy.IsZero() && a.ProvedBy != r.Pull)
}
