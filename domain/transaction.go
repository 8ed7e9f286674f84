package domain

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// TransactionStatus says whether the institution has booked the movement.
type TransactionStatus string

// The statuses.
const (
	Pending TransactionStatus = "pending"
	Posted  TransactionStatus = "posted"
)

// TransactionData is the vendor's current description of a transaction, normalised.
type TransactionData struct {
	ExternalID   string // unique in its connection
	Account      string // the account's external id; "" when the vendor names none
	Amount       Money
	AccountMoney *Money // the movement in the account's currency, if that differs
	Status       TransactionStatus
	Date         Date
	OccurredAt   time.Time // UTC; zero when the vendor gives only a date
	Description  string
	Category     string
	Counterparty string
	Metadata     json.RawMessage // the vendor's own object, unchanged
	// StableMetadata is the part of Metadata whose change counts as an edit. It is compared,
	// never stored. The rest of the object changes with every read (the time of collection,
	// the account's balance), and that is no edit.
	StableMetadata []byte
	// ContentHash is stored with the row, but is never compared as content nor returned. It
	// only lets a later pull recognise the same bytes.
	ContentHash ContentHash
}

// Digest returns a hash that is equal for two values exactly when no normalised field and
// no byte of StableMetadata differs. A stored row with an equal digest is left untouched.
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
	write(o.Description, o.Category, o.Counterparty)
	h.Write(o.StableMetadata)
	return [sha256.Size]byte(h.Sum(nil))
}

// Transaction is a stored transaction. (Connection, ExternalID) is unique, ID does not
// change with updates, and rows are never deleted.
type Transaction struct {
	ID         TransactionID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	AccountID  AccountID // zero when the vendor names no account
	TransactionData
	Version     int // starts at 1; increases with each edit, removal and reappearance
	FirstSeenAt time.Time
	UpdatedAt   time.Time
	RemovedAt   time.Time // zero while the vendor still lists it
	Pull        PullID    // the pull that wrote this version; zero when unknown
}

// ChangeKind is the kind of change that an item of the change feed reports.
type ChangeKind string

// The kinds.
const (
	Added    ChangeKind = "added"
	Modified ChangeKind = "modified"
	Removed  ChangeKind = "removed"
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

// maxText bounds the texts that are taken from a vendor, in bytes.
const maxText = 4096

// CleanText returns a vendor's text in a form that every store accepts: valid UTF-8, no
// NUL (PostgreSQL's text type refuses it), no surrounding space, at most 4096 bytes.
func CleanText(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""))
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
