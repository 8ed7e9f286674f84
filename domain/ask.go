package domain

import (
	"maps"
	"slices"
	"time"
)

// maxNamed bounds the ids one pull reads by name; beyond it, reading everything is
// both cheaper and right.
const maxNamed = 10_000

// Ask is what an event, an operator or the safety net wants pulled. Asks merge, so
// that many deliveries become one pull. The zero Ask wants a look at the account
// reference and its accounts, and no transaction.
type Ask struct {
	// Everything reads all that the vendor keeps.
	Everything bool `json:"everything,omitempty"`
	// Window reads the value dates inside it.
	Window *Window `json:"window,omitempty"`
	// Created reads, by account, rows that the vendor first saw at or after a time.
	Created map[string]time.Time `json:"created,omitempty"`
	// Changed reads, by account, rows by their external ids.
	Changed map[string][]string `json:"changed,omitempty"`
	// Removed marks rows that the vendor said it deleted.
	Removed []string `json:"removed,omitempty"`
	// Signal is the last news of the account reference.
	Signal Signal `json:"signal,omitempty"`
}

// Merge gives what covers both asks; other is the later one. Neither is changed.
func (a Ask) Merge(other Ask) Ask {
	merged := Ask{
		Everything: a.Everything || other.Everything,
		Window:     spanOf(a.Window, other.Window),
		Created:    earliest(a.Created, other.Created),
		Changed:    union(a.Changed, other.Changed),
		Removed:    sortedSet(slices.Concat(a.Removed, other.Removed)),
		Signal:     other.Signal,
	}
	if merged.Signal == "" {
		merged.Signal = a.Signal
	}
	return merged.simplified()
}

// simplified drops what reading everything covers.
func (a Ask) simplified() Ask {
	named := 0
	for _, ids := range a.Changed {
		named += len(ids)
	}
	if a.Everything || named > maxNamed {
		return Ask{Everything: true, Removed: a.Removed, Signal: a.Signal}
	}
	return a
}

func spanOf(a, b *Window) *Window {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	span := a.Span(*b)
	return &span
}

func earliest(a, b map[string]time.Time) map[string]time.Time {
	if len(a) == 0 {
		return b
	}
	merged := maps.Clone(a)
	for account, at := range b {
		if known, ok := merged[account]; !ok || at.Before(known) {
			merged[account] = at
		}
	}
	return merged
}

func union(a, b map[string][]string) map[string][]string {
	if len(a) == 0 {
		return b
	}
	merged := maps.Clone(a)
	for account, ids := range b {
		merged[account] = sortedSet(slices.Concat(merged[account], ids))
	}
	return merged
}

func sortedSet(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}
