package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Erasing erases connections.
type Erasing interface {
	// EraseConnection deletes the connection, if it is not deleted yet, and requests the erasure of all its data. If
	// atVendor is true, it also requests that the vendor deletes the account reference. If an erasure of the connection
	// is running or done, that erasure is returned. Errors: NotFound unless the id belongs to an aggregator connection
	// of the tenant, live or deleted; Conflict (not_offered) if the vendor cannot delete account references; Conflict
	// (already_erased) if the connection was erased without asking the vendor.
	EraseConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
		atVendor bool) (domain.Erasure, error)
	// GetErasure returns one erasure. Errors: NotFound.
	GetErasure(ctx context.Context, tenant domain.TenantID, id domain.ErasureID) (domain.Erasure, error)
	// ListErasures returns the erasures of the tenant, newest first.
	ListErasures(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.Erasure], error)
}

// ClaimedErasure is an erasure that is assigned to a worker, with its connection.
type ClaimedErasure struct {
	Erasure    domain.Erasure
	Connection domain.Connection
}

// Erasures stores erasures of connections, and erases the data of connections in batches. A worker claims an erasure
// until the DueAt of the erasure. DueAt is also the fencing token of the claim: a write under a claim that was replaced
// fails with LeaseLost (Conflict), and changes nothing.
type Erasures interface {
	// Start requests the erasure of an aggregator connection, live or deleted. In one atomic change, it deletes the
	// connection as Connections.Update does if it is live, marks the connection as erased, and stores the erasure. If
	// the connection has an erasure already, the method Repeat of its latest domain.Erasure decides what happens
	// instead. If calls are concurrent, only one of them starts the erasure. Errors: NotFound; those of Repeat.
	Start(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r domain.ErasureRequest) (domain.Erasure, error)

	// Get returns one erasure. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.ErasureID) (domain.Erasure, error)

	// List returns the erasures of the tenant, newest first. A position in the list consists of the TimeKey of
	// CreatedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.Page[domain.Erasure], error)

	// Claim returns at most limit running erasures that are due (DueAt <= at), and sets their DueAt to the time at
	// which the claim ends (until). If calls are concurrent, only one of them returns a given erasure. It is not
	// limited to one tenant.
	Claim(ctx context.Context, at, until time.Time, limit int) ([]ClaimedErasure, error)

	// EraseBatch erases at most limit rows of one table and advances Place, which records how far the erasure has come,
	// past these rows, in one atomic change. It extends the claim to until and returns the updated erasure. At the end
	// of a pass over all tables, it resets Place to the beginning and increments Passes. A pass does the following:
	//
	//   - it ends the open pulls of the connection, so that no worker writes for them afterwards;
	//   - it deletes accounts, completeness, balances, closes, adjustments, quarantine, pulls, deliveries, and the
	//     store's records about rows that were removed or replaced;
	//   - it deletes the histories of transactions, and replaces each transaction as domain.Transaction.Erase does,
	//     which is a change in the feed. A transaction that is erased already is not changed;
	//   - it removes the name of the connection (domain.Connection.EraseData), and deletes the connection's tokens that
	//     have no webhook at the vendor;
	//   - it deletes the tenant's stored responses (IdempotencyStore) that contain the id of the connection or of one
	//     of its accounts, except responses that contain the id of an erasure of the connection;
	//   - it clears the body, the scope and the event id of each delivery of the tenant that contains the account
	//     reference, unless the connection of the delivery has the same account reference.
	//
	// Nothing else is changed. Errors: LeaseLost.
	EraseBatch(ctx context.Context, e domain.Erasure, at, until time.Time, limit int) (domain.Erasure, error)

	// Save stores DueAt, LastError, Attempts, VendorDone, Passes and Place of an erasure. The caller also passes the
	// DueAt that Claim or EraseBatch has set (claimed). Errors: LeaseLost.
	Save(ctx context.Context, e domain.Erasure, claimed time.Time) error

	// End ends the erasure with the status of e. With ErasureDone it first removes the credential and the account
	// reference (domain.Connection.EraseAccess) and the remaining tokens of the connection. A store may make the
	// removal and the end in two atomic changes: until the second one, the erasure is still running, and End can be
	// repeated. In two cases the erasure stays running, and ended is false. If the vendor must still be asked to delete
	// the account reference, nothing changes. If the vendor may still have a webhook of one of the tokens, only the
	// account reference and the tokens without a webhook are removed. Errors: LeaseLost.
	End(ctx context.Context, e domain.Erasure, at time.Time) (ended bool, err error)
}
