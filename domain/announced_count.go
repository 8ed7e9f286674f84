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

// mergeAnnounced returns the counts in a, followed by the counts in b that are new. It keeps only one of several equal
// counts, and at most the last MaxAnnounced counts.
func mergeAnnounced(a, b []AnnouncedCount) []AnnouncedCount {
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

// Counted compares an announced count (Expected) with the number of rows that were read (Actual).
type Counted struct {
	Expected int       `json:"expected"`
	Actual   int       `json:"actual"`
	At       time.Time `json:"at"`
}

// Announce returns the state with additional announced counts. Announce ignores counts for accounts other than
// externalID. Later calls of Count compare the announced counts with the rows that were read.
func (c Completeness) Announce(externalID string, counts []AnnouncedCount) Completeness {
	counts = slices.DeleteFunc(slices.Clone(counts), func(a AnnouncedCount) bool {
		return a.Account != "" && a.Account != externalID
	})
	c.Announced = mergeAnnounced(c.Announced, counts)
	return c
}

// Count compares each announced count in c.Announced with the number of rows that were read, and returns the new state.
// It is called after a pull that ended at the time endedAt. The number of rows for c.Announced[i] is rowCounts[i]. It
// includes rows that were removed later.
//
// If enough rows were read for an announced count, this count is dropped. If not, CheckAnnouncedCount fails until
// enough rows are read (see Completeness.CountDrift).
func (c Completeness) Count(endedAt time.Time, rowCounts []int) Completeness {
	if len(c.Announced) == 0 {
		return c
	}
	var short []AnnouncedCount
	var reached, missed *Counted
	for i, a := range c.Announced {
		result := &Counted{Expected: a.Count, Actual: rowCounts[i], At: endedAt}
		if rowCounts[i] >= a.Count {
			reached = result
			continue
		}
		if short = append(short, a); missed == nil {
			missed = result
		}
	}
	drifting := c.DriftSince()
	c.Announced, c.Counted = short, reached
	if missed != nil {
		c.Counted, c.CountMissed = missed, true
	}
	c.CountDrift = driftSince(c.CountDrift, missed != nil, endedAt)
	return c.endDrift(drifting, endedAt)
}

// announcedSkew bounds the difference between the clocks of the service and of the vendor.
const announcedSkew = 5 * time.Minute

// EarliestArrival returns the earliest time at which the service can have read the first announced row. It returns the
// zero time if a.From is zero.
func (a AnnouncedCount) EarliestArrival() time.Time {
	if a.From.IsZero() {
		return a.From
	}
	return a.From.Add(-announcedSkew)
}

// Rows returns how many of the announced rows belong to the transaction. A transaction has a current row, and former
// rows that were replaced (Transaction.Supersedes). Rows counts the rows that arrived at or after EarliestArrival.
//
// The current row is not counted in two cases:
//   - The vendor created the row before a.From. The argument createdAt is the time of creation; zero if it is not
//     known.
//   - The row now belongs to another transaction (Transaction.SupersededBy), and is counted there.
//
// The creation time of a former row is not known. Some of the counted former rows may be older than a.From.
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
