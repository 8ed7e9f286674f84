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

// Limits for a replacement whose new row was stored before its old row was removed.
const (
	// MatchWindow is the time within which the service must have learned of both rows of a replacement.
	MatchWindow = maxLearnedApart
	// MatchDays is the maximum number of days between the dates of a removed row and of a new row that was stored
	// before the removal. Rows with the same institution key that are further apart are matched only if the new row
	// came later.
	MatchDays = 40
)

// Superseded is a former row of a transaction at the vendor. A newer row has replaced it.
type Superseded struct {
	ExternalID string    `json:"externalId"`
	At         time.Time `json:"at"` // when the next row replaced it
	Rule       MatchRule `json:"rule"`
	// Version is the last version in which the transaction had this row.
	Version int `json:"version"`
	// Younger is the transaction to which the next row belonged before the replacement; zero if that row was not
	// stored.
	Younger TransactionID `json:"younger,omitzero"`
}

// WithoutPast looks up the past row with this external id in Supersedes. It returns the other past rows as rest, and
// the row itself as past.
func (t Transaction) WithoutPast(externalID string) (rest []Superseded, past Superseded, found bool) {
	for _, s := range t.Supersedes {
		if s.ExternalID == externalID {
			past, found = s, true
			continue
		}
		rest = append(rest, s)
	}
	return rest, past, found
}

// NothingToSplit returns the error for a transaction that has replaced no row.
func NothingToSplit() error {
	return &Error{Kind: Conflict, Code: NothingToUndo, Message: "the transaction has replaced no other row"}
}

// LastPast returns the row that is restored if the last replacement is undone (a split). Errors: Conflict
// (nothing_to_undo) if the transaction has replaced no row, or is superseded.
func (t Transaction) LastPast() (Superseded, error) {
	if len(t.Supersedes) == 0 || !t.SupersededBy.IsZero() {
		return Superseded{}, NothingToSplit()
	}
	return t.Supersedes[len(t.Supersedes)-1], nil
}

// LeftRow is a stored transaction whose row left: the row is removed, or about to be marked as removed.
type LeftRow struct {
	Transaction
	LeftAt time.Time // when the service learned of the removal
	// AbsentSince is the first pull that is known to have read the list after the row was gone; zero if only LeftAt is
	// known.
	AbsentSince PullID
}

// CameRow is a row that came (a new row). Account is zero if the vendor's row has no account. Transaction.ID is zero if
// the row is not stored yet.
type CameRow struct {
	Transaction
	FirstPull PullID    // the pull that stored the row first; zero for a row that is not stored yet
	CameAt    time.Time // when the service first saw the row
}

// PullRead describes which rows a pull has read.
type PullRead struct {
	ID        PullID
	StartedAt time.Time
	Progress  Progress
}

// ReplacementInput contains the rows of one connection in which FindReplacements searches for replacements.
type ReplacementInput struct {
	Left []LeftRow
	Came []CameRow
	// Reads are the pulls that have started since the first row of Came was stored, in the order of their start.
	// The last one is the present pull if a row of Came is not stored yet.
	Reads []PullRead
	// Never contains pairs that must not be matched. A pair with an empty Left means that its row Came must not replace
	// any row.
	Never map[MatchPair]bool
	Keys  func(TransactionData) InstitutionKeys
	// Complete means that the present pull has just read a complete list, which contains the rows that are not stored
	// yet and none of the rows of Left.
	Complete bool
}

// FindReplacements returns the replacements among the rows, at most MaxReplacements. Two rows are never matched if the
// same pull has shown both of them, or may have shown both. The reads of the k-th pull have the number 2k-1. A complete
// list that ends the present pull's read has the number 2k.
func FindReplacements(in ReplacementInput) []Match {
	if len(in.Left) == 0 || len(in.Came) == 0 || len(in.Left) > MaxMatchRows || len(in.Came) > MaxMatchRows {
		return nil
	}
	match := MatchInput{Never: in.Never}
	for i := range in.Left {
		left := &in.Left[i]
		row := NewMatchRow(left.TransactionData, left.AccountID, in.Keys(left.TransactionData))
		row.LastRead, row.LearnedAt = in.lastRead(left), left.LeftAt
		match.Left = append(match.Left, row)
	}
	for i := range in.Came {
		came := &in.Came[i]
		if in.Never[MatchPair{Came: came.ExternalID}] {
			continue
		}
		row := NewMatchRow(came.TransactionData, came.AccountID, in.Keys(came.TransactionData))
		row.LearnedAt = came.CameAt
		switch n := in.number(came.FirstPull); {
		case n > 0:
			row.FirstRead = 2*n - 1
		case came.FirstPull.IsZero() && in.Complete:
			row.FirstRead = 2 * uint64(len(in.Reads))
		case came.FirstPull.IsZero():
			row.FirstRead = 2*uint64(len(in.Reads)) - 1
		default: // the pull is not known
			continue
		}
		match.Came = append(match.Came, row)
	}
	matches := MatchRows(match)
	return matches[:min(len(matches), MaxReplacements)]
}

// number returns the number of the pull, counted from 1; 0 if Reads does not contain it.
func (in ReplacementInput) number(pull PullID) uint64 {
	return uint64(slices.IndexFunc(in.Reads, func(r PullRead) bool { return r.ID == pull }) + 1)
}

// lastRead returns the number of the last read that may have shown the row; 0 if no pull of Reads has shown it. If a
// pull found that its list lacks the row, that list has not shown the row, and neither have later pulls. An earlier
// list of the same pull may have shown it.
func (in ReplacementInput) lastRead(left *LeftRow) uint64 {
	end := in.number(left.AbsentSince)
	if end > 0 && !in.Reads[end-1].Progress.Reread {
		end--
	}
	if in.number(left.AbsentSince) == 0 { // the pull is older than Reads, or not known
		for end < uint64(len(in.Reads)) && !in.Reads[end].StartedAt.After(left.LeftAt) {
			end++
		}
	}
	for n := uint64(len(in.Reads)); n > 0; n-- {
		read := in.Reads[n-1]
		wrote := read.ID == left.Pull && left.RemovedAt.IsZero()
		if wrote || slices.Contains(read.Progress.Shown, left.ExternalID) ||
			n <= end && read.Progress.MayHaveShown(left.TransactionData) {
			return 2*n - 1
		}
	}
	return 0
}

// MayHaveShown reports whether a pull with this progress would have read the row, if the vendor had it. It does not
// consider the rows in Shown.
func (p Progress) MayHaveShown(row TransactionData) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		listed := len(s.IDs) == 0 && s.CreatedFrom.IsZero() || p.ShownMore
		return listed && (s.Account == "" || s.Account == row.Account) && s.Window.Contains(row.Date)
	})
}

// maxShown is the maximum number of external ids in Progress.Shown.
const maxShown = 500

// WithShown returns the progress after a step without a complete list has shown the rows with these external ids.
func (p Progress) WithShown(externalIDs []string) Progress {
	if p.ShownMore = p.ShownMore || len(p.Shown)+len(externalIDs) > maxShown; p.ShownMore {
		p.Shown = nil
		return p
	}
	p.Shown = slices.Concat(p.Shown, externalIDs)
	return p
}
