package records

import (
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// Matching tells how a write reads the evidence by which it recognises that a new row replaces a removed row. A nil
// *Matching means that no rows are matched.
type Matching struct {
	// RowOf returns the evidence that a row contains, including evidence that only its metadata states. It is a pure
	// function. If RowOf is nil, the metadata is not used.
	RowOf func(data domain.TransactionData, account domain.AccountID) banktext.Row
	// Reserve reserves memory for a comparison of this number of rows of the tenant. If wait is not set, Reserve does
	// not wait for memory. The result releases the memory. If Reserve is nil, the memory is not bounded. Errors: those
	// of the budget.
	Reserve func(tenant domain.TenantID, rows int, wait bool) (release func(), err error)
	// Turn waits until comparisons of this number of rows of the tenant may be made. The result ends the turn. If Turn
	// is nil, they may always be made. Errors: those of the wait.
	Turn func(tenant domain.TenantID, rows int) (end func(), err error)
	// Compared is called with the cost of each comparison of rows. It may be nil.
	Compared func(matching.Cost)
}

// reserve calls m.Reserve, if there is one.
func (m *Matching) reserve(tenant domain.TenantID, rows int, wait bool) (release func(), err error) {
	if m == nil || m.Reserve == nil {
		return func() {}, nil
	}
	return m.Reserve(tenant, rows, wait)
}

// turn calls m.Turn, if there is one.
func (m *Matching) turn(tenant domain.TenantID, rows int) (end func(), err error) {
	if m == nil || m.Turn == nil {
		return func() {}, nil
	}
	return m.Turn(tenant, rows)
}

// compared calls m.Compared, if there is one.
func (m *Matching) compared(cost matching.Cost) {
	if m != nil && m.Compared != nil {
		m.Compared(cost)
	}
}

// Row returns the evidence that a row contains, within the limits of banktext.Row.Bounded. If m is nil, the metadata is
// not used.
func (m *Matching) Row(data domain.TransactionData, account domain.AccountID) banktext.Row {
	if m == nil || m.RowOf == nil {
		return banktext.NewRow(data, account, domain.InstitutionKeys{}).Bounded()
	}
	return m.RowOf(data, account).Bounded()
}

// PageWrite describes what a store writes for one page of a pull.
type PageWrite struct {
	Accounts []domain.AccountData
	// Listed is set if Accounts is the vendor's own list of accounts. If Listed is not set, Accounts was derived from
	// rows, and the vendor may no longer list these accounts.
	Listed       bool
	Transactions []domain.TransactionData
	// AssumeNew hints that none of Transactions is stored yet. The store may skip the
	// lookup, but must still handle rows that do exist.
	AssumeNew bool
	// Outdated reports whether a row is an earlier version than the stored one, because the vendor's list has the row
	// twice. Such a row changes nothing. It is nil if no row of the page occurs twice in its list.
	Outdated func(stored, row *domain.TransactionData) bool
	// Unchanged is the number of rows of the page that Transactions omits, because a filter has
	// found them unchanged. It is only added to the counts.
	Unchanged int
	// Removed contains the external ids of rows to mark as removed. Ids of unknown or removed rows are ignored. A row
	// in both Transactions and Removed is marked as removed, because the row may have been read before the vendor
	// announced the removal. A removal may be held back, because it is part of a mass removal; see
	// domain.AnnouncedSum.
	Removed []string
	// Announced contains the external ids of rows that later writes of the pull mark as removed. They are only stored,
	// so that all announced removals of the pull are judged together.
	Announced []string
	// Waits is set if every row of Removed is held back, because the vendor cannot read the account reference now: the
	// consent has ended, or the account holder must sign in again. A later complete listing decides about the rows.
	Waits bool
	// Confirmed is set if no row of Removed is held back, because an operator has confirmed the removals.
	Confirmed bool
	// Quarantined are rows to add to the quarantine. They replace quarantined rows with the same key.
	Quarantined []domain.UnreadableData
	// Released are the keys of rows that leave the quarantine. If a key is also in Quarantined, its row
	// stays.
	Released []domain.QuarantineKey
	// Matching decides whether a new row replaces a removed row; nil if no rows are matched. Even if Matching is nil, a
	// row with a former external id of a transaction belongs to this transaction.
	Matching *Matching
	// Unmatched are the external ids of rows in Transactions that must never replace another row, in this write or in a
	// later one. Only a new row may replace another row, and it is not certain that these rows are new.
	Unmatched []string
	// AccountRef is the account reference under which the data was read. The store records the reference in each
	// account that it stores for the first time.
	AccountRef string
	// Present contains the external ids of all accounts that the vendor lists now, also of those that cannot be read;
	// "" means an id that cannot be read. It is nil if Accounts is not the vendor's list.
	Present []string
	// Identity returns the facts that identify an account. It is a pure function. If it is nil, no fact is known.
	Identity func(domain.AccountData) domain.AccountIdentity
	// MaybeContinues contains, by external id, the accounts of deleted connections that an account may continue. Only
	// an account that is stored for the first time gets them.
	MaybeContinues map[string][]domain.AccountID
	// Staged describes how the rows are staged (stored, but invisible to readers before a Publication). It is nil if
	// the rows become visible immediately.
	Staged *Staging
	// ReadRows contains the rows that the pull has read so far; nil if they are not known. The decision about this
	// page uses it instead of Progress.Listed. Only Progress.Listed is stored.
	ReadRows *domain.ListedRows
	// Coverage determines which new rows are late; see domain.Counts.
	Coverage domain.Coverage
	// NewID generates ids for accounts and transactions that are stored for the first time.
	NewID      func() domain.TransactionID
	Progress   domain.Progress // the pull's progress after this page
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// IsEmpty reports whether the write contains nothing to compare and nothing to stage. It then only stores the progress
// and the lease.
func (w PageWrite) IsEmpty() bool {
	return w.Staged == nil &&
		max(
			len(w.Accounts),
			len(w.Transactions),
			len(w.Removed),
			len(w.Announced),
			len(w.Quarantined),
			len(w.Released),
		) == 0
}

// Staging describes how the rows of a page are staged. Staged rows are stored, but invisible to readers before a
// Publication.
type Staging struct {
	Step int // number of the step to which the page belongs
	// Restart is set if no page of the step was written before. The write then first deletes the staged rows of this
	// step and of all later steps.
	Restart bool
}

// KeyOf returns the key by which an account is found in other connections; see domain.AccountIdentity.Key and
// matching.AcrossConnections. It returns "" if Identity is nil.
func (w PageWrite) KeyOf(account domain.AccountData) string {
	if w.Identity == nil {
		return ""
	}
	return matching.AcrossConnections(w.Identity(account)).Key(account)
}

// SweepWrite describes a complete listing of a window of dates. The listing is compared with the stored rows, to find
// the rows that the vendor has removed.
type SweepWrite struct {
	Account string // external id of the listed account; "" if all accounts were listed
	Window  domain.Window
	// Accounts contains the external ids of the accounts that the vendor lists; nil if they are not known. If the
	// listing contains no row of another account, it says nothing about its rows: the list of accounts decides about
	// the account (see SweepAccounts), and its rows stay.
	Accounts []string
	Seen     func(externalID string) bool // reports whether the listing contains the row with this external id
	// ShownBefore reports whether the pull has returned the row before this listing; see domain.ReplacementInput.
	ShownBefore func(externalID string) bool
	Proof       domain.AbsenceProof // how many listings without a row prove its removal
	Sync        domain.SyncTime     // the vendor's synchronisation that the listing shows
	// Stream is set if the listing is the vendor's stream of changes, read from its start. It then contains every row
	// that the vendor has shown during the pull and still has. A row that the pull has stored and the listing lacks was
	// therefore removed, also if Proof is TwoReads.
	Stream bool
	// CollectedFrom contains one time for each account: the earliest collection time of the listed rows. The keys are
	// the external ids of the accounts. CollectedFrom is set only if Proof is TwoReads and CollectedAt is not nil.
	CollectedFrom map[string]time.Time
	// CollectedAt returns when the vendor collected the row with this metadata; zero if the time is not known. The
	// field CollectedAt is nil if the vendor does not purge rows.
	CollectedAt func(metadata json.RawMessage) time.Time
	// Page contains the listed rows that no page write has stored yet. They are stored in the same atomic change as
	// the removals. A removed row and the new row that replaces it thus become one change.
	//
	//   - Page.Progress is stored if it is not the zero value.
	//   - Page.Removed, Page.At and Page.LeaseUntil are ignored.
	Page       PageWrite
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// PublishedAccount is an account of a new account reference.
type PublishedAccount struct {
	Data   domain.AccountData
	Listed bool // see PageWrite
	// Continues is the id of the stored account that continues as Data: both are the same bank account. It is zero if
	// there is no such account.
	Continues domain.AccountID
	// MaybeContinues contains the accounts of deleted connections that a new account may continue.
	MaybeContinues []domain.AccountID
}

// Publication describes the accounts of a new account reference. A store stores these accounts, and publishes the
// staged rows of the connection: it makes them visible in one step.
type Publication struct {
	Target     string // the connection's target that was read; see domain.Connection
	AccountRef string
	Accounts   []PublishedAccount
	// Unreadable are the external ids of the listed accounts that cannot be read.
	Unreadable []string
	// Open is set if an account of a deleted connection has no successor among Accounts, although one of Accounts
	// continues another account of that connection.
	Open bool
	// Unproved is set if the listing may be incomplete, for example because the vendor was synchronising. A row or
	// account that is not listed may then still exist. Publish therefore marks nothing as removed. It publishes all
	// staged rows, and Published.Complete is true.
	Unproved   bool
	Matching   *Matching                                       // nil if no rows are matched
	Identity   func(domain.AccountData) domain.AccountIdentity // see PageWrite
	Coverage   domain.Coverage                                 // see PageWrite
	NewID      func() domain.TransactionID
	Progress   domain.Progress
	At         time.Time
	LeaseUntil time.Time
}

// Published contains what a Publication has changed, and whether it has published all staged rows.
type Published struct {
	Counts domain.Counts
	// Complete reports whether all staged rows were published.
	//
	// The successor of an account is the same bank account under the new reference. An account that is unreadable, or
	// that the vendor has listed in an earlier attempt only, may be the unknown successor of an earlier account.
	// Complete is false if an earlier account has no successor for this reason. The rows of the possible successors
	// then remain staged.
	Complete bool
}
