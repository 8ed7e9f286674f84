package domain

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
)

// QuarantineKind is the kind of a vendor's object in the quarantine.
type QuarantineKind string

// The kinds of quarantined rows.
const (
	QuarantinedTransaction QuarantineKind = "transaction"
	QuarantinedAccount     QuarantineKind = "account"
)

// The reasons why a vendor's row cannot be normalised exactly.
const (
	UnknownStatus   Code = "unknown_status"   // a status that is not documented
	UnknownType     Code = "unknown_type"     // a type that is not documented, or an unknown direction
	InvalidAmount   Code = "invalid_amount"   // the amount is missing, not a number, or has too many digits
	InvalidCurrency Code = "invalid_currency" // the currency is missing or not an ISO 4217 code
	InvalidDate     Code = "invalid_date"     // the date is missing or not a date
	InvalidText     Code = "invalid_text"     // a text is not UTF-8, or contains half of a surrogate pair
	InvalidID       Code = "invalid_id"       // the id is missing or cannot be stored
	InvalidMember   Code = "invalid_member"   // any other member has a JSON type that is not documented
	DuplicateMember Code = "duplicate_member" // an object has two members with the same name
	TooDeep         Code = "too_deep"         // more than 64 levels
	TooLarge        Code = "too_large"        // more than MaxRowBytes bytes
	AccountMismatch Code = "account_mismatch" // the row belongs to another account or account reference
)

// MaxRowBytes is the maximum size of a vendor's row or account, in bytes. A larger one is quarantined.
const MaxRowBytes = 256 << 10

// MaxQuarantined is the maximum number of rows in the quarantine of a connection. Further rows are counted, but not
// kept.
const MaxQuarantined = 1000

// UnreadableRow returns the error for a vendor's row that cannot be normalised exactly, with the reason.
func UnreadableRow(reason Code) *Error { return &Error{Kind: Invalid, Code: reason} }

// UnreadableReason returns the reason of an error that UnreadableRow created; "" for any other error.
func UnreadableReason(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) && e.Kind == Invalid {
		return e.Code
	}
	return ""
}

// UnreadableRowID returns the key that identifies a row without a readable id: a prefix and the SHA-256
// hash of the row's bytes.
func UnreadableRowID(row []byte) string {
	hash := sha256.Sum256(row)
	return unreadableIDPrefix + hex.EncodeToString(hash[:])
}

const unreadableIDPrefix = "sha256:"

// QuarantineKey identifies a row in the quarantine of a connection.
type QuarantineKey struct {
	Kind QuarantineKind
	// ID is the external id of the row, or the result of UnreadableRowID if the external id cannot be read.
	ID string
}

// ExternalID returns the external id of the row; "" if it cannot be read.
func (k QuarantineKey) ExternalID() string {
	if IsUnreadableRowID(k.ID) {
		return ""
	}
	return k.ID
}

// IsUnreadableRowID reports whether id is a result of UnreadableRowID, and not the external id of a row.
func IsUnreadableRowID(id string) bool {
	return len(id) == len(unreadableIDPrefix)+2*sha256.Size && strings.HasPrefix(id, unreadableIDPrefix)
}

// Compare compares two keys by kind and then by id.
func (k QuarantineKey) Compare(other QuarantineKey) int {
	return cmp.Or(cmp.Compare(k.Kind, other.Kind), cmp.Compare(k.ID, other.ID))
}

// UnreadableData is the latest version of a vendor's row that cannot be normalised exactly.
type UnreadableData struct {
	QuarantineKey
	Reason  Code
	Payload []byte // the vendor's bytes
}

// NewUnreadableData returns a row of the quarantine. It keeps all bytes of the row.
func NewUnreadableData(kind QuarantineKind, id string, reason Code, row []byte) UnreadableData {
	return UnreadableData{QuarantineKey: QuarantineKey{kind, id}, Reason: reason, Payload: row}
}

// QuarantinedRow is a row in the quarantine. It leaves the quarantine when a pull can normalise it, when the vendor
// announces its removal, or when a complete listing no longer contains it.
type QuarantinedRow struct {
	ID         uuid.UUID
	Tenant     TenantID
	Connection ConnectionID
	UnreadableData
	Pull        PullID // the pull that last read the row
	FirstSeenAt time.Time
	LastSeenAt  time.Time
}
