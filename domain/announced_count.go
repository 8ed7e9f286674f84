package domain

import (
	"slices"
	"time"
)

// AnnouncedCount is the number of rows that the vendor has announced.
type AnnouncedCount struct {
	Account string `json:"account,omitempty"` // external id; "" means all accounts of the account reference
	// From is the time at which the vendor created the first of the announced rows. If From is zero, Count is the
	// number of all rows of the vendor.
	From  time.Time `json:"from,omitzero"`
	Count int       `json:"count"`
}

// Limits of announced counts.
const (
	// MaxAnnounced is the maximum number of AnnouncedCount values in the scope of a pull. The same maximum applies to
	// the values that are stored for an account. If there are more values, the oldest ones are dropped.
	MaxAnnounced = 100
	// MaxAnnouncedRows is the largest valid count. Larger counts are invalid, because the sender of a webhook can send
	// any number.
	MaxAnnouncedRows = 10_000_000
)

// Valid reports whether the count can be used.
func (a AnnouncedCount) Valid() bool { return a.Count > 0 && a.Count <= MaxAnnouncedRows }

// MergeAnnounced returns the counts in a, followed by the counts in b that are new. It keeps only one of several equal
// counts, and at most the last MaxAnnounced counts.
func MergeAnnounced(a, b []AnnouncedCount) []AnnouncedCount {
	if len(b) == 0 {
		return a
	}
	all := slices.Clone(a)
	for _, count := range b {
		if !slices.ContainsFunc(all, count.equal) {
			all = append(all, count)
		}
	}
	return all[max(len(all)-MaxAnnounced, 0):]
}

func (a AnnouncedCount) equal(b AnnouncedCount) bool {
	return a.Account == b.Account && a.Count == b.Count && a.From.Equal(b.From)
}

// announcedSkew bounds the difference between the clocks of the service and of the vendor.
const announcedSkew = 5 * time.Minute

// EarliestArrival returns the earliest time at which the service can have read one of the announced rows. It returns
// the zero time if a.From is zero.
func (a AnnouncedCount) EarliestArrival() time.Time {
	if a.From.IsZero() {
		return a.From
	}
	return a.From.Add(-announcedSkew)
}

// Rows returns how many of the announced rows belong to the transaction. A transaction has a current row, and may
// have former rows that the current row has replaced (Transaction.Supersedes). Rows counts the rows that the service
// read at or after EarliestArrival.
//
// The current row is not counted in two cases:
//   - The vendor created the row before a.From. createdAt is the time at which the vendor created it; zero if it is
//     not known.
//   - The row now belongs to another transaction (Transaction.SupersededBy), and is counted there.
//
// The vendor's creation times of former rows are not known, so some of the counted former rows may be older than
// a.From.
func (a AnnouncedCount) Rows(t Transaction, createdAt time.Time) int {
	arrivals := []time.Time{t.FirstSeenAt}
	for _, past := range t.Supersedes {
		arrivals = append(arrivals, past.At)
	}
	if last := len(arrivals) - 1; !t.SupersededBy.IsZero() {
		arrivals = arrivals[:last]
	} else if !createdAt.IsZero() && createdAt.Before(a.From) {
		arrivals = arrivals[:last]
	}
	rows := 0
	for _, at := range arrivals {
		if !at.Before(a.EarliestArrival()) {
			rows++
		}
	}
	return rows
}
