package domain

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// TransactionStatus is the booking status of a transaction at the institution.
type TransactionStatus string

// The statuses of a transaction.
const (
	Pending TransactionStatus = "pending"
	Posted  TransactionStatus = "posted"
)

// Warning is a code for a doubtful transaction or for a problem of a connection. A consumer can check a doubtful
// transaction by hand.
type Warning string

// DirectionConflict means that the vendor's sign and the vendor's type of a transaction contradict each
// other. The documentation of each vendor's adapter states which of them determines the direction of Amount.
const DirectionConflict Warning = "direction_conflict"

// TransactionData is the vendor's current description of a transaction, in normalised form.
type TransactionData struct {
	ExternalID   string // unique within its connection
	Account      string // the account's external id; "" when the vendor names none
	Amount       Money
	AccountMoney *Money // Amount after conversion to the account's currency; nil if it was not converted
	Status       TransactionStatus
	Date         Date
	OccurredAt   time.Time // UTC; zero when the vendor states only a date
	Description  string
	Category     string
	Counterparty string
	References   References
	// CounterpartyDocument is the tax number of the other party; zero if it is unknown or masked.
	CounterpartyDocument PartyDocument
	// Card is what the vendor states about the row of a card; zero for a row of another account.
	Card     CardFacts       `json:",omitzero"`
	Warnings []Warning       // nil if there is none; no code occurs twice
	Metadata json.RawMessage // the vendor's own object, unchanged
	// ContentHash is stored with the row, but it is not part of the Digest and never appears in a response.
	// Its only purpose is to let a later pull recognise an unchanged row.
	ContentHash ContentHash
	// RowSHA256 is the SHA-256 hash of the row from which this version was created; nil if it is not known. The row is
	// hashed in the form in which the vendor sent it. Only Ledger.History returns this field.
	RowSHA256 []byte
	// Normalizer is the version of the normalisation rules that were applied; "" if it is not known. Only
	// Ledger.History returns this field.
	Normalizer string
}

// Transaction is a stored transaction. The pair of Connection and ExternalID is unique among transactions that are not
// superseded. ID never changes, even if the vendor replaces the row with another one. Transactions are never deleted;
// an erasure only removes their values (see Erase).
type Transaction struct {
	ID         TransactionID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	AccountID  AccountID // zero if the vendor's row has no account
	TransactionData
	Version     int // starts at 1; increases with each edit, removal and reappearance
	FirstSeenAt time.Time
	UpdatedAt   time.Time
	RemovedAt   time.Time // when the removal was detected; zero while the vendor still lists the row
	ErasedAt    time.Time // when the transaction was erased; zero otherwise
	Pull        PullID    // the pull that wrote this version; zero if it is not known
	// Supersedes contains the former rows of the transaction, oldest first.
	Supersedes []Superseded
	// Bill is the bill of a record of a card. It has no versions.
	Bill CardBill
	// SupersededBy is the older transaction to which the row of this transaction now belongs; zero if there is none. A
	// superseded transaction is always removed.
	SupersededBy TransactionID
	// ExcludedAt is when an operator has excluded the transaction; zero if it is not excluded. See Counts. ExcludedBy
	// is the operator.
	ExcludedAt time.Time
	ExcludedBy string
	// PossiblySupersedes contains the removed transactions that may be the same movement, because open suggestions name
	// them. It is nil if there are none.
	PossiblySupersedes []TransactionID
	// Reason is the text that an operator gave for the change that made this version; "" if there is none. Only
	// Ledger.History returns it.
	Reason string
	// Actor is the operator whose decision made this version; "" if no operator made it. Only Ledger.History returns
	// it.
	Actor string
	// Adjusts is set if a change of the transaction is an adjustment of a closed period. It is the last day of this
	// period, or the earliest last day if there are several such periods. It is "" if there is no such period. Only
	// Ledger.Changes and Subscriptions.Transactions set it.
	Adjusts Date
	// Changed contains the names of the members that differ from the previous version; see ChangedMembers. It is nil
	// for version 1, and if the previous version is not known. Only Ledger.Changes sets it.
	Changed []string
}

// Counts reports whether the transaction is part of sums, of the completeness of its account, of closed periods, of
// statements, and of comparisons with bank statements. It does not count if it is removed, excluded or erased.
func (t *Transaction) Counts() bool {
	return t.RemovedAt.IsZero() && t.ExcludedAt.IsZero() && !t.Erased()
}

// DatePosition returns the position of the transaction in a list that is ordered by date.
func (t Transaction) DatePosition() Position { return Position{Key: string(t.Date), ID: t.ID.UUID} }

// ChangeKind is the kind of change that an item of the change feed reports.
type ChangeKind string

// The kinds of changes.
const (
	Added    ChangeKind = "added"
	Modified ChangeKind = "modified"
	Removed  ChangeKind = "removed"
	// Restored means that a row was missing at the vendor and has come back. The row belongs to a removed transaction,
	// or is an earlier row of a transaction (see Supersedes). The change feed does not report this kind.
	Restored ChangeKind = "restored"
	// SupersededRow means that a row was replaced. Only Ledger.History reports this kind. There are two cases:
	//
	//   - A newer row has become the row of this transaction.
	//   - The row of this transaction now belongs to an older transaction (see SupersededBy).
	SupersededRow ChangeKind = "superseded"
	// Excluded means that an operator has excluded the record, and Included that the exclusion was taken back. Only
	// adjustments have these kinds.
	Excluded ChangeKind = "excluded"
	Included ChangeKind = "included"
	// SplitRow means that a replacement was undone. Only Ledger.History reports this kind.
	SplitRow ChangeKind = "split"
)

// Change returns the kind of the transaction's last change, as the feed reports it.
func (t Transaction) Change() ChangeKind {
	switch {
	case !t.RemovedAt.IsZero():
		return Removed
	case t.Version == 1:
		return Added
	}
	return Modified
}

// maxText is the maximum length, in bytes, of a text that is taken from a vendor.
const maxText = 4096

// CleanText returns a vendor's text in a form that every store accepts: valid UTF-8, no NUL (PostgreSQL refuses it), no
// surrounding space, at most 4096 bytes. A longer text is cut and ends with "…". Metadata still contains the whole
// text.
func CleanText(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""))
	if len(s) <= maxText {
		return s
	}
	const mark = "…"
	cut := maxText - len(mark)
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}
