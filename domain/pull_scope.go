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

// LargeScope returns the scope for deliveries whose scopes together exceed MaxScopeBytes. The scope requests
// everything. The given signal must be the most recent signal in the deliveries. The scope contains no announced
// removals and no names of accounts. Without names, the pull does not wait for accounts that are not listed yet.
func LargeScope(signal Signal) PullScope {
	return PullScope{Everything: true, MoreRemoved: true, Signal: signal}
}

// ChangesSums reports whether the sum of an account's records may change without a complete read: the pull applies
// announced removals, or an operator has decided about records.
func (a PullScope) ChangesSums() bool {
	return a.Balances || a.MoreRemoved || len(a.Removed)+len(a.Doubted) > 0
}

// AsksForRead reports whether the scope says that a read will find something new: the vendor has new data, or can read
// the institution again, or has a problem that is not known. Announced removals are applied without a read.
func (a PullScope) AsksForRead() bool {
	return a.Everything || a.News || a.Window != nil || len(a.Created)+len(a.Changed) > 0 ||
		a.Signal == SignalRecovered || a.Problem || a.Bills == BillsNow
}

// ReportsConnection reports whether the scope says something about the connection itself, which must be shown before
// the pull has read anything, or which only the status of the account reference tells.
func (a PullScope) ReportsConnection() bool {
	return a.Signal != "" || a.Problem || len(a.Consents) > 0
}

// PullScope describes which data of an account reference to pull. Scopes can be merged, so many deliveries become one
// pull. The zero PullScope reads the status of the account reference and its accounts, but no transactions.
type PullScope struct {
	// Everything requests all transactions that the vendor has.
	Everything bool `json:"everything,omitempty"`
	// News requests what the vendor has changed since the connection's stream position. If there is no such position,
	// or the vendor has no stream of changes, it requests all transactions.
	News bool `json:"news,omitempty"`
	// Window requests the transactions whose value date is inside the window.
	Window *Window `json:"window,omitempty"`
	// Created maps the external id of an account to a time. The pull reads the account's rows that the vendor first saw
	// at or after this time.
	Created map[string]time.Time `json:"created,omitempty"`
	// Changed maps accounts to the external ids of the rows to read from them.
	Changed map[string][]string `json:"changed,omitempty"`
	// Accounts contains the external ids of the accounts that a scope with Everything names, sorted. A scope without
	// Everything names its accounts in Created and Changed.
	Accounts []string `json:"accounts,omitempty"`
	// Removed contains the external ids of rows that the vendor announced as removed.
	Removed []string `json:"removed,omitempty"`
	// Doubted maps accounts to the external ids of rows that were announced as removed, but not through the
	// connection's own webhook. The pull reads these rows again, and removes those that the vendor no longer returns.
	// The key "" means an unknown account.
	Doubted map[string][]string `json:"doubted,omitempty"`
	// MoreRemoved means that Removed does not contain all announced removals. The scopes of the deliveries together
	// exceed MaxScopeBytes.
	MoreRemoved bool `json:"moreRemoved,omitempty"`
	// Signal is the most recent report about the account reference as a whole, for example that the
	// account holder must sign in again.
	Signal Signal `json:"signal,omitempty"`
	// Problem means that the vendor has reported a problem of the account reference that is not known. The status of
	// the account reference states what it is, so a pull that waits for its next attempt is tried at once.
	Problem bool `json:"problem,omitempty"`
	// Consents contains what events have reported about the consent of the account holder, oldest first. It has at most
	// MaxConsentReports items.
	Consents []ConsentReport `json:"consents,omitempty"`
	// Announced contains how many rows the vendor has announced: one count for each announcement, oldest first. It
	// has at most MaxAnnounced items.
	Announced []AnnouncedCount `json:"announced,omitempty"`
	// Bills tells when the pull reads the bills of cards. If it is "", a pull that reads everything reads them.
	Bills BillReading `json:"bills,omitempty"`
	// Balances requests readings of the accounts' balances, because the sums of their records have changed.
	Balances bool `json:"balances,omitempty"`
	// Unheard is set if the pull was requested because an expected webhook did not arrive. It is the time of the
	// vendor's synchronisation before the missing webhook.
	Unheard time.Time `json:"unheard,omitzero"`
}

// BillReading tells when a pull reads the bills of cards.
type BillReading string

// The values of a BillReading.
const (
	BillsNow   BillReading = "now"   // the pull reads the bills
	BillsDaily BillReading = "daily" // it reads them unless an earlier pull of the same day has
)

// billReading returns the part of the scope about bills as it applies alone.
func (a PullScope) billReading() BillReading {
	if a.Bills == "" && a.Everything {
		return BillsNow
	}
	return a.Bills
}

// Merge returns a scope that covers a and b. The scope b must have arrived after a. Merge changes neither of them.
func (a PullScope) Merge(b PullScope) PullScope { return MergeScopes([]PullScope{a, b}) }

// MergeScopes returns one scope that covers all of scopes, which must be in the order of arrival. The
// result is the same as merging the scopes one by one, but MergeScopes visits each id only once.
func MergeScopes(scopes []PullScope) PullScope {
	var all PullScope
	created, changed, doubted := map[string]time.Time{}, map[string][]string{}, map[string][]string{}
	for _, a := range scopes {
		if reading := a.billReading(); all.Bills == "" || reading == BillsNow {
			all.Bills = reading
		}
		all.Everything = all.Everything || a.Everything
		all.News = all.News || a.News
		all.MoreRemoved = all.MoreRemoved || a.MoreRemoved
		all.Balances = all.Balances || a.Balances
		all.Problem = all.Problem || a.Problem
		all.Window = spanOf(all.Window, a.Window)
		all.Accounts = append(all.Accounts, a.Accounts...)
		all.Removed = append(all.Removed, a.Removed...)
		all.Signal = cmp.Or(a.Signal, all.Signal)
		all.Consents = append(all.Consents, a.Consents...)
		all.Announced = MergeAnnounced(all.Announced, a.Announced)
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
		for account, ids := range a.Doubted {
			doubted[account] = append(doubted[account], ids...)
		}
	}
	for account, ids := range changed {
		changed[account] = sortedSet(ids)
	}
	for account, ids := range doubted {
		doubted[account] = sortedSet(ids)
	}
	all.Consents = lastReports(all.Consents)
	all.Created, all.Changed, all.Removed = nilIfEmpty(created), nilIfEmpty(changed), sortedSet(all.Removed)
	all.Doubted = nilIfEmpty(doubted)
	if all.Everything && all.Bills == BillsNow { // the scope has the same meaning without it
		all.Bills = ""
	}
	return all.simplified()
}

// Replayed returns the scope of a delivery that is replayed after its pull has succeeded. It differs from the original
// scope in two points:
//
//   - A request for everything replaces the announced removals, which were already applied. The pull finds out whether
//     the vendor still has the rows.
//   - The reports about the account reference and its consent are left out. They are stored already, and newer ones
//     may have followed.
func (a PullScope) Replayed() PullScope {
	a.Signal, a.Problem, a.Consents = "", false, nil
	if len(a.Removed) == 0 {
		return a
	}
	a.Removed = nil
	return a.Merge(PullScope{Everything: true})
}

// Unproved returns the scope of an event that did not come through the connection's own webhook. Its announced removals
// become doubted: the pull reads the rows before it removes them. removedIn is the account of these rows. If it is "",
// the pull reads everything, because a vendor returns rows by id only for an account.
func (a PullScope) Unproved(removedIn string) PullScope {
	if len(a.Removed) == 0 {
		return a
	}
	doubted := map[string][]string{removedIn: a.Removed}
	reading := PullScope{Doubted: doubted, Everything: removedIn == ""}
	if !reading.Everything {
		reading.Changed = doubted
	}
	a.Removed = nil
	return a.Merge(reading)
}

// nilIfEmpty returns the map, or nil if the map is empty. Every empty map in a scope is nil, so that equal scopes have
// the same stored form and compare as equal.
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

// simplified returns an equivalent, shorter scope. A scope that requests more than maxNamed rows by id becomes a
// request for everything. In a request for everything, News, Window, Created and Changed are cleared. The accounts that
// Created and Changed name are kept in Accounts.
func (a PullScope) simplified() PullScope {
	named := 0
	for _, ids := range a.Changed {
		named += len(ids)
	}
	if a.Everything || named > maxNamed {
		return PullScope{
			Everything: true, Accounts: a.AccountNames(), Removed: a.Removed, Doubted: a.Doubted,
			MoreRemoved: a.MoreRemoved, Signal: a.Signal, Consents: a.Consents, Announced: a.Announced,
			Unheard: a.Unheard, Balances: a.Balances, Problem: a.Problem, Bills: a.Bills,
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
