package ports

import (
	"context"
	"iter"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// PullRequest is a request for a pull that does not come from a webhook.
type PullRequest struct {
	ID      domain.PullID // id of the new pull; ignored if a pull is already queued for the connection
	Scope   domain.PullScope
	Trigger domain.Trigger
	At      time.Time
	Trace   string // W3C traceparent; stored with the pull if this request creates one
}

// The arguments and results of methods whose rules are in package records.
type (
	// Matching contains the rules by which a write recognises that a new row replaces a removed row.
	Matching = records.Matching
	// PageWrite describes what PullExecution.StorePage writes for one page.
	PageWrite = records.PageWrite
	// Staging describes how PullExecution.StorePage stages the rows of a page: it stores them, but keeps them
	// invisible before Publish.
	Staging = records.Staging
	// SweepWrite describes a complete listing of a window of dates, for PullExecution.Sweep.
	SweepWrite = records.SweepWrite
	// PublishedAccount is an account of a new account reference.
	PublishedAccount = records.PublishedAccount
	// Publication describes the accounts of a new account reference, for PullExecution.Publish.
	Publication = records.Publication
	// Published is the result of PullExecution.Publish.
	Published = records.Published
	// AccountSweepWrite describes a complete listing of the accounts, for PullExecution.SweepAccounts.
	AccountSweepWrite = records.AccountSweepWrite
	// Claimed is a pull that was assigned to a worker, together with its connection.
	Claimed = records.Claimed
	// Outcome describes how an attempt to run a pull ended.
	Outcome = records.Outcome
	// SettledRead is the result of a settled pull: a pull that has read everything in one attempt, while the vendor
	// did not synchronise.
	SettledRead = records.SettledRead
)

// The maximum lengths of the results of FormerAccounts and RowsOfAccount.
const (
	MaxFormerAccounts = 1000
	MaxComparedRows   = 10_000
)

// The limits of the suggested payments of a bill (BillLedger.PaymentCandidates).
const (
	CandidateDays = 3
	MaxCandidates = 3
)

// DueBills is a card whose rows have changed since its bills were evaluated.
type DueBills struct {
	Tenant  domain.TenantID
	Account domain.AccountID
}

// BillLedger reads the bills of cards. PullExecution.Finish stores them. Finish evaluates them only if the vendor has
// changed them, or on a new day. After other changes of rows the bills are due, and EvaluateBills evaluates them.
type BillLedger interface {
	// ClaimBills claims the card whose bills have been due for the longest time, except those of the tenants in skip.
	// It returns nil if there is none. Unless the bills are evaluated before claimEnd, they are due again then.
	ClaimBills(ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID) (*DueBills, error)
	// EvaluateBills evaluates the bills of a card if they are due, as of the day of their latest evaluation. It reads
	// the rows without a lock; if rows change meanwhile, it stores nothing, and the bills are due again.
	EvaluateBills(ctx context.Context, tenant domain.TenantID, account domain.AccountID, at time.Time) error
	// Bills returns the bills of an account whose due date is inside the window, newest first. It includes bills that
	// the vendor no longer lists. A position in the list consists of the due date and the id. For an unknown account,
	// it returns none.
	Bills(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
		page domain.PageRequest) (domain.Page[bills.Stored], error)
	// BillOverview returns what is known of the bills of an account as a whole.
	BillOverview(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (bills.Overview, error)
	// Bill returns one bill. Errors: NotFound.
	Bill(ctx context.Context, tenant domain.TenantID, id domain.BillID) (bills.Stored, error)
	// BillTransactions returns the live records of a bill, newest first, including pending ones. Payments are left out.
	// A position in the list consists of the date and the id. For an unknown bill, it returns none.
	BillTransactions(ctx context.Context, tenant domain.TenantID, id domain.BillID,
		page domain.PageRequest) (domain.Page[domain.Transaction], error)
	// PaymentCandidates returns, for each payment, at most MaxCandidates posted debits of the tenant's bank accounts
	// with its amount and currency, at most CandidateDays from its date.
	PaymentCandidates(ctx context.Context, tenant domain.TenantID,
		payments []BillPayment) ([][]domain.TransactionID, error)
}

// BillPayment is a payment of a bill in this currency.
type BillPayment struct {
	bills.Payment

	Currency string // ISO 4217
}

// FormerAccount is a stored account that is compared with the accounts that the vendor lists.
type FormerAccount struct {
	domain.Account

	DeletedAt time.Time // when the connection of the account was deleted; zero if it is live
}

// PullFilter narrows a list of pulls. The zero value does not narrow the list.
type PullFilter struct {
	Connection domain.ConnectionID
	State      domain.PullState
}

// PullRequests queues pulls and reads them.
type PullRequests interface {
	// Request queues a pull and its job in one atomic change, and returns the pull. In two cases it merges the scope
	// into another pull of the connection, and returns that one:
	//
	//   - The scope requests everything, and a pull waits for its next attempt (records.Widen).
	//   - A pull is already queued and has not started.
	//
	// If an operator requests the pull, a pull that waits for its next attempt gets an early one (records.Wake).
	//
	// Errors:
	//
	//   - NotFound if the connection is not a live aggregator connection of the tenant.
	//   - Conflict (connection_paused) if the connection is paused.
	Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r PullRequest, entries AuditEntries) (domain.Pull, error)

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
	// The first claim of a pull merges the scopes of its deliveries into its own scope (records.MergeDeliveries). It
	// may end an earlier pull of the connection that waits only for accounts (records.Admit). The deliveries of the
	// earlier pull that name these accounts then move to the claimed pull.
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

	// TenantOf returns the tenant of a pull, which may have been deleted meanwhile. Errors: NotFound.
	TenantOf(ctx context.Context, pull domain.PullID) (domain.TenantID, error)

	// FilterUnchanged reports for each raw transaction, in order, whether it is unchanged. A transaction is unchanged
	// if the connection has a live row with the same external id and the same content hash. A transaction with the zero
	// content hash is never unchanged. The result is valid until a pull writes to the connection's rows.
	FilterUnchanged(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		seen []domain.RawTransaction) ([]bool, error)

	// StorePage stores the rows of a page and the pull's progress, and extends the lease, in one atomic change. It
	// returns the counts of the page, and adds them to the pull's counts. After an error nothing has changed.
	//
	// The rules are in package records. StorePage stores the accounts of the page, applies the changes that
	// records.Page yields, and appends each new version of a record to the change feed. A record that does not get a
	// new version keeps its position in the feed.
	//
	// If Staged is set, the rows are only staged: they are stored, but invisible to readers before Publish, and the
	// accounts are ignored. The deletion of a connection deletes its staged rows.
	//
	// Errors:
	//
	//   - LeaseLost (Conflict) if the lease was replaced or the connection was deleted.
	//   - AccountContinues (Conflict) if a new account has the same key as a former account (see
	//     domain.AccountIdentity.Key). A former account is a stored account of a deleted connection, or of another
	//     account reference of this connection (see FormerAccounts).
	StorePage(ctx context.Context, lease domain.Lease, w PageWrite) (domain.Counts, error)

	// BillsReadAt returns when pulls last read the bills of the connection's cards: the earliest time of a card whose
	// bills were read. It returns zero if none was read.
	BillsReadAt(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID) (time.Time, error)

	// ExtendLease changes only the expiry of the lease. A worker calls it while it waits for a slow vendor. Errors:
	// LeaseLost (Conflict).
	ExtendLease(ctx context.Context, lease domain.Lease, until time.Time) error

	// FormerAccounts returns at most MaxFormerAccounts stored accounts. They are compared with the vendor's accounts,
	// to recognise accounts that were linked again.
	//
	// The result begins with all accounts of the connection. If each of these accounts belongs to the current account
	// reference, the result continues with accounts of deleted connections. Only connections of the same tenant and
	// vendor count. The most recently deleted connection comes first. The accounts of each connection are ordered by
	// external id.
	//
	// Errors: LeaseLost (Conflict).
	FormerAccounts(ctx context.Context, lease domain.Lease) ([]FormerAccount, error)

	// RowsOfAccount returns the newest rows of an account by date, at most MaxComparedRows:
	//
	//   - If account is not zero, the result contains the live rows of this stored account.
	//   - If account is zero, the result contains staged rows of the connection. Their account has the given external
	//     id.
	//
	// The rows are the results of Matching.Row. Errors: LeaseLost (Conflict).
	RowsOfAccount(ctx context.Context, lease domain.Lease, account domain.AccountID, externalID string,
		rules *Matching) ([]banktext.Row, error)

	// Publish makes the staged rows of the connection visible, and clears the connection's NewReference, in one atomic
	// change. All staged rows are then deleted. records.Publish decides what becomes of the rows and the records.
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
	// If Published.Complete is false, the accounts without a successor do not change, and the rows of the held
	// accounts (records.PublishedAccounts) are not published. No staged row is deleted, and NewReference remains set.
	//
	// Errors: LeaseLost (Conflict); TargetChanged (Conflict) if the connection now has another target, or if an account
	// to continue now belongs to another live connection.
	Publish(ctx context.Context, lease domain.Lease, p Publication) (Published, error)

	// ReportConnection changes the health and the consent of the pull's connection to what a running attempt has
	// learned about it, in one atomic change. The function change gets the stored connection. Events report the change
	// as they do after Finish. Errors: LeaseLost (Conflict).
	ReportConnection(ctx context.Context, lease domain.Lease, at time.Time, change func(*domain.Connection)) error

	// RemoveAnnounced applies early what the events of a queued pull have reported. It makes these changes in one
	// atomic change, and returns whether another pull of the connection waits for its next attempt:
	//
	//   - It stores the reported health and consent (domain.Connection.Report), also if no other pull is under way.
	//   - If the other pull waits for its next attempt, and an event says that a read will find something new
	//     (domain.PullScope.AsksForRead), that pull gets an early attempt (records.Wake): one for all events that were
	//     received before it.
	//   - If the other pull waits for its next attempt, RemoveAnnounced marks announced rows as removed, except those
	//     that it holds back, and adds their number to the counts of the queued pull.
	//
	// While the connection is paused, RemoveAnnounced only stores the reported health and consent, and returns false.
	// If the deliveries announce too many removals for one scope (PullScope.MoreRemoved), the remaining removals are
	// applied when the queued pull starts.
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

	// FilterHeld returns the sorted external ids of the given rows whose announced removal is held back (see
	// domain.AnnouncedSum). Errors: LeaseLost (Conflict).
	FilterHeld(ctx context.Context, lease domain.Lease, externalIDs []string) ([]string, error)

	// Sweep compares a complete listing with the stored rows, in one atomic change. It applies the changes that
	// records.Page yields, extends the lease, and returns the counts of the change. Errors: LeaseLost (Conflict).
	Sweep(ctx context.Context, lease domain.Lease, w SweepWrite) (domain.Counts, error)

	// SweepAccounts applies a complete listing of the accounts (records.SweepAccounts), and extends the lease, in one
	// atomic change. The transactions of the accounts do not change. Errors: LeaseLost (Conflict).
	SweepAccounts(ctx context.Context, lease domain.Lease, w AccountSweepWrite) error

	// Finish ends an attempt and its lease in one atomic change (records.Finish). If the outcome is settled, the change
	// also stores readings (records.Readings). There is at most one reading per account and day: a later reading
	// replaces an earlier one.
	//
	// The change also queues the job of the connection's next pull, if there is one. The job is queued only if the
	// pull has ended, or waits for accounts.
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

	// Prune deletes at most limit pulls that ended before the given time and changed nothing, and returns their number.
	// It deletes pulls of all tenants, but none of these:
	//
	//   - The newest pull of each connection, and its first and its last one that succeeded.
	//   - A pull to which a delivery is attached.
	//   - A pull that a version of a record, a balance (books.AccountReading.Pull), an absence, an announced removal,
	//     or a quarantined row names.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)

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
	// Pull selects the transactions of which this pull has written the present version or an earlier one. It must not
	// be set together with AsOf.
	Pull domain.PullID
	// AsOf selects the versions that were in effect at this moment: the latest ones whose UpdatedAt is not after it.
	// Transactions that were removed at that moment, or are erased, are omitted. The members without versions (see
	// domain.Transaction.WithoutUnversioned), such as Metadata and Category, are not set. A transaction is listed under
	// its present connection. The zero time selects the present versions.
	AsOf time.Time
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

// PostedRecords returns the posted records of an account in the window, ordered by date, then by id. If reading fails,
// the sequence ends with the error. PostedRecords reads the records in portions, so its memory use does not depend on
// their number.
//
// A record has the members that statements show: ID, ExternalID, Amount, AccountMoney, Status, Date, Description,
// Counterparty, References, CounterpartyDocument, Version and FirstSeenAt. The others may be missing.
type PostedRecords func(ctx context.Context, window domain.Window) iter.Seq2[domain.Transaction, error]

// AccountView is a consistent view of an account at one moment.
type AccountView struct {
	Account      domain.Account
	Completeness books.Completeness // with Changed
	// Posted returns the live posted records of the account. It may be called several times.
	Posted PostedRecords
	// SharedReferences returns the main references (see domain.References.Main) that more than one record of the
	// account has had in any version. It maps each reference to the first of these records by id. Records of every
	// status count, and removed records count, too. The result is not nil.
	SharedReferences func(ctx context.Context) (map[string]domain.TransactionID, error)
	// Live returns the live records of the account, posted and pending ones. It may be called several times.
	Live PostedRecords
	// FirstDay returns the date of the first record that Live returns; "" if there is none. It reads that record only.
	FirstDay func(ctx context.Context) (domain.Date, error)
}

// CoversTo returns the last day up to which the records of the account are complete. If the vendor does not state when
// it read the bank, this is the day of the latest reading. It returns "" if there is none.
func (v AccountView) CoversTo(rules domain.Coverage) domain.Date {
	switch last := v.Completeness.Last; {
	case !v.Account.BankReadAt.IsZero():
		return rules.To(v.Account.BankReadAt, v.Account.Currency)
	case last != nil:
		return rules.Day(last.At)
	}
	return ""
}

// Ledger reads the accounts and transactions that pulls have stored, and stores the baselines that operators have
// accepted and the periods that they have closed.
type Ledger interface {
	// Accounts returns the accounts that match the filter, ordered by external id, then by id. The zero filter selects
	// the accounts of all connections of the tenant, including deleted connections. A position in the list consists of
	// the external id and the id.
	Accounts(ctx context.Context, tenant domain.TenantID, filter AccountFilter,
		page domain.PageRequest) (domain.Page[domain.Account], error)

	// BriefAccounts returns the tenant's accounts that have one of the ids, in any order. If ids is nil, it returns
	// those that the vendor lists, of the connections that are not deleted. Only the members ID, Connection, Vendor,
	// ExternalID, Type, Name, Number, Currency and BankReadAt are set.
	BriefAccounts(ctx context.Context, tenant domain.TenantID, ids []domain.AccountID) ([]domain.Account, error)

	// Transactions returns a connection's transactions, including removed ones, ordered by
	// date, newest first, then by id descending. A position in the list consists of the date and the id.
	Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)

	BillLedger

	// Quarantine returns the rows in a connection's quarantine, newest first. A position in the list consists of
	// FirstSeenAt, formatted by domain.TimeKey, and the id.
	Quarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error)

	// Account returns one account. Errors: NotFound.
	Account(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error)

	// Transaction returns one transaction, even if it is removed. If asOf is not zero, it returns the version that was
	// in effect at that moment; see TransactionFilter.AsOf. Errors: NotFound, with asOf also if the transaction did not
	// exist yet or was removed at that moment, or is erased.
	Transaction(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
		asOf time.Time) (domain.Transaction, error)

	// Search returns the transactions that match the search, of all connections of the tenant, including deleted
	// connections. The order and the positions are the same as for Transactions. A call examines a bounded number of
	// transactions, so a page can have fewer items than Limit, or none. The last page is the one without Next.
	Search(ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch,
		page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// IndexTexts indexes transactions of all tenants that were stored or changed since they were last indexed. It
	// adds at most limit transactions to the search index, and at most limit to the stored sums by day, which Sum
	// reads. It returns the larger of the two numbers. A result below limit means that no more transactions are left.
	// Search and Sum also find transactions that were not added, but examine them one by one. A store without an
	// index returns 0.
	IndexTexts(ctx context.Context, limit int) (int, error)

	// Sum returns the sums of the live transactions that match the filter, by day and currency: the latest day first,
	// then by currency. Erased transactions are left out. The database computes the sums. Errors: domain.TooManyDays if
	// there would be more than domain.MaxDayTotals sums.
	Sum(ctx context.Context, tenant domain.TenantID, filter domain.SumFilter) ([]domain.DayTotal, error)

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
	// After domain.FeedEnd there are no changes: the page is empty, and FeedPage.Next is the present end of the feed.
	//
	// Changes also sets the field Adjusts of each transaction. If a change affects records of closed periods, Adjusts
	// is the last day of the earliest of these periods. If no closed period is affected, Adjusts is "".
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error)

	// Completeness returns the state that Pulls.Finish has stored for an account. It returns the zero state if no
	// settled pull (see SettledRead) has read the account. Completeness.Changed describes the records of the
	// account that have changed since its latest reading. Errors: NotFound if there is no such account.
	Completeness(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (books.Completeness, error)

	// Balances returns the last reading of an account's balance on each day of the window, newest first. Days without a
	// reading are omitted. For an unknown account, the list is empty. A position in the list consists of the day and
	// the id of the account.
	Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
		page domain.PageRequest) (domain.Page[books.AccountBalance], error)

	// UpdateCompleteness calls the function fn with the completeness of an account, and stores the result, in one
	// atomic change. After an error nothing has changed. Errors: NotFound if there is no such account; any error of fn.
	UpdateCompleteness(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		entries AuditEntries, fn func(books.Completeness) (books.Completeness, error)) (books.Completeness, error)

	// Snapshot calls the function fn with a view of an account, and returns the error of fn. The view is consistent: it
	// does not contain changes that commit while fn runs. Snapshot occupies a connection to the database until fn
	// returns. The view must not be used after fn has returned. Errors: NotFound if there is no such account.
	Snapshot(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		fn func(view AccountView) error) error
	Closes
	Decisions

	// FeedHold returns the oldest write transaction that is still open, of any tenant. If the change feed withholds
	// changes, this transaction is the reason.
	FeedHold(ctx context.Context) (FeedHold, error)
}
