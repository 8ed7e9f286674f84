package ports

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// PullRequest is a request for a pull that does not come from a webhook.
type PullRequest struct {
	ID      domain.PullID // id of the new pull; ignored if a pull is already queued for the connection
	Scope   domain.PullScope
	Trigger domain.Trigger
	At      time.Time
	Trace   string // W3C traceparent; stored with the pull if this request creates one
}

// Claimed is a pull that was assigned to a worker, together with its connection.
type Claimed struct {
	Pull       domain.Pull
	Connection domain.Connection
	// Initial is set when no pull has succeeded yet for the connection's current target, or when the connection's
	// NewReference is set. Pulls that started before the target was set do not count.
	Initial bool
	// Empty is set when Initial is set and the store contains no transaction of the connection.
	Empty bool
	// Removed contains the sorted external ids of rows that the vendor has announced as removed. The announcements are
	// stored in the deliveries of the connection's queued pull. RemoveAnnounced may already have removed these rows. An
	// older page of the vendor may still contain them. This pull must not store them again. In the first attempt of a
	// pull, Removed is nil.
	Removed []string
	// RemovedAccounts contains the sorted external ids of the connection's accounts that are marked as removed. It is
	// set only if the scope of the pull names accounts.
	RemovedAccounts []string
	// Quarantine holds the keys of the connection's quarantined rows (rows that could not be normalised), in any order.
	Quarantine []domain.QuarantineKey
	// RecentlyRemoved is set in two cases. It is never set together with Empty.
	//
	//   - Rows of the connection were marked as removed within domain.MatchWindow.
	//   - A transaction of the connection has former external ids: its row was replaced.
	RecentlyRemoved bool
	// CarriedOver is set if the connection has carried-over rows. Such a row was read under an earlier account
	// reference, and the vendor has not yet returned it under the current one. CarriedOver is never set together with
	// Empty.
	CarriedOver bool
}

// Matching contains the rules by which a write recognises that a new row replaces a removed row. A nil *Matching means
// that no rows are matched.
type Matching struct {
	// Keys returns the keys that the institution has assigned to a row. It is a pure function.
	Keys func(domain.TransactionData) domain.InstitutionKeys
}

// PageWrite describes what PullExecution.StorePage writes for one page.
type PageWrite struct {
	Accounts []domain.AccountData
	// Listed is set if Accounts is the vendor's own list of accounts. If Listed is not set, Accounts was derived from
	// rows, and the vendor may no longer list these accounts.
	Listed       bool
	Transactions []domain.TransactionData
	// AssumeNew hints that none of Transactions is stored yet. The store may skip the
	// lookup, but must still handle rows that do exist.
	AssumeNew bool
	// Unchanged is the number of rows of the page that Transactions omits, because FilterUnchanged reported
	// them as unchanged. The store only adds it to the counts.
	Unchanged int
	// Removed contains the external ids of rows to mark as removed. Ids of unknown or removed rows are ignored. A row
	// in both Transactions and Removed is marked as removed, because the row may have been read before the vendor
	// announced the removal.
	Removed []string
	// Quarantined are rows to add to the quarantine. They replace quarantined rows with the same key.
	Quarantined []domain.UnreadableData
	// Released are the keys of rows that leave the quarantine. If a key is also in Quarantined, its row
	// stays.
	Released []domain.QuarantineKey
	// Matching decides whether a new row replaces a removed row; nil if no rows are matched. Even if Matching is nil, a
	// row with a former external id of a transaction belongs to this transaction.
	Matching *Matching
	// RecentlyRemoved is set if the page may contain one of these rows:
	//
	//   - a new row that replaces a removed row
	//   - a row with a former external id: a new row has already replaced it
	//
	// If RecentlyRemoved is not set, the store need not look for such rows.
	RecentlyRemoved bool
	// CarriedOver is set if the connection may have carried-over rows (see Claimed). A row of the page that is not
	// stored yet may then replace a carried-over row. If CarriedOver is not set, the store need not look for
	// carried-over rows.
	CarriedOver bool
	// Unmatched are the external ids of rows in Transactions that must never replace another row, in this write or in a
	// later one. Only a new row may replace another row, and it is not certain that these rows are new.
	Unmatched []string
	// AccountRef is the account reference under which the data was read. The store records the reference in each
	// account that it stores for the first time.
	AccountRef string
	// AccountKey returns a key that identifies the bank account of the given data; "" if the bank account is not known.
	// Two accounts with the same non-empty key are the same bank account. AccountKey is a pure function. If AccountKey
	// is nil, every key is "".
	AccountKey func(domain.AccountData) string
	// Staged describes how the rows are staged (stored, but invisible to readers before Publish). It is nil if the rows
	// become visible immediately.
	Staged *Staging
	// NewID generates ids for accounts and transactions that are stored for the first time.
	NewID      func() domain.TransactionID
	Progress   domain.Progress // the pull's progress after this page
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// Staging describes how PullExecution.StorePage stages the rows of a page. Staged rows are stored, but invisible to
// readers before Publish.
type Staging struct {
	Step int // number of the step to which the page belongs
	// Restart is set if no page of the step was written before. StorePage then first deletes the staged rows of this
	// step and of all later steps.
	Restart bool
}

// PublishedAccount is an account of a new account reference.
type PublishedAccount struct {
	Data   domain.AccountData
	Listed bool // see PageWrite
	// Continues is the id of the stored account that continues as Data: both are the same bank account. It is zero if
	// there is no such account.
	Continues domain.AccountID
}

// Publication describes the accounts of a new account reference. PullExecution.Publish stores these accounts, and
// publishes the staged rows of the connection: it makes them visible in one step.
type Publication struct {
	Target     string // the connection's target that was read; see domain.Connection
	AccountRef string
	Accounts   []PublishedAccount
	// Unreadable are the external ids of the listed accounts that cannot be read.
	Unreadable []string
	// Unproved is set if the listing may be incomplete, for example because the vendor was synchronising. A row or
	// account that is not listed may then still exist. Publish therefore marks nothing as removed. It publishes all
	// staged rows, and Published.Complete is true.
	Unproved   bool
	Matching   *Matching                       // nil if no rows are matched
	AccountKey func(domain.AccountData) string // see PageWrite
	NewID      func() domain.TransactionID
	Progress   domain.Progress
	At         time.Time
	LeaseUntil time.Time
}

// Published is the result of PullExecution.Publish.
type Published struct {
	Counts domain.Counts
	// Complete reports whether all staged rows were published.
	//
	// The successor of an account is the same bank account under the new reference. If an account was unreadable, it
	// may be the unknown successor of an earlier account. Complete is false if an earlier account has no successor for
	// this reason. The rows of the unreadable accounts then remain staged.
	Complete bool
}

// KeyOf returns the result of AccountKey for an account; "" if AccountKey is nil.
func (w PageWrite) KeyOf(account domain.AccountData) string {
	if w.AccountKey == nil {
		return ""
	}
	return w.AccountKey(account)
}

// SweepWrite describes a complete listing of a window of dates. PullExecution.Sweep compares the listing with the
// stored rows, to find the rows that the vendor has removed.
type SweepWrite struct {
	Account string // external id of the listed account; "" if all accounts were listed
	Window  domain.Window
	Seen    func(externalID string) bool // reports whether the listing contains the row with this external id
	Proof   domain.AbsenceProof          // OneRead or TwoReads: how many listings without a row prove its removal
	// CollectedFrom contains one time for each account: the earliest collection time of the listed rows. The keys are
	// the external ids of the accounts. CollectedFrom is set only if Proof is TwoReads and CollectedAt is not nil.
	CollectedFrom map[string]time.Time
	// CollectedAt returns when the vendor collected the row with this metadata; zero if the time is not known. The
	// field CollectedAt is nil if the vendor does not purge rows.
	CollectedAt func(metadata json.RawMessage) time.Time
	// Page contains the listed rows that StorePage has not stored yet. Sweep stores them in the same atomic change as
	// the removals. A removed row and the new row that replaces it thus become one change.
	//
	//   - Page.Progress is stored if it is not the zero value.
	//   - Page.Removed, Page.At and Page.LeaseUntil are ignored.
	Page       PageWrite
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// AccountSweepWrite describes a complete listing of the accounts.
type AccountSweepWrite struct {
	Listed     []string            // the external ids of all accounts that the vendor lists
	Proof      domain.AbsenceProof // OneRead or TwoReads: how many listings prove the removal
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// Outcome describes how an attempt of a pull ended.
type Outcome struct {
	State     domain.PullState // PullSucceeded, PullFailed, or PullQueued if the pull will be retried
	LastError domain.Code      // "" if the pull succeeded
	NotBefore time.Time        // the earliest time of the retry; only if State is PullQueued
	// Attempts is the pull's new attempt count and replaces the stored count. Claim has already counted the attempt.
	// The caller subtracts one if our own rate budget, a shutdown or a pause of the connection has ended the attempt.
	Attempts int
	// Health computes the connection's new health from the stored health. If the function is nil, the health does not
	// change.
	Health func(domain.Health) domain.Health
	// Consent computes the connection's new consent from the stored consent. If the function is nil, the consent does
	// not change.
	Consent func(domain.Consent) domain.Consent
	// Webhook computes the connection's new WebhookWatch from the stored one. If the function is nil, the WebhookWatch
	// does not change. heardSince reports whether a webhook about the connection was received at or after a time.
	Webhook func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch
	// Target is the connection's target (see domain.Connection) during the pull. It is "" if an account of the target
	// is not stored yet. If the connection still has this target, Finish clears the connection's NewReference.
	Target string
	// Settled is the result of a settled pull (see SettledRead); nil if the pull is not settled. If Settled is set,
	// Finish stores a reading of each account with an entry in Settled.Balances.
	Settled *SettledRead
	// Announced contains the numbers of rows that the vendor's webhooks have announced. Finish stores these numbers. If
	// Settled is set, Finish also compares all stored numbers with the stored rows.
	Announced []domain.AnnouncedCount
	At        time.Time
}

// SettledRead is the result of a settled pull. A pull is settled if all of this is true:
//
//   - The pull has read everything that the vendor has.
//   - The pull has succeeded.
//   - The vendor did not synchronise during the pull.
type SettledRead struct {
	// Balances contains the balances of the accounts that were read. The keys are the external ids of the accounts.
	Balances map[string]domain.VendorBalance
	// Quarantined is set if the quarantine of the connection is not empty.
	Quarantined bool
	// RunningBalance returns the account balance in the metadata of a record. The field RunningBalance is nil if the
	// vendor states no running balances.
	RunningBalance func(metadata json.RawMessage) domain.RunningBalance
	// CreatedAt returns when the vendor created the row with this metadata; zero if the metadata of this row lacks the
	// time. The field CreatedAt is nil if the vendor never states the time.
	CreatedAt func(metadata json.RawMessage) time.Time
}

// The maximum lengths of the results of FormerAccounts and RowsOfAccount.
const (
	MaxFormerAccounts = 1000
	MaxComparedRows   = 10_000
)

// PullFilter narrows a list of pulls. The zero value does not narrow the list.
type PullFilter struct {
	Connection domain.ConnectionID
	State      domain.PullState
}

// PullRequests queues pulls and reads them.
type PullRequests interface {
	// Request queues a pull and its job in one atomic change. If a pull of the connection is already queued and has not
	// started, Request merges the scope into that pull. Request returns the new or changed pull. Errors:
	//
	//   - NotFound if the connection is not a live aggregator connection of the tenant.
	//   - Conflict (connection_paused) if the connection is paused.
	Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r PullRequest) (domain.Pull, error)

	// Get returns one pull. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)

	// List returns pulls without their scopes and progress, newest first. A position in the list consists of CreatedAt,
	// formatted by domain.TimeKey, and the id.
	List(ctx context.Context, tenant domain.TenantID, filter PullFilter,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// PullExecution claims pulls for a worker and stores what the worker reads. Its methods
// are not limited to one tenant. The id of a lease is a fencing token: a write under a
// lease that was replaced by a newer lease fails with LeaseLost.
type PullExecution interface {
	// Claim assigns a pull to a worker. The pull's state becomes Running, and its attempt count increases by one. The
	// id of the lease fences later writes. A pull can be claimed if it is queued and due, or if it is running under an
	// expired lease.
	//
	// The first claim of a pull merges the scopes of its deliveries into its own scope. If these scopes together are
	// larger than domain.MaxScopeBytes, Claim merges domain.LargeScope instead.
	//
	// An earlier pull of the connection may be waiting only for accounts (domain.Pull.AwaitsAccount). The first claim
	// of a newer pull ends the waiting pull:
	//
	//   - The state of the waiting pull becomes Succeeded. Its end time is its Progress.ReadAt.
	//   - The newer pull takes over Progress.Awaited, and the deliveries that name an awaited account. This applies
	//     only if the waiting pull has read the current target of the connection.
	//
	// Errors:
	//
	//   - Conflict (connection_paused) if the connection is paused. Nothing changes. The pull gets a new job when the
	//     connection is resumed.
	//   - NotDue (Conflict) with RetryAfter if the pull is not due yet, or must wait for another pull of the
	//     connection.
	//   - NotFound if nothing is left to run. If the connection is not live, Claim has marked the pull as failed
	//     (connection_deleted).
	Claim(ctx context.Context, lease domain.Lease, at time.Time) (Claimed, error)

	// FilterUnchanged reports for each raw transaction, in order, whether it is unchanged. A transaction is unchanged
	// if the connection has a live row with the same external id and the same content hash. A transaction with the zero
	// content hash is never unchanged. The result is valid until a pull writes to the connection's rows.
	FilterUnchanged(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		seen []domain.RawTransaction) ([]bool, error)

	// StorePage stores the rows of a page and the pull's progress, and extends the lease, in one atomic change. It
	// returns the counts of the page, and adds them to the pull's counts. After an error nothing has changed.
	//
	// Each row is compared with the stored row by digest:
	//
	//   - A row that is not stored yet is inserted with version 1.
	//   - A stored row that differs, or was marked as removed, is updated. Its version increases; its id does not
	//     change.
	//   - A stored row that is equal keeps its version and its position in the change feed. Only its metadata and its
	//     content hash are replaced.
	//
	// If a row occurs twice in a page, the later occurrence is stored, and the row is counted once.
	//
	// Accounts:
	//
	//   - If Listed is set, removed accounts of the page become live again.
	//   - If the account of a transaction is unknown, the transaction is stored without an account. It gets the account
	//     and a new version when the account is first stored.
	//   - If the account is in the quarantine, the transaction gets the account when the account is released.
	//
	// Quarantined rows:
	//
	//   - A quarantined row does not change the stored transaction or account with the same external id.
	//   - A quarantined row is counted as quarantined once per pull.
	//   - The quarantine of a connection holds at most domain.MaxQuarantined rows. Further rows are only counted.
	//
	// A new row may replace a removed row (domain.FindReplacements). The new row becomes the current row of the
	// existing transaction:
	//
	//   - The transaction keeps its id, gets the external id and the content of the new row, and is live again.
	//   - If the new row was already stored, its own transaction is marked as removed and gets SupersededBy.
	//   - A stored row that has replaced another row does not replace a second one.
	//   - A row can be replaced only if it was removed within domain.MatchWindow, or if this write removes it.
	//   - One write makes at most domain.MaxReplacements replacements.
	//
	// A new row may also replace a carried-over row (see Claimed). The pairs are found by domain.MatchCarriedOver. The
	// transaction of the carried-over row gets the external id and the content of the new row.
	//
	// The vendor may return a former row of a transaction again, that is, a row that was replaced:
	//
	//   - If the current row of the transaction is live, the replacement is undone. See Ledger.Split.
	//   - If the current row was removed, the former row becomes the current row again.
	//   - A former external id in Removed has no effect.
	//
	// Staged rows (stored, but invisible to readers before Publish):
	//
	//   - If Staged is set, the transactions are only staged, and the accounts are ignored.
	//   - Staged rows whose external ids are in Removed are deleted.
	//   - If Staging.Restart is set, StorePage sets the connection's NewReference, and StagedSince if it is zero.
	//   - The deletion of a connection deletes its staged rows.
	//
	// Errors:
	//
	//   - LeaseLost (Conflict) if the lease was replaced or the connection was deleted.
	//   - AccountContinues (Conflict) if a new account has the same AccountKey as a former account. A former account is
	//     a stored account of a deleted connection, or of another account reference of this connection (see
	//     FormerAccounts).
	StorePage(ctx context.Context, lease domain.Lease, w PageWrite) (domain.Counts, error)

	// FormerAccounts returns at most MaxFormerAccounts stored accounts. They are compared with the vendor's accounts,
	// to recognise accounts that were linked again.
	//
	// The result begins with all accounts of the connection. If each of these accounts belongs to the current account
	// reference, the result continues with accounts of deleted connections. Only connections of the same tenant and
	// vendor count. The most recently deleted connection comes first. The accounts of each connection are ordered by
	// external id.
	//
	// Errors: LeaseLost (Conflict).
	FormerAccounts(ctx context.Context, lease domain.Lease) ([]domain.Account, error)

	// RowsOfAccount returns the newest rows of an account by date, at most MaxComparedRows:
	//
	//   - If account is not zero, the result contains the live rows of this stored account.
	//   - If account is zero, the result contains staged rows of the connection. Their account has the given external
	//     id.
	//
	// RowsOfAccount sets only the fields of MatchRow that domain.NewMatchRow sets. Errors: LeaseLost (Conflict).
	RowsOfAccount(ctx context.Context, lease domain.Lease, account domain.AccountID, externalID string,
		keys func(domain.TransactionData) domain.InstitutionKeys) ([]domain.MatchRow, error)

	// Publish makes the staged rows of the connection visible, and clears the connection's NewReference, in one atomic
	// change. All staged rows are then deleted.
	//
	// Accounts:
	//
	//   - A published account with PublishedAccount.Continues (a continued account) keeps the id of the stored account.
	//   - If the stored account belongs to a deleted connection, it moves to this connection with all its data. Each
	//     moved transaction gets a new version.
	//   - Any other published account is stored as a new account.
	//   - A stored account of an earlier reference is marked as removed if it has no successor (see
	//     Published.Complete). Its reference then ends.
	//
	// Staged rows:
	//
	//   - A staged row that differs from the stored row with the same external id becomes a new version of the stored
	//     row.
	//   - A staged row with a former external id is handled as in StorePage.
	//   - The other staged rows of a continued account are matched by domain.MatchRelinked. The candidates are the live
	//     rows of the account and the rows that were removed within domain.MatchWindow.
	//   - The remaining staged rows become new transactions.
	//
	// Some live rows are neither staged nor matched. Such a row changes only if it has no account, or if its account
	// has just been continued under this reference:
	//
	//   - It is marked as removed if it is dated on or after the oldest staged row of its account.
	//   - If it has an account, it becomes a carried-over row (see Claimed). This also applies to a removed row.
	//
	// Carried-over rows:
	//
	//   - FilterUnchanged does not report a carried-over row as unchanged.
	//   - StorePage may match a carried-over row.
	//   - A sweep that needs only one listing (domain.OneRead) removes a carried-over row only if the listing reaches
	//     back to the date of the row.
	//
	// If Published.Complete is false, the accounts without a successor do not change, and the rows of the unreadable
	// accounts are not published. No staged row is deleted, and NewReference remains set.
	//
	// Errors: LeaseLost (Conflict); TargetChanged (Conflict) if the connection now has another target, or if an account
	// to continue now belongs to another live connection.
	Publish(ctx context.Context, lease domain.Lease, p Publication) (Published, error)

	// RemoveAnnounced applies the announced removals of a queued pull early, while another pull of the connection waits
	// for its next attempt. It marks the rows as removed, adds their number to the counts of the queued pull, and
	// returns true, in one atomic change.
	//
	// If no other pull waits, or if the connection is paused, RemoveAnnounced changes nothing and returns false. If the
	// deliveries announce too many removals for one scope (PullScope.MoreRemoved), the remaining removals are applied
	// when the queued pull starts.
	//
	// The function matching returns the Matching for a vendor. It returns nil if no rows of the vendor are matched.
	RemoveAnnounced(ctx context.Context, pull domain.PullID, at time.Time,
		matching func(domain.Vendor) *Matching) (blocked bool, err error)

	// VisitAnnouncedRemovals reads the removals that the deliveries of the pull announce, in batches. For each batch it
	// calls visit with the sorted external ids of the rows. Rows that are neither live nor in the quarantine are
	// omitted, so the list may be empty.
	//
	// The scopes of a batch together have at most domain.MaxScopeBytes. A batch with a single delivery may be larger.
	// The function visit may write, for example to extend the lease. If visit returns an error, VisitAnnouncedRemovals
	// stops and returns this error. Errors: LeaseLost (Conflict).
	VisitAnnouncedRemovals(ctx context.Context, lease domain.Lease, visit func(externalIDs []string) error) error

	// Sweep compares a complete listing with the stored rows, in one atomic change. It marks the missing rows of the
	// window as removed, extends the lease, and returns the counts of the change. Some rows are missing but cannot be
	// removed yet, or must be removed later (domain.AbsenceRead). Sweep remembers these rows for the next sweep.
	//
	// If Proof is domain.TwoReads, a row is removed only if all of these conditions are true:
	//
	//   - The row is missing from the listings of two consecutive pulls.
	//   - The first of the two listings contains a row of the same account with the same or an earlier date.
	//   - If CollectedAt is not nil, the vendor collected the missing row at or after the time in CollectedFrom for the
	//     account.
	//
	// Errors: LeaseLost (Conflict).
	Sweep(ctx context.Context, lease domain.Lease, w SweepWrite) (domain.Counts, error)

	// SweepAccounts marks an account as removed if the vendor no longer lists it. It also extends the lease, in the
	// same atomic change. If Proof is domain.TwoReads, the account must be missing from two successive listings, read
	// by two pulls. If the vendor lists the account again, StorePage removes the mark. The transactions of the account
	// do not change. Errors: LeaseLost (Conflict).
	SweepAccounts(ctx context.Context, lease domain.Lease, w AccountSweepWrite) error

	// Finish ends an attempt and its lease in one atomic change. This change also queues the job of the connection's
	// next pull, if there is one. The job is queued only if the pull has succeeded or failed, or waits for accounts.
	//
	// If Settled is set, Finish also stores readings in this change, one for each stored account with an entry in
	// Settled.Balances. A reading contains:
	//
	//   - the balance of the account;
	//   - the sum of the account's live posted records;
	//   - the state that domain.Completeness.After returns;
	//   - whether rows of the account are in the quarantine. A quarantined row belongs to an account if the row's
	//     payload contains the external id of the account as a JSON string.
	//
	// There is at most one reading per account and day: a later reading replaces an earlier one. If the balance and the
	// records have not changed since the latest reading of that day, a store may skip the new reading.
	//
	// Errors: LeaseLost (Conflict).
	Finish(ctx context.Context, lease domain.Lease, o Outcome) error
}

// WebhookPassed is the result of PullMaintenance.PassWebhook.
type WebhookPassed struct {
	Pull         domain.PullID // the pull that was queued because the webhook is missing; zero if no webhook is missing
	BecameSilent bool          // whether the connection has become silent: no webhook has arrived in time
}

// PullMaintenance finds pulls and connections that need attention. Its methods are not
// limited to one tenant. They omit paused connections and their pulls.
type PullMaintenance interface {
	// ListStuck returns at most limit pulls, oldest first. It returns pulls that have been due for longer than the
	// grace period, and pulls that run under an expired lease. No worker starts these pulls until their job is queued
	// again.
	ListStuck(ctx context.Context, now time.Time, grace time.Duration, limit int) ([]domain.PullID, error)

	// ListWaiting returns at most limit pulls that Claim would accept at the given time, oldest first, without their
	// scopes and progress. It omits the pulls of the tenants in excludedTenants.
	ListWaiting(ctx context.Context, now time.Time, excludedTenants []domain.TenantID, limit int) ([]domain.Pull, error)

	// ListDueForReconcile returns live aggregator connections that need a complete pull, at most limit of them, ordered
	// by id. A complete pull reads everything that the vendor has: its scope requests everything, or Claimed.Initial
	// was set. A connection is returned if all of this is true:
	//
	//   - The connection was created before the cutoff.
	//   - No complete pull of the connection is queued or under way. Pulls that wait only for accounts are ignored.
	//   - No complete pull of the connection has succeeded or failed at or after the cutoff.
	//
	// Failed pulls count too: if all complete pulls of a connection fail, it must not be returned by every call. Other
	// pulls do not count, because a connection with many events always has one. For a pull that was never claimed, only
	// its own scope counts, not the scopes of its deliveries.
	ListDueForReconcile(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error)

	// ListUnheard returns at most limit live aggregator connections that are not paused and whose expected webhook is
	// due (Webhook.DueAt <= cutoff), earliest first. A call is cheap if there are no such connections.
	ListUnheard(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error)

	// PassWebhook ends a connection's wait for an expected webhook, in one atomic change. The wait is the one whose
	// Webhook.DueAt equals dueAt.
	//
	// PassWebhook stores the new state that domain.WebhookWatch.Pass returns. If the webhook is missing, PassWebhook
	// also requests the pull r (see PullRequests.Request).
	//
	// PassWebhook changes nothing and returns the zero result if another call has ended the wait, or if the connection
	// is paused or deleted.
	PassWebhook(ctx context.Context, connection domain.Connection, dueAt time.Time,
		r PullRequest) (WebhookPassed, error)

	// OldestOpen returns the CreatedAt of the oldest pull that has neither succeeded nor
	// failed; the zero time if there is no such pull.
	OldestOpen(ctx context.Context) (time.Time, error)
}

// Pulls stores pulls and the data that they read. A store implements the whole interface; a client depends only on the
// part that it uses.
//
// At most one pull of a connection has started and not ended. Such a pull is running, or is queued for a retry. At most
// one other pull of the connection is queued. The store enforces this limit across all processes.
type Pulls interface {
	PullRequests
	PullExecution
	PullMaintenance
}

// TransactionFilter narrows a list of transactions. A zero member does not narrow the list.
type TransactionFilter struct {
	Window     domain.Window
	Account    domain.AccountID
	Status     domain.TransactionStatus
	ExternalID string
}

// FeedHold describes the oldest write transaction that is still open. The change feed withholds changes until this
// transaction ends. The transaction may belong to another program. The zero value means that no change is withheld.
type FeedHold struct {
	// Writer identifies the open transaction; "" if there is none.
	Writer string
	// Age is how long the transaction has been open; 0 if no transaction is open, or if the store
	// is not permitted to see when it was opened.
	Age time.Duration
}

// AccountView is a consistent view of an account at one moment.
type AccountView struct {
	Account      domain.Account
	Completeness domain.Completeness
	// Posted returns the live posted records of the account in the window, ordered by date, then by id. If reading
	// fails, the sequence ends with the error. Posted reads the records in portions, so its memory use does not depend
	// on their number. Posted may be called several times.
	Posted func(ctx context.Context, window domain.Window) iter.Seq2[domain.PostedRecord, error]
}

// Ledger reads the accounts and transactions that pulls have stored, and stores the baselines that operators have
// accepted and the periods that they have closed.
type Ledger interface {
	// Accounts returns a connection's accounts, ordered by external id, then by id. If connection is zero, it returns
	// the accounts of all connections of the tenant, including deleted connections. A position in the list consists of
	// the external id and the id.
	Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Account], error)

	// Transactions returns a connection's transactions, including removed ones, ordered by
	// date, newest first, then by id descending. A position in the list consists of the date and the id.
	Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// Quarantine returns the rows in a connection's quarantine, newest first. A position in the list consists of
	// FirstSeenAt, formatted by domain.TimeKey, and the id.
	Quarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error)

	// Account returns one account. Errors: NotFound.
	Account(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error)

	// Transaction returns one transaction, even if it is removed. Errors: NotFound.
	Transaction(ctx context.Context, tenant domain.TenantID, id domain.TransactionID) (domain.Transaction, error)

	// Search returns the transactions that match the search, of all connections of the tenant, including deleted
	// connections. The order and the positions are the same as for Transactions. A call examines a bounded number of
	// transactions, so a page can have fewer items than Limit, or none. The last page is the one without Next.
	Search(ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch,
		page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// History returns the versions of a transaction, newest first and without gaps. The first item is the current
	// version.
	//
	//   - A former version has the metadata that it had when it was replaced.
	//   - If the transaction is older than the version history, its earliest versions are not known. Its history begins
	//     with the version that it had when the version history was introduced.
	//
	// A position in the list consists of the version and the id of the transaction. Errors: NotFound.
	History(ctx context.Context, tenant domain.TenantID, transaction domain.TransactionID,
		page domain.PageRequest) (domain.Page[domain.TransactionVersion], error)

	// Changes returns the tenant's transactions in the order of their last change, each in its current version. A new
	// change gets a position after all changes that were already returned. To guarantee this, a store may withhold new
	// changes while an older write is still running. The position is opaque: only the store that returned it can
	// interpret it.
	//
	// Changes also sets the field Adjusts of each transaction. If a change affects records of closed periods, Adjusts
	// is the last day of the earliest of these periods. If no closed period is affected, Adjusts is "".
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error)

	// Completeness returns the state that Pulls.Finish has stored for an account. It returns the zero state if no
	// settled pull (see SettledRead) has read the account. Errors: NotFound if there is no such account.
	Completeness(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (domain.Completeness, error)

	// Balances returns the last reading of an account's balance on each day of the window, newest first. Days without a
	// reading are omitted. For an unknown account, the list is empty. A position in the list consists of the day and
	// the id of the account.
	Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
		page domain.PageRequest) (domain.Page[domain.AccountBalance], error)

	// Split undoes the last replacement of a transaction, in one atomic change, and returns the transaction. In a
	// replacement, the old row of the transaction was removed, and a new row became the transaction's current row.
	// Split has these effects:
	//
	//   - The old row becomes the current row again, and the transaction is marked as removed.
	//   - The new row returns to its previous transaction. If it has none, it becomes a new transaction with the id
	//     newID.
	//   - The two rows are never matched again.
	//
	// Errors: NotFound; Conflict (nothing_to_undo) if the transaction has replaced no row.
	Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID,
		at time.Time) (domain.Transaction, error)

	// UpdateCompleteness calls the function fn with the completeness of an account, and stores the result, in one
	// atomic change. After an error nothing has changed. Errors: NotFound if there is no such account; any error of fn.
	UpdateCompleteness(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		fn func(domain.Completeness) (domain.Completeness, error)) (domain.Completeness, error)

	// Snapshot calls the function fn with a view of an account, and returns the error of fn. The view is consistent: it
	// does not contain changes that commit while fn runs. Snapshot occupies a connection to the database until fn
	// returns. The view must not be used after fn has returned. Errors: NotFound if there is no such account.
	Snapshot(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		fn func(view AccountView) error) error
	Closes

	// FeedHold returns the oldest write transaction that is still open, of any tenant. If the change feed withholds
	// changes, this transaction is the reason.
	FeedHold(ctx context.Context) (FeedHold, error)
}
