package domain

import (
	"cmp"
	"slices"
	"time"
)

// maxNamed is the maximum number of rows that one pull requests by id. For more rows, reading
// everything is cheaper and just as correct.
const maxNamed = 10_000

// PullScope says which data of an account reference to pull. An event, an operator or the
// reconcile task requests it. Scopes can be merged, so many deliveries become one pull. The
// zero PullScope reads the status of the account reference and its accounts, but no
// transactions.
type PullScope struct {
	// Everything requests all transactions that the vendor has.
	Everything bool `json:"everything,omitempty"`
	// Window requests the transactions whose value date is inside the window.
	Window *Window `json:"window,omitempty"`
	// Created maps accounts to times. It requests the rows of an account that the vendor
	// first saw at or after the account's time.
	Created map[string]time.Time `json:"created,omitempty"`
	// Changed maps accounts to the external ids of the rows to read from them.
	Changed map[string][]string `json:"changed,omitempty"`
	// Removed lists the external ids of rows that the vendor announced as removed.
	Removed []string `json:"removed,omitempty"`
	// Signal is the most recent signal about the account reference itself.
	Signal Signal `json:"signal,omitempty"`
}

// Merge returns a scope that covers both a and other, of which other arrived later. It
// changes neither of them.
func (a PullScope) Merge(other PullScope) PullScope { return MergeScopes([]PullScope{a, other}) }

// MergeScopes returns one scope that covers all of scopes, which are in the order of their
// arrival. The result equals that of merging one scope after the other, but MergeScopes
// visits each id only once, however many scopes there are.
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

// nilIfEmpty returns nil for an empty map and otherwise the map. Scopes are compared and
// stored with nil for an empty map.
func nilIfEmpty[V any](m map[string]V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

// simplified returns the scope reduced to Everything, Removed and Signal if it requests
// everything, because that covers all other parts. A scope that requests more than maxNamed
// rows by id is changed to request everything.
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
