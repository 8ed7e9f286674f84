package domain

import (
	"crypto/sha256"
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

// Warning is a code that marks a transaction as doubtful, so that a consumer can check the row by hand, or that
// describes a problem of a connection.
type Warning string

// DirectionConflict means that the vendor's sign and the vendor's type of a transaction contradict each
// other. The documentation of each vendor's adapter states which of them determines the direction of Amount.
const DirectionConflict Warning = "direction_conflict"

// TransactionData is the vendor's current description of a transaction, in normalised form.
type TransactionData struct {
	ExternalID   string // unique within its connection
	Account      string // the account's external id; "" when the vendor names none
	Amount       Money
	AccountMoney *Money // in the account's currency; set only if that differs from the currency of Amount
	Status       TransactionStatus
	Date         Date
	OccurredAt   time.Time // UTC; zero when the vendor states only a date
	Description  string
	Category     string
	Counterparty string
	Warnings     []Warning       // nil if there is none; no code occurs twice
	Metadata     json.RawMessage // the vendor's own object, unchanged
	// StableMetadata is the part of Metadata whose change counts as an edit. It is only compared, never
	// stored. The other members of Metadata change with every read (for example the time of collection or
	// the account's balance), so their changes are not edits.
	StableMetadata []byte
	// ContentHash is stored with the row, but it is not part of the Digest and never appears in a response.
	// Its only purpose is to let a later pull recognise an unchanged row.
	ContentHash ContentHash
	// RowSHA256 is the SHA-256 hash of the row as the vendor sent it; nil if it is not known. Unlike
	// Metadata it is stored only with a new version, so it identifies the row from which the version was created. Only
	// Ledger.History returns RowSHA256 and Normalizer.
	RowSHA256 []byte
	// Normalizer is the version of the normalisation rules that were applied; "" if it is not known.
	Normalizer string
}

// Digest returns a hash of StableMetadata and of every normalised field except ExternalID, because only
// rows with the same ExternalID are compared. Two values have equal digests exactly if all hashed fields
// are equal. A stored row with an equal digest is not updated.
func (o TransactionData) Digest() [sha256.Size]byte {
	h := sha256.New()
	write := func(parts ...string) {
		for _, part := range parts {
			h.Write([]byte(part))
			h.Write([]byte{0})
		}
	}
	write(o.Account, o.Amount.Amount.String(), o.Amount.Currency, string(o.Status), string(o.Date))
	if o.AccountMoney != nil {
		write("account", o.AccountMoney.Amount.String(), o.AccountMoney.Currency)
	}
	if !o.OccurredAt.IsZero() {
		write("at", o.OccurredAt.UTC().Format(time.RFC3339Nano))
	}
	// Warnings are hashed only if there are any, so rows without warnings keep the digests that they had
	// before warnings were introduced.
	for _, warning := range o.Warnings {
		write("warning", string(warning))
	}
	write(o.Description, o.Category, o.Counterparty)
	h.Write(o.StableMetadata)
	return [sha256.Size]byte(h.Sum(nil))
}

// Transaction is a stored transaction. The pair of Connection and ExternalID is unique among the transactions that are
// not superseded. ID does not change when the transaction is updated, or when the vendor replaces its row with another
// one. Stored transactions are never deleted; an erasure only removes their values (see Erase).
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
	// Supersedes are the rows that the transaction had before its present one, oldest first.
	Supersedes []Superseded
	// SupersededBy is the older transaction that has taken over the row of this transaction; zero if there is none. A
	// superseded transaction is always removed.
	SupersededBy TransactionID
	// Adjusts is the earliest closed day whose close is adjusted by a change of the transaction; "" if there is none.
	// Only Ledger.Changes sets it.
	Adjusts Date
}

// ChangeKind is the kind of change that an item of the change feed reports.
type ChangeKind string

// The kinds of changes.
const (
	Added    ChangeKind = "added"
	Modified ChangeKind = "modified"
	Removed  ChangeKind = "removed"
	// Restored means that the vendor shows a removed transaction again, or an earlier row of it. Only a history
	// reports it.
	Restored ChangeKind = "restored"
	// SupersededRow means that another row has replaced the row of the transaction, or that another transaction has
	// taken it over. Only a history reports it.
	SupersededRow ChangeKind = "superseded"
	// SplitRow means that a replacement was undone. Only a history reports it.
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

// CleanText returns a vendor's text in a form that every store accepts: valid UTF-8, no NUL (PostgreSQL's
// text type refuses it), no surrounding space, at most 4096 bytes. A longer text is cut and ends with "…",
// which is part of the 4096 bytes; Metadata still contains the whole text.
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
