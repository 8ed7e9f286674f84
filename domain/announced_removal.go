package domain

import "time"

// AnnouncedState is the state of a removal that the vendor has announced.
type AnnouncedState string

// The states of an announced removal.
const (
	AnnouncedWaiting AnnouncedState = "waiting" // stored, but not judged yet
	AnnouncedApplied AnnouncedState = "applied" // the row was removed
	AnnouncedHeld    AnnouncedState = "held"    // part of a mass removal; see AnnouncedSum.IsMass
	AnnouncedVoid    AnnouncedState = "void"    // a complete, settled listing has shown the row
)

// AnnouncedRemoval is an announcement of the vendor that it has removed a stored row.
type AnnouncedRemoval struct {
	At    time.Time
	Pull  PullID         // the pull that has stored the state
	State AnnouncedState // "" if no removal was announced
}

// NoHeldRemovals returns the error for an account without removals that are held back.
func NoHeldRemovals() error { return &Error{Kind: Conflict, Code: HeldNone} }

// AnnouncementWindow is the time within which announced removals of one account are judged together.
const AnnouncementWindow = time.Hour

// AnnouncementRetention is how long announced removals that are not held back are kept. It is longer than
// AnnouncementWindow, so that a retried pull does not judge a void announcement again.
const AnnouncementRetention = 24 * time.Hour

// AnnouncedSum counts the removals of an account that were announced within AnnouncementWindow. Void ones count, too: a
// vendor that announces removals by mistake announces others.
type AnnouncedSum struct {
	Count int
	Dates Window // from the date of the oldest of their rows to that of the newest
}

// With returns the sum with another removal. date is the date of its row.
func (s AnnouncedSum) With(date Date) AnnouncedSum {
	if s.Count == 0 {
		s.Dates = Window{From: date, To: date}
	}
	s.Count++
	s.Dates.From, s.Dates.To = min(s.Dates.From, date), max(s.Dates.To, date)
	return s
}

// IsMass reports whether the announcements are a mass removal: they concern at least massRemovalRows rows, and more
// than half of the rows that are dated within their Dates. live is the number of live rows dated within Dates, and
// removed the number of announced rows that are no longer live.
func (s AnnouncedSum) IsMass(live, removed int) bool {
	return s.MayBeMass() && 2*s.Count > live+removed
}

// MayBeMass reports whether IsMass can be true for some number of live rows.
func (s AnnouncedSum) MayBeMass() bool { return s.Count >= massRemovalRows }
