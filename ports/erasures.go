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
	// is running or done, that erasure is returned. Errors:
	//
	//   - NotFound if the tenant has no aggregator connection with this id, live or deleted.
	//   - Conflict (not_offered) if the vendor cannot delete account references.
	//   - Conflict (already_erased) if atVendor is true, but the connection was erased without asking the vendor.
	EraseConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
		atVendor bool) (domain.Erasure, error)
	// GetErasure returns one erasure. Errors: NotFound.
	GetErasure(ctx context.Context, tenant domain.TenantID, id domain.ErasureID) (domain.Erasure, error)
	// ListErasures returns the erasures of the tenant, newest first.
	ListErasures(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.Erasure], error)
}

// ClaimedErasure contains an erasure that is assigned to a worker, and the connection to be erased.
type ClaimedErasure struct {
	Erasure    domain.Erasure
	Connection domain.Connection
}

// Erasures stores erasures of connections, and erases the data of connections in batches.
//
// A worker must claim an erasure before it erases data. The field DueAt of the erasure is the end of the claim, and
// also the fencing token. After a newer claim has changed DueAt, a write under the older claim changes nothing and
// fails with LeaseLost (Conflict).
type Erasures interface {
	// Start requests the erasure of an aggregator connection, live or deleted. In one atomic change, it stores the
	// erasure and marks the connection as erased. If the connection is live, the same atomic change deletes it in the
	// same way as Connections.Update.
	//
	// If the connection has an erasure already, Start calls the method Repeat of the latest erasure, and stores the
	// result. Start stores a new erasure only if Repeat returns restart. Only one of several concurrent calls starts an
	// erasure. Errors: NotFound; the errors of domain.Erasure.Repeat.
	Start(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		r domain.ErasureRequest, entries AuditEntries) (domain.Erasure, error)

	// Get returns one erasure. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.ErasureID) (domain.Erasure, error)

	// List returns the erasures of the tenant, newest first. A position in the list consists of the TimeKey of
	// CreatedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.Page[domain.Erasure], error)

	// Claim returns at most limit running erasures that are due (DueAt <= now), and sets their DueAt to claimEnd. If
	// atVendor is set, it returns only erasures that must ask the vendor now (domain.Erasure.AsksVendor), and otherwise
	// only the others. Concurrent calls never return the same erasure. Claim is not limited to one tenant, but omits
	// the tenants in skip.
	Claim(ctx context.Context, now, claimEnd time.Time, atVendor bool, skip []domain.TenantID,
		limit int) ([]ClaimedErasure, error)

	// EraseBatch erases at most limit rows of one table, extends the claim to deadline, and returns the updated
	// erasure. In the same atomic change, it moves Place (the position that the erasure has reached) past these rows.
	// At the end of a pass over all tables, it resets Place to the beginning and increments Passes. A pass does the
	// following:
	//
	//   - It ends the open pulls of the connection, so that no worker writes for them afterwards.
	//   - It deletes the entries of MatcherEntries that are not open (lerianmatcher.Entry.IsOpen). A store may leave
	//     this to EraseMatcherEntries.
	//   - It deletes accounts, completeness, balances, closed periods, adjustments, quarantine, pulls, deliveries, and
	//     the store's records about rows that were removed or replaced.
	//   - It deletes the histories of transactions, and erases each transaction that is not erased yet
	//     (domain.Transaction.Erase). Each erased transaction is a change in the feed.
	//   - It removes the name of the connection (domain.Connection.EraseData), and deletes the connection's tokens that
	//     have no webhook at the vendor, and its link session.
	//   - It deletes the tenant's stored responses (IdempotencyStore) that contain the id of the connection or of one
	//     of its accounts. It keeps responses that contain the id of an erasure of the connection.
	//   - It clears the body, the scope and the event id of deliveries that contain the account reference in the body.
	//     Only deliveries of the tenant's other connections are cleared. If another connection has the same account
	//     reference, its deliveries do not change.
	//
	// Nothing else is changed. Errors: LeaseLost.
	EraseBatch(ctx context.Context, e domain.Erasure, now, deadline time.Time, limit int) (domain.Erasure, error)

	// EraseMatcherEntries deletes entries of the connection (MatcherEntries), at most limit of them: those that are not
	// open (lerianmatcher.Entry.IsOpen), or all if abandon is set. It marks the remaining entries that are not due, so
	// that their transactions are set to ignored. remain reports whether entries of the connection are left. Errors:
	// LeaseLost.
	EraseMatcherEntries(ctx context.Context, e domain.Erasure, now time.Time, abandon bool, limit int) (deleted int,
		remain bool, err error)

	// Save stores DueAt, LastError, Attempts, VendorDone, Passes and Place of an erasure. claimedDueAt is the DueAt
	// that Claim or EraseBatch has set. Errors: LeaseLost.
	Save(ctx context.Context, e domain.Erasure, claimedDueAt time.Time) error

	// End ends the erasure with the status of e, and reports whether the erasure has ended. It first removes the
	// credential and the account reference (domain.Connection.EraseAccess) and the remaining tokens of the connection.
	// It removes nothing if the status is ErasureFailed and the vendor must still be asked
	// (domain.Erasure.AwaitsVendor). In two cases, the erasure does not end:
	//
	//   - If the vendor must still be asked to delete the account reference, nothing is removed.
	//   - If the vendor may still have a webhook of a token, End removes only the account reference and the tokens
	//     without a webhook.
	//
	// A store may remove the data in one atomic change, and end the erasure in a second atomic change. Between the two
	// changes, the erasure is still running, and End can be repeated. Errors: LeaseLost.
	End(ctx context.Context, e domain.Erasure, at time.Time) (hasEnded bool, err error)
}
