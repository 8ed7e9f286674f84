package ports

import (
	"context"
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
	// Initial is set when no pull has succeeded yet for the connection's current target. Only
	// pulls that started after the target was set count.
	Initial bool
	// Empty is set when Initial is set and the store contains no transaction of the connection.
	Empty bool
}

// PageWrite describes what PullExecution.StorePage writes for one page.
type PageWrite struct {
	Accounts     []domain.AccountData
	Transactions []domain.TransactionData
	// AssumeNew hints that none of Transactions is stored yet. The store may skip the
	// lookup, but must still handle rows that do exist.
	AssumeNew bool
	// Unchanged is the number of rows of the page that are missing from Transactions because
	// FilterUnchanged reported them as unchanged. The store only adds it to the counts.
	Unchanged int
	// Removed are the external ids of rows to mark as removed. Ids that are unknown or already
	// removed are ignored. A row that is also in Transactions is marked as removed as well: the
	// vendor announced its removal, and the data that was read may be older than the
	// announcement.
	Removed []string
	// NewID generates ids for accounts and transactions that are stored for the first time.
	NewID      func() domain.TransactionID
	Progress   domain.Progress // the pull's progress after this page
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// SweepWrite describes the result of a complete read of a window.
type SweepWrite struct {
	Account    string // external id of the account that was read; "" if all accounts were read
	Window     domain.Window
	Seen       func(externalID string) bool // reports whether the read returned the row with this external id
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// Outcome describes how an attempt of a pull ended.
type Outcome struct {
	State     domain.PullState // PullSucceeded, PullFailed, or PullQueued if the pull will be retried
	LastError domain.Code      // "" if the pull succeeded
	NotBefore time.Time        // the earliest time of the retry; only if State is PullQueued
	// Attempts is the pull's new attempt count; it replaces the stored count. Claim has already
	// counted the attempt. An attempt that must not count, because it ended on our own rate
	// budget or on a shutdown, is subtracted here.
	Attempts int
	// Health returns the connection's health after the attempt, given its health before it. nil
	// leaves the health unchanged.
	Health func(domain.Health) domain.Health
	At     time.Time
}

// PullFilter narrows a list of pulls. The zero value does not narrow the list.
type PullFilter struct{ Connection domain.ConnectionID }

// PullRequests queues pulls and reads them.
type PullRequests interface {
	// Request queues a pull and its job in one atomic change. If a pull of the connection is
	// already queued and has not started, Request merges the scope into that pull instead.
	// It returns the new or changed pull. Errors: NotFound when the connection is not a live
	// aggregator connection of the tenant.
	Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r PullRequest) (domain.Pull, error)

	// Get returns one pull. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)

	// List returns pulls without their scopes and progress, newest first. A position in the
	// list is the TimeKey of CreatedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, filter PullFilter,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// PullExecution claims pulls for a worker and stores what the worker reads. All of its
// methods act for the service itself. The id of a lease is a fencing token: a write under a
// lease that was replaced by a newer lease fails with LeaseLost.
type PullExecution interface {
	// Claim assigns a pull to a worker: the pull's state becomes Running, its attempt count
	// increases by one, and the lease's id fences later writes. A pull can be claimed when it
	// is queued and due, or when it is running under an expired lease. The first claim merges
	// the scopes of the pull's deliveries into the pull's own scope.
	//
	// Errors: NotDue (Conflict) with RetryAfter when the pull is not due yet, or must wait
	// because another pull of its connection is under way. NotFound when there is nothing left
	// to run, including when the connection is not live; in that case Claim has marked the
	// pull as failed (connection_deleted).
	Claim(ctx context.Context, lease domain.Lease, at time.Time) (Claimed, error)

	// FilterUnchanged reports for each raw transaction, in order, whether it is unchanged:
	// the connection has a row with this external id, the row is not removed, and it was
	// stored with the same content hash. A transaction with the zero content hash is never
	// reported as unchanged. The result stays valid until the next write to the connection's
	// rows. Only the holder of a lease makes such writes.
	FilterUnchanged(ctx context.Context, connection domain.ConnectionID,
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
	// A row that occurs twice in a page counts as one row; the later occurrence is stored. A
	// transaction whose account is unknown is stored without an account. StorePage returns the
	// counts of this page and adds them to the pull's counts. Errors: LeaseLost (Conflict)
	// when the lease was replaced or the connection was deleted; nothing is written then.
	StorePage(ctx context.Context, lease domain.Lease, w PageWrite) (domain.Counts, error)

	// Sweep marks the rows of the window that the read did not return as removed and extends
	// the lease, in one atomic change. It returns the counts of the change. Errors: LeaseLost
	// (Conflict).
	Sweep(ctx context.Context, lease domain.Lease, w SweepWrite) (domain.Counts, error)

	// Finish ends an attempt and its lease in one atomic change. When the pull has succeeded
	// or failed, the same change queues the job of the connection's next pull, if one is
	// queued after it. Errors: LeaseLost (Conflict).
	Finish(ctx context.Context, lease domain.Lease, o Outcome) error
}

// PullMaintenance finds pulls and connections that need attention. All of its methods act
// for the service itself.
type PullMaintenance interface {
	// ListStuck returns at most limit pulls that no worker will pick up unless their job is
	// queued again: pulls that have been due for longer than grace, and pulls that run under an
	// expired lease.
	ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error)

	// ListDueForReconcile returns at most limit live aggregator connections, ordered by id,
	// that were created before since, have no complete pull queued or under way, and have no
	// complete pull that succeeded or failed at or after since. Complete pulls that failed count
	// as well, so a connection whose last complete pull failed is not requested again in every
	// round.
	//
	// A complete pull reads everything that the vendor has: its scope requests everything, or
	// Claimed.Initial was set. The scopes of a pull's deliveries count from its first claim on.
	// All other pulls are ignored. A connection whose events arrive without a pause has such a
	// pull at any time, so it would otherwise never be due.
	ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error)

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
	Window  domain.Window
	Account domain.AccountID
	Status  domain.TransactionStatus
}

// Ledger reads the accounts and transactions that pulls have stored.
type Ledger interface {
	// Accounts returns a connection's accounts ordered by external id. A position in the list
	// is the external id and the id.
	Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Account], error)

	// Transactions returns a connection's transactions, including removed ones, ordered by
	// date, newest first, then by id descending. A position in the list is the date and the id.
	Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// Changes returns the tenant's transactions in the order of their last change, each in its
	// current version. A change that commits later never gets a position before a change that
	// was already returned, however long its writer took. To guarantee this, a store may
	// withhold changes while a writer that started before these changes is still running. The
	// position is opaque: only the store that returned it can interpret it.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error)
}
