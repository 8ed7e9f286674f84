package domain

import (
	"cmp"
	"slices"
	"time"
)

// maxNamed bounds the ids one pull reads by name; beyond it, reading everything is
// both cheaper and right.
const maxNamed = 10_000

// Ask is what an event, an operator or the safety net wants pulled. Asks merge, so
// that many deliveries become one pull. The zero Ask wants a look at the account
// reference and its accounts, and no transaction.
type PullScope struct {
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
func (a PullScope) Merge(other PullScope) PullScope { return MergeScopes([]PullScope{a, other}) }

// Fold gives what covers all asks, in the order they came: what merging one after the other
// gives, but each id is looked at once, however many asks there are.
func MergeScopes(asks []PullScope) PullScope {
	var all PullScope
	created, changed := map[string]time.Time{}, map[string][]string{}
	for _, a := range asks {
		all.Everything = all.Everything || a.Everything
		all.Window = spanOf(all.Window, a.Window)
		all.Removed = append(all.Removed, a.Removed...)
		all.Signal = cmp.Or(a.Signal, all.Signal)
		for account, at := range a.Created {
			if known, ok := created[account]; !ok || at.Before(known) {
				created[account] = at
			}
		}
		for account, ids := range a.Changed {
			changed[account] = append(changed[account], ids...)
		}
	}
	for account, ids := range changed {
		changed[account] = sortedSet(ids)
	}
	all.Created, all.Changed, all.Removed = orNone(created), orNone(changed), sortedSet(all.Removed)
	return all.simplified()
}

// orNone makes an empty map none, as asks are compared and written.
func orNone[V any](m map[string]V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

// simplified drops what reading everything covers.
func (a PullScope) simplified() PullScope {
	named := 0
	for _, ids := range a.Changed {
		named += len(ids)
	}
	if a.Everything || named > maxNamed {
		return PullScope{Everything: true, Removed: a.Removed, Signal: a.Signal}
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

func sortedSet(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}
