package domain

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// maxNamed is the maximum number of rows that one pull requests by id. For more rows, reading
// everything is cheaper and just as correct.
const maxNamed = 10_000

// MaxScopeBytes is the maximum size of the scopes that are merged into one pull, as JSON. It bounds the
// memory that a pull needs: the sender of the webhooks determines how many ids they contain.
const MaxScopeBytes = 2 << 20

// LargeScope returns the scope for deliveries whose scopes together exceed MaxScopeBytes. It requests everything. That
// covers all parts of the scopes except (a) the announced removals and (b) the names of accounts. The pull therefore
// does not wait for an account that is not listed yet. The argument signal is the most recent signal of the deliveries.
func LargeScope(signal Signal) PullScope {
	return PullScope{Everything: true, MoreRemoved: true, Signal: signal}
}

// PullScope describes which data of an account reference to pull. An event, an operator or the
// reconcile task requests it. Scopes can be merged, so many deliveries become one pull. The
// zero PullScope reads the status of the account reference and its accounts, but no
// transactions.
type PullScope struct {
	// Everything requests all transactions that the vendor has.
	Everything bool `json:"everything,omitempty"`
	// Window requests the transactions whose value date is inside the window.
	Window *Window `json:"window,omitempty"`
	// Created maps accounts to times. From each account, it requests the rows that the vendor
	// first saw at or after that time.
	Created map[string]time.Time `json:"created,omitempty"`
	// Changed maps accounts to the external ids of the rows to read from them.
	Changed map[string][]string `json:"changed,omitempty"`
	// Accounts contains external ids of accounts, sorted. They come from the members Created and Changed of scopes that
	// were merged into a scope that requests everything.
	Accounts []string `json:"accounts,omitempty"`
	// Removed contains the external ids of rows that the vendor announced as removed.
	Removed []string `json:"removed,omitempty"`
	// MoreRemoved means that the deliveries of the pull announce removals that Removed does not contain,
	// because the scopes of the deliveries together exceed MaxScopeBytes.
	MoreRemoved bool `json:"moreRemoved,omitempty"`
	// Signal is the most recent report about the account reference as a whole, for example that the
	// account holder must sign in again.
	Signal Signal `json:"signal,omitempty"`
	// Consents contains what events have reported about the consent of the account holder, oldest first. It has at most
	// MaxConsentReports items.
	Consents []ConsentReport `json:"consents,omitempty"`
	// Announced are the numbers of rows that the vendor has announced, oldest first, at most MaxAnnounced.
	Announced []AnnouncedCount `json:"announced,omitempty"`
	// Unheard is the time of a synchronisation by the vendor after which the expected webhook did not arrive. It is set
	// if the pull was requested for this reason.
	Unheard time.Time `json:"unheard,omitzero"`
}

// Merge returns a scope that covers a and other. The scope other must have arrived after a. Merge changes neither of
// them.
func (a PullScope) Merge(other PullScope) PullScope { return MergeScopes([]PullScope{a, other}) }

// MergeScopes returns one scope that covers all of scopes, which must be in the order of arrival. The
// result is the same as merging the scopes one by one, but MergeScopes visits each id only once.
func MergeScopes(scopes []PullScope) PullScope {
	var all PullScope
	created, changed := map[string]time.Time{}, map[string][]string{}
	for _, a := range scopes {
		all.Everything = all.Everything || a.Everything
		all.MoreRemoved = all.MoreRemoved || a.MoreRemoved
		all.Window = spanOf(all.Window, a.Window)
		all.Accounts = append(all.Accounts, a.Accounts...)
		all.Removed = append(all.Removed, a.Removed...)
		all.Signal = cmp.Or(a.Signal, all.Signal)
		all.Consents = append(all.Consents, a.Consents...)
		all.Announced = mergeAnnounced(all.Announced, a.Announced)
		if a.Unheard.After(all.Unheard) {
			all.Unheard = a.Unheard
		}
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
	all.Consents = lastReports(all.Consents)
	all.Created, all.Changed, all.Removed = nilIfEmpty(created), nilIfEmpty(changed), sortedSet(all.Removed)
	return all.simplified()
}

// Replayed returns the scope of a delivery that is replayed after its pull has succeeded. That pull has applied the
// announced removals. If one of these rows is live now, the vendor has shown it again later. The result therefore
// requests everything instead of the removals: a row that the vendor no longer has is then found by its absence.
//
// That pull has also stored the reports about the consent. The result omits them, because newer ones may have followed.
func (a PullScope) Replayed() PullScope {
	a.Consents = nil
	if len(a.Removed) == 0 {
		return a
	}
	a.Removed = nil
	return a.Merge(PullScope{Everything: true})
}

// nilIfEmpty returns nil for an empty map and otherwise the map. Scopes are compared and
// stored with nil for an empty map.
func nilIfEmpty[V any](m map[string]V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

// AccountNames returns the sorted external ids of the accounts that the scope names.
func (a PullScope) AccountNames() []string {
	names := slices.Clone(a.Accounts)
	names = slices.AppendSeq(names, maps.Keys(a.Created))
	return sortedSet(slices.AppendSeq(names, maps.Keys(a.Changed)))
}

// NamesAny reports whether the scope names at least one of the accounts. The keys of accounts are external ids.
func (a PullScope) NamesAny(accounts map[string]time.Time) bool {
	return slices.ContainsFunc(a.AccountNames(), func(name string) bool {
		_, ok := accounts[name]
		return ok
	})
}

// simplified returns an equivalent, shorter scope. If a requests everything, only Everything, Signal,
// Consents, Announced, Unheard, the removals and the names of accounts remain. A scope that requests more than maxNamed
// rows by id becomes a request for everything.
func (a PullScope) simplified() PullScope {
	named := 0
	for _, ids := range a.Changed {
		named += len(ids)
	}
	if a.Everything || named > maxNamed {
		return PullScope{
			Everything: true, Accounts: a.AccountNames(), Removed: a.Removed, MoreRemoved: a.MoreRemoved,
			Signal: a.Signal, Consents: a.Consents, Announced: a.Announced, Unheard: a.Unheard,
		}
	}
	return a
}

// lastReports returns the last MaxConsentReports of the reports. Of equal reports, it keeps only the last one.
func lastReports(reports []ConsentReport) []ConsentReport {
	var kept []ConsentReport
	for _, r := range slices.Backward(reports) {
		if len(kept) < MaxConsentReports && !slices.Contains(kept, r) {
			kept = append(kept, r)
		}
	}
	slices.Reverse(kept)
	return kept
}

func spanOf(a, b *Window) *Window {
	if a == nil {
		return b
	}
	if b == nil {
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
