package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// PullRequest requests a pull that no webhook asked for.
type PullRequest struct {
	ID      domain.PullID // used only if no pull is queued for the connection yet
	Scope   domain.PullScope
	Trigger domain.Trigger
	At      time.Time
	Trace   string // W3C traceparent; stored with a pull that is created for this request
}

// Claimed is a pull that a worker has claimed, with its connection.
type Claimed struct {
	Pull       domain.Pull
	Connection domain.Connection
	// Initial is set when no pull that started since the connection got its current target
	// has succeeded.
	Initial bool
	// Empty is set when Initial is set and no transaction of the connection is stored.
	Empty bool
}

// PageWrite is the change that one page makes.
type PageWrite struct {
	Accounts     []domain.AccountData
	Transactions []domain.TransactionData
	// AssumeNew hints that none of Transactions is stored yet. The store may skip the
	// lookup, but must still handle rows that do exist.
	AssumeNew bool
	// Unchanged is the number of rows of the page that are not among Transactions because
	// FilterUnchanged reported them as unchanged. They are only counted.
	Unchanged int
	// Removed are external ids to mark as removed. Ids that are unknown or already removed
	// are ignored. A row that is also among Transactions ends up removed: the vendor
	// announced its removal, and the data of a read may be older than that announcement.
	Removed []string
	// NewID generates ids for accounts and transactions that are stored for the first time.
	NewID      func() domain.TransactionID
	Progress   domain.Progress // the pull's progress after the page
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// SweepWrite describes what a complete read of a window returned.
type SweepWrite struct {
	Account    string // external id; "" for the rows of every account
	Window     domain.Window
	Seen       func(externalID string) bool // reports whether the read returned this row
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// Outcome is how an attempt of a pull ended.
type Outcome struct {
	State     domain.PullState // PullSucceeded, PullFailed, or PullQueued to retry
	LastError domain.Code      // "" when succeeded
	NotBefore time.Time        // the earliest time of the retry; PullQueued only
	// Attempts replaces the pull's attempt count: an attempt that must not count, because it
	// ended on our own rate budget or on a shutdown, is subtracted again.
	Attempts int
	// Health folds the attempt's findings into the connection's health; nil leaves it unchanged.
	Health func(domain.Health) domain.Health
	At     time.Time
}

// PullFilter narrows a list of pulls. The zero value does not narrow.
type PullFilter struct{ Connection domain.ConnectionID }

// PullRequests queues pulls and reads them.
type PullRequests interface {
	// Request queues a pull and its job, or merges the scope into the pull that is already
	// queued and has not started, in one atomic change. Errors: NotFound when the connection
	// is not a live aggregator connection of the tenant.
	Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r PullRequest) (domain.Pull, error)

	// Get returns one pull. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)

	// List returns pulls without their scopes and progress, newest first. Position: TimeKey
	// of CreatedAt, id.
	List(ctx context.Context, tenant domain.TenantID, filter PullFilter,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// PullExecution runs claimed pulls and stores their results. All of its methods act for the
// service itself. A lease's id is a fencing token: writes under a lease that was replaced
// fail with LeaseLost.
type PullExecution interface {
	// Claim assigns a pull to a worker: its state becomes Running, its attempt count rises
	// by one, and later writes are fenced by the lease's id. A pull can be claimed when it
	// is queued and due, or running under an expired lease. The first claim folds the
	// scopes of the pull's deliveries into the pull's own scope. Errors: NotDue (Conflict)
	// with RetryAfter when the pull is not due yet, or must wait for another pull of its
	// connection that is under way; NotFound when there is nothing left to run, also when
	// the connection is not live: the pull has then failed (connection_deleted).
	Claim(ctx context.Context, lease domain.Lease, at time.Time) (Claimed, error)

	// FilterUnchanged reports for each raw transaction, in order, whether the connection has
	// a row of that external id which is not removed and was stored with the same content
	// hash. A transaction with the zero content hash is never reported as unchanged. The
	// result stays valid until the next write to the connection's rows, which only the
	// holder of a lease makes.
	FilterUnchanged(ctx context.Context, connection domain.ConnectionID,
		seen []domain.RawTransaction) ([]bool, error)

	// StorePage upserts the rows of a page, writes the pull's progress and extends the lease,
	// in one atomic change. Rows are compared by digest:
	//
	//   - a new row is inserted with version 1;
	//   - a row that differs, or was removed, is updated: its version rises and its id stays;
	//   - an equal row is left unchanged, except that it takes the content hash it was just
	//     read with.
	//
	// A row that occurs twice in a page counts once; the later one is stored. A transaction
	// whose account is unknown is stored without an account. The counts are added to the
	// pull's counts and returned. Errors: LeaseLost (Conflict) with nothing written, also
	// when the connection was deleted.
	StorePage(ctx context.Context, lease domain.Lease, w PageWrite) (domain.Counts, error)

	// Sweep marks the rows of the window that were not seen as removed and extends the
	// lease, in one atomic change. Errors: LeaseLost (Conflict).
	Sweep(ctx context.Context, lease domain.Lease, w SweepWrite) (domain.Counts, error)

	// Finish ends an attempt and its lease in one atomic change. When the pull is over, the
	// pull that is queued after it gets its job. Errors: LeaseLost (Conflict).
	Finish(ctx context.Context, lease domain.Lease, o Outcome) error
}

// PullMaintenance finds pulls and connections that need attention. All of its methods act
// for the service itself.
type PullMaintenance interface {
	// ListStuck returns at most limit pulls that no worker will pick up: due for longer than
	// grace, or running under an expired lease.
	ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error)

	// ListDueForReconcile returns at most limit live aggregator connections, ordered by id,
	// that were created before since, have no pull queued or under way, and have no pull
	// that succeeded or failed at or after since. A connection whose last pull failed is
	// therefore not requested again in every round.
	ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error)

	// OldestOpen returns the CreatedAt of the oldest pull that is not over; the zero time if
	// there is none.
	OldestOpen(ctx context.Context) (time.Time, error)
}

// Pulls stores pulls and the data they read. It is what a store implements; clients depend
// on the part they use. At most one pull of a connection is under way (running, or queued
// for a retry) and at most one more is queued after it. The store enforces this across any
// number of processes.
type Pulls interface {
	PullRequests
	PullExecution
	PullMaintenance
}

// TransactionFilter narrows a list of transactions. Zero members do not narrow.
type TransactionFilter struct {
	Window  domain.Window
	Account domain.AccountID
	Status  domain.TransactionStatus
}

// Ledger reads the data that pulls stored.
type Ledger interface {
	// Accounts returns a connection's accounts ordered by external id. Position: external id, id.
	Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Account], error)

	// Transactions returns a connection's transactions, including removed ones, ordered by
	// date, newest first, then by id descending. Position: date, id.
	Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// Changes returns the tenant's transactions in the order of their last change, each in
	// its current version. A change that commits later never gets a position before one that
	// was already returned, however long its writer took. To guarantee this, a store may
	// withhold changes while a writer that started before them is still running. Position:
	// opaque, the store's own.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error)
}
