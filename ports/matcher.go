package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
)

// MatcherMark names a record that is to be compared with its entry in MatcherEntries. The entry states what was last
// sent to Matcher.
type MatcherMark struct {
	Record     domain.TransactionID
	Connection domain.ConnectionID
}

// MatcherSource names the source of an account in Matcher.
type MatcherSource struct {
	Account domain.AccountID
	Target  lerianmatcher.Target
}

// MatcherState is the state of the worker of a subscription.
type MatcherState struct {
	ScannedSources int64     // a hash of the sources that were compared with the entries; 0 if none were
	FailingSince   time.Time // when the calls to Matcher began to fail; zero if they do not fail
}

// UnmappedAccount is an account whose records a subscription does not send to Matcher.
type UnmappedAccount struct {
	Account                      domain.AccountID
	Connection                   domain.ConnectionID
	Type, Name, Number, Currency string // as in domain.Account
	Shared                       bool   // the account is sent through another connection
}

// MatcherEntries stores what subscriptions have sent to Matcher: an entry for each subscription and record. The entries
// of a subscription are deleted with it. An erasure deletes the entries of the erased connection; see
// Erasures.EraseMatcherEntries.
//
// The methods with a lease fail with LeaseLost (Conflict) in the same cases as those of EventQueue.
type MatcherEntries interface {
	// Mark makes the entries of the records due at the given time, unless they are due earlier. It creates entries
	// (lerianmatcher.NewEntry) for records that have none. It increments Entry.Marks, and sets Entry.Connection. No
	// record may occur twice.
	Mark(ctx context.Context, l SubscriptionLease, marks []MatcherMark, at time.Time) error
	// MarkUnsent is like Mark, but only for records that have no entry, or an entry that has a conflict or the state
	// None or Ignored.
	MarkUnsent(ctx context.Context, l SubscriptionLease, marks []MatcherMark, at time.Time) error
	// MarkUnmapped marks, like Mark, all imported entries whose Account and Target are not one of the sources.
	MarkUnmapped(ctx context.Context, l SubscriptionLease, sources []MatcherSource, at time.Time) error
	// State returns the last argument of SetState; the zero value before the first call.
	State(ctx context.Context, l SubscriptionLease) (MatcherState, error)
	// SetState stores the state of the worker of the subscription.
	SetState(ctx context.Context, l SubscriptionLease, s MatcherState) error
	// Due returns at most limit entries with DueAt <= now, ordered by DueAt and then by Record. If there are none, next
	// is the earliest DueAt of the entries, or the zero time if no entry has one.
	Due(
		ctx context.Context,
		l SubscriptionLease,
		now time.Time,
		limit int,
	) (due []lerianmatcher.Entry, next time.Time, err error)
	// Save replaces entries that Due has returned, in one atomic change. No entry may occur twice.
	//
	//   - An entry that was deleted since stays deleted.
	//   - An entry that was marked since (its Marks are higher) keeps the stored DueAt, Marks and Connection.
	//   - An empty entry (Entry.IsEmpty) that was not marked since is deleted.
	//   - For each entry with Announce, an event matcher.conflict of the tenant is stored. Its subject is that of
	//     events.ConflictSubject.
	Save(ctx context.Context, l SubscriptionLease, entries []lerianmatcher.Entry, at time.Time) error
	// Taken reports which of the external ids are in use. It searches the entries of all subscriptions of the tenant
	// with this Target.Source, and returns the record of each entry whose ExternalID is one of externalIDs. If several
	// entries have the same ExternalID, it returns any of their records.
	Taken(ctx context.Context, l SubscriptionLease, source string, externalIDs []string) (
		map[string]domain.TransactionID, error)
	// SharedAccounts returns the accounts that are sent through another connection of the same tenant and vendor. Two
	// connections share an account if each has an account with the same external id or the same key. Removed accounts
	// are ignored.
	//
	//   - Of several live connections, the oldest one sends the account. Of two that were created at the same time, the
	//     one with the lower id is older.
	//   - A deleted connection does not send an account that a live connection has.
	SharedAccounts(ctx context.Context, tenant domain.TenantID) (map[domain.AccountID]bool, error)
	// Unmapped returns accounts of live connections, ordered by id. It returns an account that is not removed if mapped
	// does not contain it, or if it is shared (see SharedAccounts). A position in the list consists of the id, in both
	// members.
	Unmapped(ctx context.Context, tenant domain.TenantID, mapped []domain.AccountID, page domain.PageRequest) (
		domain.Page[UnmappedAccount], error)
	// Conflicts returns the entries of a subscription with a conflict, newest first. A position in the list consists of
	// Conflict.Since, formatted by domain.TimeKey, and the id of the record.
	Conflicts(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
		page domain.PageRequest) (domain.Page[lerianmatcher.Entry], error)
	// Conflict returns the entry of a record. Errors: NotFound if the subscription has no entry of the record with a
	// conflict.
	Conflict(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
		record domain.TransactionID) (lerianmatcher.Entry, error)
	// RetryConflict makes the entry of a record due at the given time. Errors: those of Conflict.
	RetryConflict(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
		record domain.TransactionID, at time.Time, entries AuditEntries) error
}
