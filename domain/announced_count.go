package domain

import (
	"slices"
	"time"
)

// AnnouncedCount is the number of rows that the vendor has announced.
type AnnouncedCount struct {
	Account string `json:"account,omitempty"` // external id; "" means all accounts of the account reference
	// From is when the vendor created the first of the announced rows. If From is zero, the count includes all rows
	// that the vendor has.
	From  time.Time `json:"from,omitzero"`
	Count int       `json:"count"`
}

// Limits of announced counts.
const (
	// MaxAnnounced is the maximum number of counts in the scope of one pull, and the maximum number of counts that one
	// account has not reached yet. If there are more counts, the newest ones are kept.
	MaxAnnounced = 100
	// MaxAnnouncedRows is the largest count that is used. The limit is needed because the sender of a webhook decides
	// which count the webhook contains.
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

// Counted is the result of the comparison of an announced count with the rows that were read.
type Counted struct {
	Expected int       `json:"expected"`
	Actual   int       `json:"actual"`
	At       time.Time `json:"at"`
}

// Announce returns the state with additional announced counts. Later calls of Count compare them with the rows that
// were read. It ignores counts for accounts other than the one with the given external id.
func (c Completeness) Announce(externalID string, counts []AnnouncedCount) Completeness {
	counts = slices.DeleteFunc(slices.Clone(counts), func(a AnnouncedCount) bool {
		return a.Account != "" && a.Account != externalID
	})
	c.Announced = mergeAnnounced(c.Announced, counts)
	return c
}

// Count compares the announced counts with the rows that were read. It is called after a settled pull that ended at the
// given time, and returns the new state. The argument read has one item for each count in Announced: the number of its
// rows that were ever read, including rows that were removed since. A count that is reached is no longer compared. If
// fewer rows were read, the account drifts until a later pull reaches the count.
func (c Completeness) Count(at time.Time, read []int) Completeness {
	if len(c.Announced) == 0 {
		return c
	}
	var short []AnnouncedCount
	var reached, missed *Counted
	for i, a := range c.Announced {
		result := &Counted{Expected: a.Count, Actual: read[i], At: at}
		if read[i] >= a.Count {
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
	c.CountDrift = driftSince(c.CountDrift, missed != nil, at)
	return c.endDrift(drifting, at)
}

// announcedSkew bounds the difference between the clocks of the service and of the vendor.
const announcedSkew = 5 * time.Minute

// EarliestArrival returns the earliest time at which the service can have seen one of the announced rows for the first
// time.
func (a AnnouncedCount) EarliestArrival() time.Time {
	if a.From.IsZero() {
		return a.From
	}
	return a.From.Add(-announcedSkew)
}

// Rows returns how many of the announced rows belong to the transaction: its present row, and earlier rows that it had.
// created is when the vendor created the present row; zero if that is not known. For the earlier rows, only the time of
// their arrival is known, so some of the counted rows may have been created before From. The row of a superseded
// transaction counts for the transaction that continues it.
func (a AnnouncedCount) Rows(t Transaction, created time.Time) int {
	arrivals := []time.Time{t.FirstSeenAt}
	for _, past := range t.Supersedes {
		arrivals = append(arrivals, past.At)
	}
	if last := len(arrivals) - 1; !t.SupersededBy.IsZero() {
		arrivals = arrivals[:last]
	} else if !created.IsZero() && created.Before(a.From) {
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
