package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// PullRequest asks for a pull outside the door.
type PullRequest struct {
	ID      domain.PullID // used if none is queued for the connection yet
	Scope   domain.PullScope
	Trigger domain.Trigger
	At      time.Time
	Trace   string // kept with a pull that is made for it
}

// Claimed is a pull in a worker's hands.
type Claimed struct {
	Pull       domain.Pull
	Connection domain.Connection
	// First: no pull that began since the connection points where it does has succeeded.
	Initial bool
	// Bare: First, and not one transaction of the connection is stored.
	Empty bool
}

// PageWrite is what one page changes.
type PageWrite struct {
	Accounts     []domain.AccountData
	Transactions []domain.TransactionData
	// Fresh says that none of Transactions is thought to be stored. A store may spare itself
	// to look, but must not be wrong where the word is.
	AssumeNew bool
	// Unchanged is how many rows of the page are not among Transactions, because Known
	// said so. They are counted alone.
	Unchanged int
	// Removed are external ids to mark as removed; unknown and removed ones are passed over.
	// A row that is among Transactions too ends removed: the vendor announced that it is
	// gone, and what a read shows may be older than that.
	Removed []string
	// NewID makes ids for accounts and transactions seen for the first time.
	NewID    func() domain.TransactionID
	Progress domain.Progress // where the pull stands after the page
	At       time.Time
	Until    time.Time // the lease's new end
}

// SweepWrite names what a complete read of a window showed.
type SweepWrite struct {
	Account string // external id; "" for rows of every account
	Window  domain.Window
	Seen    func(externalID string) bool
	At      time.Time
	Until   time.Time
}

// Outcome is how a try of a pull ended.
type Outcome struct {
	State     domain.PullState // PullSucceeded, PullFailed, or PullQueued to try again
	LastError domain.Code      // "" when succeeded
	NotBefore time.Time        // PullQueued only
	// Attempts replaces the pull's count: a try that cost nothing (our own budget, a
	// shutdown) is given back.
	Attempts int
	// Health folds what the try showed into the connection's health; nil leaves it.
	Health func(domain.Health) domain.Health
	At     time.Time
}

// PullFilter narrows a list of pulls.
type PullFilter struct{ Connection domain.ConnectionID }

// Pulls keeps pulls and what they bring. Of one connection at most one pull is under
// way (running, or queued after a first try) and at most one is queued behind it; the
// store holds that against any number of processes.
type Pulls interface {
	// Request queues a pull and its job, or merges the ask into the pull that is already
	// queued and not begun, as one change. Errors: NotFound when the connection is not a
	// live aggregator connection of the tenant.
	Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, r PullRequest) (domain.Pull, error)

	// Get reads one. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)

	// List gives pulls without asks and progress, newest first. Position: Instant of
	// CreatedAt, id.
	List(ctx context.Context, tenant domain.TenantID, filter PullFilter, page domain.PageRequest) (domain.Page[domain.Pull], error)

	// Claim takes a pull for a worker: Running, one more attempt, fenced by the lease's
	// id. It takes one that is queued and due, or running under a lease that has ended.
	// The first claim folds the asks of its deliveries into the pull's. Errors: NotDue
	// (Conflict) with RetryAfter when it waits for its time, or for another pull of its
	// connection that is under way; NotFound when there is nothing left to run, also when
	// the connection is not live: the pull has then failed (connection_deleted).
	// It acts for the service itself, like every method below.
	Claim(ctx context.Context, lease domain.Lease, at time.Time) (Claimed, error)

	// Known says of each sighting, in their order, whether the connection has a row of that
	// external id which is not removed and was stored with this very source. One with the
	// zero source is never known. It holds until the next write to the connection's rows,
	// which only the holder of a lease makes.
	FilterUnchanged(ctx context.Context, connection domain.ConnectionID, seen []domain.RawTransaction) ([]bool, error)

	// StorePage writes a page and the pull's progress as one change, and extends the
	// lease. A row is compared by digest: new ones are added (version 1), differing or
	// removed ones written with the version raised and their id kept, equal ones left
	// untouched, but for the source they are known by from then on. A row that stands twice in a page counts once, the later one. A
	// transaction whose account is unknown is stored without one. The counts are added to
	// the pull's, and returned. Errors: LeaseLost (Conflict) with nothing written, also
	// when the connection was deleted.
	StorePage(ctx context.Context, lease domain.Lease, w PageWrite) (domain.Counts, error)

	// Sweep marks as removed the rows of the window that were not seen, as one change,
	// and extends the lease. Errors: LeaseLost.
	Sweep(ctx context.Context, lease domain.Lease, w SweepWrite) (domain.Counts, error)

	// Finish ends a try and the lease as one change; a pull queued behind this one gets
	// its job if this one is over. Errors: LeaseLost.
	Finish(ctx context.Context, lease domain.Lease, o Outcome) error

	// Stranded gives up to limit pulls that nobody will run: due for longer than grace
	// with nobody at work, or running under a lease that has ended.
	ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error)

	// Idle gives up to limit live aggregator connections, by id, that were created before
	// since and have no pull queued or under way and none that ended, well or badly, at or
	// after since: one that fails is not asked again at every round.
	ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error)

	// Backlog gives the CreatedAt of the oldest pull that is not over; zero if none.
	OldestOpen(ctx context.Context) (time.Time, error)
}

// TransactionFilter narrows a list of transactions. Zero members do not narrow.
type TransactionFilter struct {
	Window  domain.Window
	Account domain.AccountID
	Status  domain.TransactionStatus
}

// Ledger reads what pulls brought.
type Ledger interface {
	// Accounts gives a connection's accounts by external id. Position: external id, id.
	Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest) (domain.Page[domain.Account], error)

	// Transactions gives a connection's transactions, removed ones too, by date, newest
	// first, then id descending. Position: date, id.
	Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)

	// Changes gives the tenant's transactions in the order of their last change, each as
	// it stands now. A change that commits later is never behind a position handed out
	// earlier, however long its writer took: for that a store may hold changes back while
	// anybody who began to write before them is at it. Position: the store's own, opaque.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error)
}
