package domain

import "time"

// Limits for a replacement in which the new row was stored before the old row was removed.
const (
	// MatchWindow is the maximum time between the LearnedAt times of the old row and the new row.
	MatchWindow = 14 * 24 * time.Hour
	// MatchDays is the maximum number of days between the dates of the old row and the new row. Rows of one purchase or
	// with one identifier may be dated that far apart: a purchase on a later bill, a bill that is paid before the day
	// for which it was scheduled. The limit does not apply if the new row is stored after the removal of the old row.
	MatchDays = 62
)

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

// ReplacementInput contains the rows of one connection among which package matching searches for replacements.
type ReplacementInput struct {
	Old []OldRow
	New []NewRow
	// Reads contains pulls in the order of their start. The first one is the pull that first saw the oldest row in New.
	// All later pulls follow. If New contains a row that is not stored yet, the last pull in Reads is still running.
	Reads []PullRead
	// Never contains pairs that must not be matched. A pair with an empty Old means that the new row must not replace
	// any row.
	Never map[MatchPair]bool
	// Complete means that the current pull has just read a complete listing. This listing contained no row in Old. It
	// contained every row in New that is not stored yet.
	Complete bool
	// ShownBefore reports whether the current pull has returned a row before its complete listing. It is nil if this is
	// not known. In that case, each row of the pull may have been returned before the listing.
	ShownBefore func(externalID string) bool
}

// MatchPair contains the external ids of an old row and a new row.
type MatchPair struct{ Old, New string }

// Match is a pair of rows that are the same movement.
type Match struct {
	MatchPair
	Rule MatchRule
}
