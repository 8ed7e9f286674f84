package domain

import (
	"cmp"
	"slices"
	"time"
)

// maxNamed bounds the ids that one pull reads by name. Above it, reading everything is
// cheaper and just as correct.
const maxNamed = 10_000

// PullScope is the part of an account reference that an event, an operator or the
// reconcile task wants pulled. Scopes merge, so many deliveries become one pull. The
// zero PullScope reads the status of the account reference and its accounts, but no
// transaction.
type PullScope struct {
	// Everything requests all that the vendor keeps.
	Everything bool `json:"everything,omitempty"`
	// Window requests the transactions with a value date inside it.
	Window *Window `json:"window,omitempty"`
	// Created requests, by account, the rows that the vendor first saw at or after a time.
	Created map[string]time.Time `json:"created,omitempty"`
	// Changed requests, by account, rows by their external ids.
	Changed map[string][]string `json:"changed,omitempty"`
	// Removed lists the external ids of rows that the vendor announced as deleted.
	Removed []string `json:"removed,omitempty"`
	// Signal is the latest news about the account reference itself.
	Signal Signal `json:"signal,omitempty"`
}

// Merge returns a scope that covers a and other; other is the later one. Neither is
// changed.
func (a PullScope) Merge(other PullScope) PullScope { return MergeScopes([]PullScope{a, other}) }

// MergeScopes returns a scope that covers all scopes, in the order in which they arrived.
// The result equals merging them one after the other, but each id is visited only once,
// however many scopes there are.
func MergeScopes(scopes []PullScope) PullScope {
	var all PullScope
	created, changed := map[string]time.Time{}, map[string][]string{}
	for _, a := range scopes {
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
	all.Created, all.Changed, all.Removed = nilIfEmpty(created), nilIfEmpty(changed), sortedSet(all.Removed)
	return all.simplified()
}

// nilIfEmpty returns nil for an empty map, the form in which scopes are compared and
// stored.
func nilIfEmpty[V any](m map[string]V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

// simplified returns the scope without the parts that reading everything already covers.
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
