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

// Observation is what the vendor says of a transaction now, normalised.
type TransactionData struct {
	ExternalID   string // unique in its connection
	Account      string // the account's external id; "" when the vendor names none
	Amount       Money
	AccountMoney *Money // the movement in the account's currency, where that differs
	Status       TransactionStatus
	Date         Date
	OccurredAt   time.Time // UTC; zero when the vendor gives only a date
	Description  string
	Category     string
	Counterparty string
	Metadata     json.RawMessage // the vendor's own object, unchanged
	// Detail is what of Metadata makes an edit when it changes. It is compared, never
	// stored: an object also holds what moves with every read (when it was collected,
	// the account's balance), and that is no edit.
	StableMetadata []byte
	// Source is stored beside the row and never compared nor given back: by it the same
	// bytes are known again.
	ContentHash ContentHash
}

// Digest is equal for two observations exactly when neither a normalised field nor
// Detail differs: then the stored row is left untouched.
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

// Transaction is a transaction as stored. (Connection, ExternalID) is unique, ID is
// stable over updates, and rows are never deleted.
type Transaction struct {
	ID         TransactionID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	AccountID  AccountID // zero when the vendor names no account
	TransactionData
	Version     int // begins at 1, rises with each edit, removal and return
	FirstSeenAt time.Time
	UpdatedAt   time.Time
	RemovedAt   time.Time // zero while the vendor shows it
	Pull        PullID    // the pull that wrote this version; zero when unknown
}

// ChangeKind is what a change-feed item tells.
type ChangeKind string

// The kinds.
const (
	Added    ChangeKind = "added"
	Modified ChangeKind = "modified"
	Removed  ChangeKind = "removed"
)

// Change names the transaction's last change: what the feed says of it.
func (t Transaction) Change() ChangeKind {
	switch {
	case !t.RemovedAt.IsZero():
		return Removed
	case t.Version == 1:
		return Added
	}
	return Modified
}

// maxText bounds the texts that are taken over from a vendor, in bytes.
const maxText = 4096

// CleanText makes a vendor's text safe to store everywhere: valid UTF-8, no NUL
// (PostgreSQL's text refuses it), no surrounding space, at most 4096 bytes.
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
