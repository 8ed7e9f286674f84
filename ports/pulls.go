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
	// Removed contains the sorted external ids of rows that are announced as removed by deliveries of the connection's
	// queued pull. It is set only from the second attempt on: RemoveAnnounced may have applied these removals, so the
	// pull must not store the rows again from an older page.
	Removed []string
	// RemovedAccounts contains the sorted external ids of the connection's accounts that are marked as removed. It is
	// set only if the scope of the pull names accounts.
	RemovedAccounts []string
	// Quarantine holds the keys of the connection's quarantined rows (rows that could not be normalised), in any order.
	Quarantine []domain.QuarantineKey
	// RecentlyLeft is set if rows of the connection have left, that is, were marked as removed, within
	// domain.MatchWindow. It is also set if a transaction of the connection has past external ids, which it had before
	// its present row. It is never set together with Empty.
	RecentlyLeft bool
	// Unshown is set if the connection has live rows that were read under an earlier account reference, and that no
	// read under the present reference has returned yet. It is never set together with Empty.
	Unshown bool
}

// Matching contains the rules by which a write recognises that a new row replaces a removed row. A nil *Matching means
// that no rows are matched.
type Matching struct {
	// Keys returns the institution's keys of a row. It is a pure function.
	Keys func(domain.TransactionData) domain.InstitutionKeys
}

// PageWrite describes what PullExecution.StorePage writes for one page.
type PageWrite struct {
	Accounts []domain.AccountData
	// Listed is set if Accounts is the vendor's own list of accounts. If it is not set, the accounts come
	// from rows, which does not prove that the vendor still lists them.
	Listed       bool
	Transactions []domain.TransactionData
	// AssumeNew hints that none of Transactions is stored yet. The store may skip the
	// lookup, but must still handle rows that do exist.
	AssumeNew bool
	// Unchanged is the number of rows of the page that Transactions omits, because FilterUnchanged reported
	// them as unchanged. The store only adds it to the counts.
	Unchanged int
	// Removed are the external ids of rows to mark as removed. Ids that are unknown or already removed are
	// ignored. A row that is also in Transactions is marked as removed as well: the vendor announced its
	// removal, and the row may have been read before the announcement.
	Removed []string
	// Quarantined are rows to add to the quarantine. They replace quarantined rows with the same key.
	Quarantined []domain.UnreadableData
	// Released are the keys of rows that leave the quarantine. If a key is also in Quarantined, its row
	// stays.
	Released []domain.QuarantineKey
	// Matching recognises that a new row replaces a removed row; nil if no rows are matched. Rows with a past external
	// id of a transaction are recognised in any case.
	Matching *Matching
	// RecentlyLeft is set if a new row may replace a row that was removed earlier, or may be an earlier (past) row of a
	// transaction. If it is not set, the store need not look for such rows.
	RecentlyLeft bool
	// Unshown is set if a row that is not stored yet may continue a row that was read under an earlier account
	// reference. If it is not set, the store need not look for such rows.
	Unshown bool
	// Unmatched are the external ids of those rows in Transactions that must never be recognised as replacements,
	// neither by this write nor by a later one, because earlier reads may have returned them as well.
	Unmatched []string
	// AccountRef is the account reference whose data was read. It is stored with each account that is stored for the
	// first time.
	AccountRef string
	// AccountKey returns the same text for all of the vendor's accounts that represent the same account of an
	// institution; "" if the account of the institution is not known. It is a pure function. A nil AccountKey is
	// treated as a function that always returns "".
	AccountKey func(domain.AccountData) string
	// Staged describes how to stage the rows. It is nil for a write whose rows are not staged, but become visible at
	// once.
	Staged *Staging
	// NewID generates ids for accounts and transactions that are stored for the first time.
	NewID      func() domain.TransactionID
	Progress   domain.Progress // the pull's progress after this page
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// Staging describes how PullExecution.StorePage stages the rows of a page. Staged rows are stored, but no other method
// returns them before Publish.
type Staging struct {
	Step int // number of the step to which the page belongs
	// Restart is set if no page of the step was written before. The staged rows of this step and of all later steps are
	// then deleted first.
	Restart bool
}

// PublishedAccount is an account of a new account reference.
type PublishedAccount struct {
	Data   domain.AccountData
	Listed bool // see PageWrite
	// Continues is the id of the stored account that this account continues. It is zero for a new account.
	Continues domain.AccountID
}

// Publication describes the accounts of a new account reference whose staged rows PullExecution.Publish makes visible.
type Publication struct {
	Target     string // the target of the connection that was read; see domain.Connection
	AccountRef string
	Accounts   []PublishedAccount
	// Unreadable are the external ids of accounts that the vendor lists and that cannot be read.
	Unreadable []string
	// Unproved is set if the vendor was synchronising, so that the absence of a row or an account from what was read
	// proves nothing. Publish then marks no live row and no account as removed, and sets Published.Complete.
	Unproved   bool
	Matching   *Matching                       // nil if no rows are matched
	AccountKey func(domain.AccountData) string // see PageWrite
	NewID      func() domain.TransactionID
	Progress   domain.Progress
	At         time.Time
	LeaseUntil time.Time
}

// Published is the result of a publication.
type Published struct {
	Counts domain.Counts
	// Complete is not set if there is a stored account of an earlier reference that (a) no published account continues,
	// but that (b) an unreadable account may continue. Otherwise it is set.
	Complete bool
}

// KeyOf returns the result of AccountKey for an account; "" if AccountKey is nil.
func (w PageWrite) KeyOf(account domain.AccountData) string {
	if w.AccountKey == nil {
		return ""
	}
	return w.AccountKey(account)
}

// SweepWrite describes the result of a complete read of a window of dates. PullExecution.Sweep compares it with the
// stored rows, to find the rows that the vendor has removed.
type SweepWrite struct {
	Account string // external id of the account that was read; "" if all accounts were read
	Window  domain.Window
	Seen    func(externalID string) bool // reports whether the read returned the row with this external id
	Proof   domain.AbsenceProof          // what the absence of a row proves; never NoProof
	// CollectedFrom maps each account to the earliest collection time of the rows that the read returned, that
	// is, when the vendor collected them. It is set only if Proof is TwoReads and CollectedAt is not nil.
	CollectedFrom map[string]time.Time
	// CollectedAt returns when the vendor collected the row with this metadata; zero if that is unknown. It
	// is nil if the vendor does not purge rows.
	CollectedAt func(metadata json.RawMessage) time.Time
	// Page contains the rows of the read that are not stored yet. They are written together with the removals, so that
	// the removal of a row and the row that replaces it become one change. Its Progress is stored unless it is the zero
	// value; its Removed, At and LeaseUntil are ignored.
	Page       PageWrite
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// AccountSweepWrite describes the result of a complete read of the account list.
type AccountSweepWrite struct {
	Listed     []string            // the external ids of all accounts that the vendor lists
	Proof      domain.AbsenceProof // what the absence of an account from Listed proves; never NoProof
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// Outcome describes how an attempt of a pull ended.
type Outcome struct {
	State     domain.PullState // PullSucceeded, PullFailed, or PullQueued if the pull will be retried
	LastError domain.Code      // "" if the pull succeeded
	NotBefore time.Time        // the earliest time of the retry; only if State is PullQueued
	// Attempts is the pull's new attempt count and replaces the stored count. Claim has already counted the attempt.
	// The caller subtracts it again if the attempt must not count, because our own rate budget or a shutdown has ended
	// it.
	Attempts int
	// Health computes the connection's new health from its health before the attempt. If it is nil, the
	// health does not change.
	Health func(domain.Health) domain.Health
	// Consent and Webhook compute the connection's new consent, and its new state of waiting for a webhook, in the same
	// way. If one of the functions is nil, the value does not change. heardSince reports whether a webhook about the
	// connection was received at or after a time.
	Consent func(domain.Consent) domain.Consent
	Webhook func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch
	// Target is the target of the connection (see domain.Connection) whose accounts are stored now; "" if that is not
	// known. If the connection still has this target, its NewReference is cleared.
	Target string
	// Settled is the result of a settled pull (see SettledRead); nil for every other attempt. If it is set, Finish
	// stores a reading of each of its accounts.
	Settled *SettledRead
	// Announced are the numbers of rows that the vendor has announced. Finish stores them with their accounts. At the
	// end of a settled pull, it compares these and earlier announced numbers with the stored rows.
	Announced []domain.AnnouncedCount
	At        time.Time
}

// SettledRead is the result of a settled pull, which is a complete pull (it reads everything that the vendor has)
// during which the vendor did not synchronise.
type SettledRead struct {
	// Balances holds the balances of the accounts that were read, by their external ids.
	Balances map[string]domain.VendorBalance
	// Quarantined is set if the quarantine of the connection is not empty.
	Quarantined bool
	// RunningBalance returns the account balance that the metadata of a record contains. It is nil if the vendor states
	// no running balances.
	RunningBalance func(metadata json.RawMessage) domain.RunningBalance
	// CreatedAt returns when the vendor created the row with this metadata; zero if that is not known. It is nil if the
	// vendor does not state it.
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
	// Request queues a pull and its job in one atomic change. If a pull of the connection is
	// already queued and has not started, Request merges the scope into that pull instead.
	// It returns the new or changed pull. Errors: NotFound when the connection is not a live
	// aggregator connection of the tenant; Conflict (connection_paused) when it is paused.
	Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r PullRequest) (domain.Pull, error)

	// Get returns one pull. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)

	// List returns pulls without their scopes and progress, newest first. A position in the list consists of the
	// TimeKey of CreatedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, filter PullFilter,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// PullExecution claims pulls for a worker and stores what the worker reads. Its methods
// are not limited to one tenant. The id of a lease is a fencing token: a write under a
// lease that was replaced by a newer lease fails with LeaseLost.
type PullExecution interface {
	// Claim assigns a pull to a worker: the pull's state becomes Running, its attempt count increases by one, and the
	// lease's id fences later writes. A pull can be claimed when it is queued and due, or when it is running under an
	// expired lease. The first claim merges the scopes of the pull's deliveries into the pull's own scope. If these
	// scopes together are larger than domain.MaxScopeBytes, it merges domain.LargeScope instead.
	//
	// If another pull of the connection only waits for accounts (domain.Pull.AwaitsAccount), the first claim marks that
	// other pull as succeeded, with its Progress.ReadAt as the end time. If the other pull was planned for the
	// connection's present target, its deliveries that name an awaited account are attached to the claimed pull. The
	// claimed pull also gets the other pull's Progress.Awaited.
	//
	// Errors: Conflict (connection_paused) when the connection is paused: nothing changes, and the pull
	// gets a new job when the connection is resumed. NotDue (Conflict) with RetryAfter when the pull is
	// not due yet, or must wait because another pull of its connection is under way. NotFound when there
	// is nothing left to run, including when the connection is not live; in that case Claim has marked the
	// pull as failed (connection_deleted).
	Claim(ctx context.Context, lease domain.Lease, at time.Time) (Claimed, error)

	// FilterUnchanged reports for each raw transaction, in order, whether it is unchanged. It is unchanged
	// if the connection has a row with this external id that is not removed and was stored with the same
	// content hash. A transaction with the zero content hash is never unchanged. The result stays valid
	// until the holder of a lease writes to the connection's rows again.
	FilterUnchanged(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		seen []domain.RawTransaction) ([]bool, error)

	// StorePage upserts the rows of a page, writes the pull's progress and extends the lease,
	// in one atomic change. It compares each row with the stored row by digest:
	//
	//   - a row that is not stored yet is inserted with version 1;
	//   - a stored row that differs, or was marked as removed, is updated: its version
	//     increases and its id does not change;
	//   - a stored row that is equal keeps its version and its position in the change feed.
	//     Only its metadata and its content hash are replaced by those of this read.
	//
	// If Listed is set, the accounts of the page that were marked as removed become live again.
	//
	// A row that occurs twice in a page counts as one row; the later occurrence is stored. A transaction whose account
	// is unknown is stored without an account. When an account is released from the quarantine, or stored for the first
	// time without being in it, it is set in the rows that refer to it and have no account yet, which creates a new
	// version of each of these rows.
	//
	// A quarantined row does not change the transaction or account that is stored with the same
	// external id. It counts as quarantined once per pull. The quarantine of a connection holds at
	// most domain.MaxQuarantined rows; a further row is only counted.
	//
	// A new row that replaces a removed row (domain.FindReplacements) does not become a transaction of its own. The
	// transaction of the removed row keeps its id, takes the external id and the content of the new row, and is live
	// again. Only a row that was removed within domain.MatchWindow, or that this write removes, can be replaced. If the
	// new row is stored already, its own transaction is marked as removed and gets SupersededBy. A transaction takes
	// over a row only once, and one write makes at most domain.MaxReplacements replacements.
	//
	// If Staged is set, the accounts are ignored and the transactions are only staged: no other method returns them
	// before Publish. Staged rows whose external ids are in Removed are deleted. When the connection is deleted, all of
	// its staged rows are deleted. If Staging.Restart is set, StorePage sets the connection's NewReference. It also
	// sets StagedSince, unless it is set already.
	//
	// A row that is not stored yet may continue a row of an earlier account reference that Publish did not remove.
	// domain.MatchUnshown finds such pairs of rows. The transaction of the earlier row then takes the external id and
	// the content of the new row.
	//
	// The vendor may show an earlier (past) row of a transaction again. The external id of such a row is one that the
	// transaction had before its present row. The past row never overwrites a live present row. If the present row was
	// removed, the past row becomes the present row again. Otherwise the replacement is undone, as Ledger.Split does. A
	// past external id in Removed has no effect.
	//
	// StorePage returns the counts of this page and adds them to the pull's counts. Nothing is written if it returns an
	// error. Errors: LeaseLost (Conflict) when the lease was replaced or the connection was deleted; AccountContinues
	// (Conflict) if an account that is not stored yet has the same AccountKey as a stored account that it may continue.
	// Such a stored account belongs to another account reference of the connection, or to a deleted connection (see
	// FormerAccounts).
	StorePage(ctx context.Context, lease domain.Lease, w PageWrite) (domain.Counts, error)

	// FormerAccounts returns the stored accounts that an account of the vendor's list may continue. These are the
	// accounts of the connection. If all of them belong to the present account reference, the accounts of deleted
	// connections of the same tenant and vendor are returned as well. The accounts of the connection itself come first,
	// then those of the deleted connections, the most recently deleted connection first. The accounts of one connection
	// are ordered by external id. It returns at most MaxFormerAccounts. Errors: LeaseLost (Conflict).
	FormerAccounts(ctx context.Context, lease domain.Lease) ([]domain.Account, error)

	// RowsOfAccount returns at most MaxComparedRows rows of an account, the newest ones by date. If account is not
	// zero, these are the live rows of this stored account. Otherwise they are the connection's staged rows that refer
	// to the account with the given external id. Only the members that domain.NewMatchRow sets are set. Errors:
	// LeaseLost (Conflict).
	RowsOfAccount(ctx context.Context, lease domain.Lease, account domain.AccountID, externalID string,
		keys func(domain.TransactionData) domain.InstitutionKeys) ([]domain.MatchRow, error)

	// Publish makes the staged rows of the connection visible, and clears its NewReference, in one atomic change:
	//
	//   - An account that continues a stored account keeps the id of the stored account. If the stored account belongs
	//     to a deleted connection, it moves to this connection with everything that belongs to it. Each moved
	//     transaction gets a new version.
	//   - A staged row that has the external id of a stored row, but differs from it, becomes a new version of the
	//     stored row. A row with a past external id follows the rules of StorePage. domain.MatchRelinked matches the
	//     other staged rows of a continued account with its live rows, and with its rows that were removed within
	//     domain.MatchWindow. The remaining staged rows become new transactions.
	//   - If a continued account did not belong to this reference before, its live rows that are neither staged nor
	//     matched are removed, except for rows that are older than the account's oldest staged row. In the same way,
	//     live rows without an account are compared with staged rows without an account.
	//   - The other live rows of such an account remain, although no read under the present reference has returned
	//     them. They keep their transactions, no longer count as unchanged for FilterUnchanged, and may be matched by
	//     StorePage. A sweep by one read does not remove them if they are older than every row of the account that the
	//     read returned.
	//   - An account of another reference that no account continues is marked as removed, and its reference ends.
	//
	// The staged rows are deleted. There is one exception. If Unreadable is not empty, and there are accounts of other
	// references that no published account continues, then these accounts do not change, the rows of the unreadable
	// accounts remain staged, and NewReference remains set.
	//
	// Errors: LeaseLost (Conflict); TargetChanged (Conflict) if the connection now has another target, or if an account
	// to continue now belongs to another live connection.
	Publish(ctx context.Context, lease domain.Lease, p Publication) (Published, error)

	// RemoveAnnounced applies the removals of a queued pull that has to wait for another pull. It does so if another
	// pull of the same connection is waiting for its next attempt. In one atomic change, RemoveAnnounced then applies
	// the removals that the deliveries of the queued pull announce, and adds their number to the counts of the queued
	// pull. In this case it returns true (blocked).
	//
	// Otherwise, and while the connection is paused, it changes nothing. A pull that can start applies its
	// removals itself. If the deliveries announce more removals than a scope holds (PullScope.MoreRemoved),
	// the rest is applied when the pull starts.
	//
	// The function matching returns the Matching for the connection's vendor; nil if no rows are matched.
	RemoveAnnounced(ctx context.Context, pull domain.PullID, at time.Time,
		matching func(domain.Vendor) *Matching) (blocked bool, err error)

	// VisitAnnouncedRemovals reads the deliveries of the pull in batches. The scopes of a batch together have at most
	// domain.MaxScopeBytes, unless the batch consists of a single delivery. For each batch it calls visit with the
	// sorted external ids that the batch announces as removed and that belong to known rows: rows that are stored and
	// not removed, or are in the quarantine. The list may be empty. The function visit may write, for example to extend
	// the lease. If it returns an error, the method stops and returns this error. Errors: LeaseLost (Conflict).
	VisitAnnouncedRemovals(ctx context.Context, lease domain.Lease, visit func(externalIDs []string) error) error

	// Sweep marks the rows of the window that the read did not return as removed and extends the lease, in one atomic
	// change. It returns the counts of the change. For the next sweep, the store remembers the rows whose removal is
	// not proved yet, and the rows whose removal is delayed (domain.AbsenceRead).
	//
	// With TwoReads, a row begins to count as absent only with a read that could have returned the row. That is the
	// case if the read returned rows of the account, and the oldest of these rows is not newer than the absent row, by
	// date and by CollectedAt. Errors: LeaseLost (Conflict).
	Sweep(ctx context.Context, lease domain.Lease, w SweepWrite) (domain.Counts, error)

	// SweepAccounts marks the accounts that the vendor no longer lists as removed, and extends the lease, in one atomic
	// change. With TwoReads it marks an account only if an earlier pull did not list the account either, and if no call
	// in between listed it. The transactions of the accounts do not change. StorePage removes the mark when the vendor
	// lists the account again. Errors: LeaseLost (Conflict).
	SweepAccounts(ctx context.Context, lease domain.Lease, w AccountSweepWrite) error

	// Finish ends an attempt and its lease in one atomic change. When the pull has succeeded or failed, the
	// same change queues the job of the connection's next pull, if there is one. It does the same when
	// the pull waits for accounts. Errors: LeaseLost (Conflict).
	//
	// If Settled is set, the same change stores a reading of each stored account in Settled.Balances: the sum of its
	// live posted records, and the state that domain.Completeness.After returns. The reading replaces an earlier one of
	// the same day. Nothing is written for an account if neither its records nor its balance have changed since its
	// latest reading, and this reading is of the same day. A row in the quarantine counts for each account whose
	// external id occurs in the payload of the row as a JSON string.
	Finish(ctx context.Context, lease domain.Lease, o Outcome) error
}

// WebhookPassed is the result of PullMaintenance.PassWebhook.
type WebhookPassed struct {
	Pull         domain.PullID // the pull that replaces the missing webhook; zero if no webhook is missing
	BecameSilent bool          // whether the connection is silent now, and was not silent before
}

// PullMaintenance finds pulls and connections that need attention. Its methods are not
// limited to one tenant. They omit paused connections and their pulls.
type PullMaintenance interface {
	// ListStuck returns at most limit pulls that no worker will pick up unless their job is queued again, oldest first:
	// pulls that have been due for longer than the grace period, and pulls that run under an expired lease.
	ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error)

	// ListWaiting returns at most limit pulls that Claim would accept at the given time, oldest first, without their
	// scopes and progress. It omits the pulls of the excluded tenants (without).
	ListWaiting(ctx context.Context, at time.Time, without []domain.TenantID, limit int) ([]domain.Pull, error)

	// ListDueForReconcile returns at most limit live aggregator connections, ordered by id, for which all of this is
	// true:
	//
	//   - The connection was created before the given time (since).
	//   - It has no complete pull queued or under way, except one that waits for accounts.
	//   - It has no complete pull that succeeded or failed at or after that time.
	//
	// Complete pulls that failed count as well, so a connection whose last complete pull failed is not requested again
	// in every round.
	//
	// A complete pull reads everything that the vendor has: its scope requests everything, or
	// Claimed.Initial was set. The scopes of a pull's deliveries count from its first claim on.
	// All other pulls are ignored. They must be ignored, because a connection with a constant flow of events has such a
	// pull at any time and would never be due.
	ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error)

	// ListUnheard returns at most limit live aggregator connections that are not paused and whose expected webhook is
	// due (Webhook.DueAt <= due), earliest first. A call is cheap if there are no such connections.
	ListUnheard(ctx context.Context, due time.Time, limit int) ([]domain.Connection, error)

	// PassWebhook ends a connection's wait for the webhook whose Webhook.DueAt equals due, in one atomic change. It
	// stores the result of domain.WebhookWatch.Pass. If the webhook is missing, it also queues the requested pull (r),
	// or merges the request into the pull that is already queued. If another call has ended the wait, or if the
	// connection is paused or deleted, PassWebhook changes nothing and returns the zero result.
	PassWebhook(ctx context.Context, connection domain.Connection, due time.Time,
		r PullRequest) (WebhookPassed, error)

	// OldestOpen returns the CreatedAt of the oldest pull that has neither succeeded nor
	// failed; the zero time if there is no such pull.
	OldestOpen(ctx context.Context) (time.Time, error)
}

// Pulls stores pulls and the data that they read. A store implements the whole interface;
// a client depends only on the part that it uses. At most one pull of a connection is under
// way (running, or queued for a retry), and at most one more pull is queued after it. The
// store enforces this limit across any number of processes.
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

// FeedHold describes the oldest write transaction that is still open. The transaction may belong to another
// program. The zero value means that the change feed is not held back.
type FeedHold struct {
	// Writer identifies the transaction if changes are withheld because of it; otherwise it is "".
	Writer string
	// Age is how long the transaction has been open; 0 if no transaction is open, or if the store
	// is not permitted to see when it was opened.
	Age time.Duration
}

// AccountView is a consistent view of an account at one moment.
type AccountView struct {
	Account      domain.Account
	Completeness domain.Completeness
	// Posted returns the live posted records of the account in the window, ordered by date, then by id. It may
	// be called several times. It reads the records in portions, so the memory that it needs does not depend
	// on their number. If reading fails, the sequence ends with the error.
	Posted func(ctx context.Context, window domain.Window) iter.Seq2[domain.PostedRecord, error]
}

// Ledger reads the accounts and transactions that pulls have stored, and stores the baselines that operators have
// accepted and the periods that they have closed.
type Ledger interface {
	// Accounts returns a connection's accounts ordered by external id, then by id. If connection is
	// zero, it returns the accounts of all connections of the tenant, including deleted ones. A
	// position in the list consists of the external id and the id.
	Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Account], error)

	// Transactions returns a connection's transactions, including removed ones, ordered by
	// date, newest first, then by id descending. A position in the list consists of the date and the id.
	Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// Quarantine returns the rows in a connection's quarantine, newest first. A position in the list
	// consists of the TimeKey of FirstSeenAt and the id.
	Quarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error)

	// Account returns one account. Errors: NotFound.
	Account(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error)

	// Transaction returns one transaction, even if it is removed. Errors: NotFound.
	Transaction(ctx context.Context, tenant domain.TenantID, id domain.TransactionID) (domain.Transaction, error)

	// Search returns the transactions that match the search, of all connections of the tenant, including deleted ones.
	// It has the same order and positions as Transactions. A call examines a bounded number of transactions, so a page
	// can have fewer items than Limit, or none. Only a page without Next is the last one.
	Search(ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch,
		page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// History returns the versions of a transaction, newest first. The present version is the first
	// one, and the versions have no gap. If a transaction was stored before versions were kept, its history starts with
	// the version that it had when versions were introduced. A replaced version has the metadata that it had when it
	// was replaced; the present version has the present metadata. A position in the list consists of the version and
	// the id of the transaction. Errors: NotFound.
	History(ctx context.Context, tenant domain.TenantID, transaction domain.TransactionID,
		page domain.PageRequest) (domain.Page[domain.TransactionVersion], error)

	// Changes returns the tenant's transactions in the order of their last change, each in its current version. A
	// change that commits later never gets a position before a change that was already returned, however long its
	// writer took. To guarantee this, a store may withhold changes while a writer that started before these changes is
	// still running. The position is opaque: only the store that returned it can interpret it. The member Adjusts of
	// each item is the earliest closed day for which a change of the transaction is an adjustment.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error)

	// Completeness returns the state that Pulls.Finish has stored for an account; the zero state if no settled pull
	// has read the account. Errors: NotFound if there is no such account.
	Completeness(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (domain.Completeness, error)

	// Balances returns the days of the window on which a settled pull has read the balance of an account, newest first,
	// with the last reading of each day. A position in the list consists of the day and the id of the account. For an
	// unknown account, it returns none.
	Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
		page domain.PageRequest) (domain.Page[domain.AccountBalance], error)

	// Split undoes the last replacement of a transaction, in one atomic change. The transaction returns to the row that
	// it had before the replacement, and is marked as removed, because that row was removed. Its present row moves to
	// the transaction that had it before, or to a new transaction with the id newID. The two rows are never matched
	// again. Split returns the transaction. Errors: NotFound; Conflict (nothing_to_undo) if the transaction has
	// replaced no row.
	Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID,
		at time.Time) (domain.Transaction, error)

	// UpdateCompleteness calls edit with the state of an account and replaces the state by the result, in one atomic
	// change. After an error nothing has changed. Errors: NotFound if there is no such account; those of edit.
	UpdateCompleteness(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		edit func(domain.Completeness) (domain.Completeness, error)) (domain.Completeness, error)

	// Snapshot calls the function read with a view of an account, and returns the error of this function. All results
	// of the view show the same moment: they do not contain changes that commit meanwhile. The view occupies a
	// connection to the database until the function returns, and must not be used afterwards. Errors: NotFound if there
	// is no such account.
	Snapshot(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		read func(view AccountView) error) error
	Closes

	// FeedHold returns the writer that makes Changes withhold changes. It is not limited to one tenant.
	FeedHold(ctx context.Context) (FeedHold, error)
}
