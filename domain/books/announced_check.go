package books

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Counted compares an announced count (Expected) with the number of rows that were read (Actual).
type Counted struct {
	Expected int       `json:"expected"`
	Actual   int       `json:"actual"`
	At       time.Time `json:"at"`
}

// Announce returns the state with additional announced counts. It ignores the counts for an account other than
// externalID. Later calls of Count compare the announced counts with the number of rows that were read.
func (c Completeness) Announce(externalID string, counts []domain.AnnouncedCount) Completeness {
	counts = slices.DeleteFunc(slices.Clone(counts), func(a domain.AnnouncedCount) bool {
		return a.Account != "" && a.Account != externalID
	})
	c.Announced = domain.MergeAnnounced(c.Announced, counts)
	return c
}

// Count compares each announced count in c.Announced with the number of rows that were read, and returns the new
// state. endedAt is when the latest pull ended. rowCounts[i] is the number of rows for c.Announced[i], including rows
// that were removed later.
//
// An announced count is dropped when enough rows were read for it. Until then, CheckAnnouncedCount fails (see
// Completeness.CountDrift).
func (c Completeness) Count(endedAt time.Time, rowCounts []int) Completeness {
	if len(c.Announced) == 0 {
		return c
	}
	var short []domain.AnnouncedCount
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
