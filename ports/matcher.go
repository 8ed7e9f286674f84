package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/matcher"
)

// MatcherMark names a record whose entry is to be compared with the record.
type MatcherMark struct {
	Record     domain.TransactionID
	Connection domain.ConnectionID
}

// MatcherSource names the source of an account in Matcher.
type MatcherSource struct {
	Account domain.AccountID
	Target  matcher.Target
}

// MatcherEntries stores what subscriptions have sent to Matcher: an entry for each subscription and record. The entries
// of a subscription are deleted with it. An erasure deletes the entries of the erased connection.
//
// The methods with a lease fail with LeaseLost (Conflict) in the same cases as those of EventQueue.
type MatcherEntries interface {
	// Mark makes the entries of the records due at the given time, unless they are due before. It creates entries
	// (matcher.NewEntry) for records that have none. It increments Entry.Marks, and sets Entry.Connection. No record
	// may occur twice.
	Mark(ctx context.Context, l SubscriptionLease, marks []MatcherMark, at time.Time) error
	// MarkUnsent is like Mark, but only for records that have no entry, or an entry in the states None or Ignored.
	MarkUnsent(ctx context.Context, l SubscriptionLease, marks []MatcherMark, at time.Time) error
	// MarkStrays makes all imported entries due whose Account and Target are not one of the sources, as Mark does.
	MarkStrays(ctx context.Context, l SubscriptionLease, sources []MatcherSource, at time.Time) error
	// Scanned returns the last argument of SetScanned; 0 before the first call.
	Scanned(ctx context.Context, l SubscriptionLease) (revision int64, err error)
	// SetScanned stores the revision of the subscription whose sources were compared with the entries.
	SetScanned(ctx context.Context, l SubscriptionLease, revision int64) error
	// Due returns at most limit entries with DueAt <= now, ordered by DueAt and then by Record.
	Due(ctx context.Context, l SubscriptionLease, now time.Time, limit int) ([]matcher.Entry, error)
	// NextDue returns the earliest DueAt of the entries, or the zero time if none is due.
	NextDue(ctx context.Context, l SubscriptionLease) (time.Time, error)
	// Save replaces entries that Due has returned, in one atomic change. No entry may occur twice.
	//
	//   - An entry that was deleted since stays deleted.
	//   - An entry that was marked since (its Marks are higher) keeps the stored DueAt, Marks and Connection.
	//   - An empty entry (Entry.IsEmpty) that was not marked since is deleted.
	//   - For each entry with Announce, an event matcher.conflict of the tenant is stored. Its subject is that of
	//     events.ConflictSubject.
	Save(ctx context.Context, l SubscriptionLease, entries []matcher.Entry, at time.Time) error
	// Taken returns those of the given texts that are the ExternalID of an entry of the subscription with the same
	// Target.Source, with the records of these entries. If several entries have the same ExternalID, it returns any of
	// their records.
	Taken(ctx context.Context, l SubscriptionLease, source string, externalIDs []string) (
		map[string]domain.TransactionID, error)
	// SharedAccounts returns the live accounts that an older live connection of the same vendor also has: an account
	// with the same external id or the same key. A connection is older than one that was created later, and of two that
	// were created at the same time, the one with the lower id is older.
	SharedAccounts(ctx context.Context, tenant domain.TenantID) (map[domain.AccountID]bool, error)
	// Conflicts returns the entries of a subscription with a conflict, newest first. A position in the list consists of
	// Conflict.Since, formatted by domain.TimeKey, and the id of the record.
	Conflicts(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
		page domain.PageRequest) (domain.Page[matcher.Entry], error)
	// RetryConflict makes the entry of a record due at the given time. Errors: NotFound if the subscription has no
	// entry of the record with a conflict.
	RetryConflict(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
		record domain.TransactionID, at time.Time, entries AuditEntries) error
}
