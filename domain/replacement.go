package domain

import (
	"slices"
	"time"
)

// MaxMatchRows is the maximum number of removed rows, and the maximum number of new rows, that are compared in order to
// find replacements in a connection. If there are more removed rows, or more new rows, no row is matched.
const MaxMatchRows = 10_000

// MaxReplacements is the maximum number of replacements that one write stores.
const MaxReplacements = 1000

// Limits for a replacement in which the new row was stored before the old row was removed.
const (
	// MatchWindow is the maximum time between the LearnedAt times of the old row and the new row (see MatchRow).
	MatchWindow = maxLearnedApart
	// MatchDays is the maximum number of days between the dates of the old row and the new row. The limit does not
	// apply to rows with the same institution key if the new row was stored after the removal of the old row.
	MatchDays = 40
)

// Superseded is a former row of a transaction at the vendor. A newer row has replaced it.
type Superseded struct {
	ExternalID string    `json:"externalId"`
	At         time.Time `json:"at"` // when a newer row replaced this one
	Rule       MatchRule `json:"rule"`
	// Version is the last version of the transaction in which this row was still the current row.
	Version int `json:"version"`
	// Younger is the transaction to which the newer row belonged before the replacement. Younger is now superseded. It
	// is zero if the newer row was not stored before the replacement.
	Younger TransactionID `json:"younger,omitzero"`
}

// WithoutPast divides the former rows in Supersedes. The row with this external id is returned as pastRow, and all
// others as rest. If no former row has this external id, found is false.
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

// OldRow is a stored transaction whose row the vendor no longer returns. The row is removed, or about to be marked as
// removed.
type OldRow struct {
	Transaction
	LearnedAt time.Time // when the service learned of the removal
	// AbsentSince is the first pull with a listing that did not contain the row; zero if no such pull is known.
	AbsentSince PullID
}

// NewRow is a row that the vendor has recently added. AccountID is zero if the vendor's row has no account. ID is zero
// if the row is not stored yet.
type NewRow struct {
	Transaction
	FirstPull PullID    // the pull that first stored the row; zero if the row is not stored yet
	LearnedAt time.Time // when the service first saw the row
}

// PullRead describes which rows a pull has read.
type PullRead struct {
	ID        PullID
	StartedAt time.Time
	Progress  Progress
}

// ReplacementInput contains the rows of one connection in which FindReplacements searches for replacements.
type ReplacementInput struct {
	Old []OldRow
	New []NewRow
	// Reads contains pulls in the order of their start. The first one is the pull that first saw the oldest row in New.
	// All later pulls follow. If New contains a row that is not stored yet, the last pull in Reads is still running.
	Reads []PullRead
	// Never contains pairs that must not be matched. A pair with an empty Old means that the new row must not replace
	// any row.
	Never map[MatchPair]bool
	Keys  func(TransactionData) InstitutionKeys
	// Complete means that the current pull has just read a complete listing. This listing contained no row in Old. It
	// contained every row in New that is not stored yet.
	Complete bool
}

// FindReplacements returns at most MaxReplacements replacements among the rows. It does not match two rows if one
// listing contained both rows, or may have contained both.
//
// MatchRow.FirstRead and MatchRow.LastRead are numbers of listings. All listings of the k-th pull in Reads have the
// same number, 2k-1. Only a complete listing at the end of the last pull has a higher number, 2k.
func FindReplacements(in ReplacementInput) []Match {
	if len(in.Old) == 0 || len(in.New) == 0 || len(in.Old) > MaxMatchRows || len(in.New) > MaxMatchRows {
		return nil
	}
	match := MatchInput{Never: in.Never}
	for i := range in.Old {
		oldRow := &in.Old[i]
		row := NewMatchRow(oldRow.TransactionData, oldRow.AccountID, in.Keys(oldRow.TransactionData))
		row.LastRead, row.LearnedAt = in.lastRead(oldRow), oldRow.LearnedAt
		match.Old = append(match.Old, row)
	}
	for i := range in.New {
		newRow := &in.New[i]
		if in.Never[MatchPair{New: newRow.ExternalID}] {
			continue
		}
		row := NewMatchRow(newRow.TransactionData, newRow.AccountID, in.Keys(newRow.TransactionData))
		row.LearnedAt = newRow.LearnedAt
		switch n := in.number(newRow.FirstPull); {
		case n > 0:
			row.FirstRead = 2*n - 1
		case newRow.FirstPull.IsZero() && in.Complete:
			row.FirstRead = 2 * uint64(len(in.Reads))
		case newRow.FirstPull.IsZero():
			row.FirstRead = 2*uint64(len(in.Reads)) - 1
		default: // the pull is not known
			continue
		}
		match.New = append(match.New, row)
	}
	matches := MatchRows(match)
	return matches[:min(len(matches), MaxReplacements)]
}

// number returns the position of the pull in Reads, counted from 1; 0 if Reads does not contain the pull.
func (in ReplacementInput) number(pull PullID) uint64 {
	return uint64(slices.IndexFunc(in.Reads, func(r PullRead) bool { return r.ID == pull }) + 1)
}

// lastRead returns MatchRow.LastRead for the old row. It is the listing number (see FindReplacements) of the last pull
// that returned the row or may have returned it. It is 0 if Reads contains no such pull.
//
// A pull may have returned the row if its steps cover the row, and the pull began early enough:
//
//   - If Reads contains the pull AbsentSince, all earlier pulls began early enough. The pull AbsentSince is included if
//     it read a list more than once.
//   - If Reads does not contain this pull, all pulls that began at or before oldRow.LearnedAt are early enough.
func (in ReplacementInput) lastRead(oldRow *OldRow) uint64 {
	end := in.number(oldRow.AbsentSince)
	if end > 0 && !in.Reads[end-1].Progress.Reread {
		end--
	}
	if in.number(oldRow.AbsentSince) == 0 { // AbsentSince is zero, or older than all pulls in Reads
		for end < uint64(len(in.Reads)) && !in.Reads[end].StartedAt.After(oldRow.LearnedAt) {
			end++
		}
	}
	for n := uint64(len(in.Reads)); n > 0; n-- {
		read := in.Reads[n-1]
		wrote := read.ID == oldRow.Pull && oldRow.RemovedAt.IsZero()
		if wrote || slices.Contains(read.Progress.Shown, oldRow.ExternalID) ||
			n <= end && read.Progress.MayHaveShown(oldRow.TransactionData) {
			return 2*n - 1
		}
	}
	return 0
}

// MayHaveShown reports whether the steps of the pull cover the row, so that the pull may have returned the row.
// MayHaveShown does not look up the row in Shown.
func (p Progress) MayHaveShown(row TransactionData) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		listed := len(s.IDs) == 0 && s.CreatedFrom.IsZero() || p.ShownMore
		return listed && (s.Account == "" || s.Account == row.Account) && s.Window.Contains(row.Date)
	})
}

// maxShown is the maximum number of external ids in Progress.Shown.
const maxShown = 500

// WithShown returns a copy of the progress. In the copy, Shown also contains the given external ids. The ids must
// belong to rows from steps that do not read a complete list. If there are too many ids, Shown is empty and ShownMore
// is set.
func (p Progress) WithShown(externalIDs []string) Progress {
	if p.ShownMore = p.ShownMore || len(p.Shown)+len(externalIDs) > maxShown; p.ShownMore {
		p.Shown = nil
		return p
	}
	p.Shown = slices.Concat(p.Shown, externalIDs)
	return p
}
