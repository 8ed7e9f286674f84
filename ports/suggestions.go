package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// Suggestion is a pair of records that may be one movement at the bank.
type Suggestion = records.Suggestion

// RecordPair contains the ids of a removed record and of the record that may continue it.
type RecordPair struct{ Old, New domain.TransactionID }

// AccountPair contains the ids of an account that is gone and of the stored account that continues it.
type AccountPair struct{ Old, New domain.AccountID }

// MaxPairs is the maximum number of pairs in one request that joins or dismisses pairs.
const MaxPairs = 200

// Decision describes the decision of an operator about records.
type Decision struct {
	Actor   string // the operator; kept in the history of the records
	Reason  string // kept in the history of the records; "" if the operator gave none
	At      time.Time
	Entries AuditEntries
}

// Decisions stores suggestions, and the decisions of operators on which records are one movement. Each change is
// atomic. Pulls of the same connection cannot write during a change.
type Decisions interface {
	// Suggestions returns the suggestions in the states open and join_undone of a connection, newest first. If
	// connection is zero, it returns those of all connections of the tenant, including deleted ones. A position in the
	// list consists of the time and the old record, formatted by records.Suggestion.Position, and the id of the new
	// record.
	Suggestions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[Suggestion], error)

	// Suggestion returns the suggestion for two records, in any state. Errors: NotFound.
	Suggestion(ctx context.Context, tenant domain.TenantID, pair RecordPair) (Suggestion, error)

	// Split undoes the last replacement of a transaction, and returns the transaction. In a replacement, the old row of
	// the transaction was removed, and a new row became the transaction's current row. Split has these effects:
	//
	//   - The old row becomes the current row again, and the transaction is marked as removed.
	//   - The new row returns to its previous transaction. If it has none, it becomes a new transaction with the id
	//     newID.
	//   - The two rows are never matched again, and the suggestions with one of the records end.
	//
	// Errors: NotFound; Conflict (nothing_to_undo) if the transaction has replaced no row.
	Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID,
		decision Decision) (domain.Transaction, error)

	// Join makes the row of pair.New the current row of the removed record pair.Old, and returns pair.Old; see
	// records.Join. Errors: NotFound; Conflict (not_joinable).
	Join(ctx context.Context, tenant domain.TenantID, pair RecordPair, decision Decision) (domain.Transaction, error)

	// Exclude stores that a transaction counts nowhere, because the vendor shows its movement twice, and returns the
	// transaction; see records.Exclude. by is the operator who has decided it. Errors: NotFound; Conflict
	// (not_excludable).
	Exclude(ctx context.Context, tenant domain.TenantID, id domain.TransactionID, by string,
		decision Decision) (domain.Transaction, error)

	// Include takes an exclusion back, and returns the transaction; see records.Include. Errors: NotFound; Conflict
	// (not_excludable).
	Include(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
		decision Decision) (domain.Transaction, error)

	// Dismiss stores the decision that the records of each pair are different movements at the bank; see
	// records.Dismiss. It stores all pairs or none, at most MaxPairs. A pair that was dismissed before does not
	// change. Errors: NotFound; Conflict (not_joinable).
	Dismiss(ctx context.Context, tenant domain.TenantID, pairs []RecordPair, decision Decision) error

	// ForgetCandidates clears Account.MaybeContinues, and returns the account. Errors: NotFound; Conflict
	// (account_not_ambiguous) if it is empty.
	ForgetCandidates(ctx context.Context, tenant domain.TenantID, account domain.AccountID, at time.Time,
		entries AuditEntries) (domain.Account, error)

	// MergeAccounts makes the account pair.Old, which is gone, continue as the stored account pair.New, which ends; see
	// records.Merge. It returns pair.Old, which then belongs to the connection of pair.New. The function matching
	// returns the Matching for a vendor. Errors: NotFound; those of records.CheckMerge.
	MergeAccounts(ctx context.Context, tenant domain.TenantID, pair AccountPair,
		matching func(domain.Vendor) *Matching, decision Decision) (domain.Account, error)

	// ApplyRemovals applies the removals of an account that are held back: it marks their rows as removed in versions
	// of the operator, and returns the number of rows; see records.ApplyHeld. The function matching returns the
	// Matching for a vendor. Errors: NotFound; Conflict (no_held_removals).
	ApplyRemovals(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		matching func(domain.Vendor) *Matching, decision Decision) (int, error)
}
