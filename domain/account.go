package domain

import (
	"encoding/json"
	"time"
)

// AccountType is the kind of an account from its holder's view. If the vendor does not state
// the direction of a transaction, the sign of its amount is derived from the account's type.
type AccountType string

// The account types.
const (
	BankAccount   AccountType = "bank"
	CreditAccount AccountType = "credit"
	OtherAccount  AccountType = "other"
)

// AccountData is the vendor's current description of an account, in normalised form.
type AccountData struct {
	ExternalID string
	Type       AccountType
	Subtype    string // the vendor's own term; "" when unknown
	Name       string
	Number     string
	Currency   string // ISO 4217; "" when unknown
	Balance    *Money // nil when unknown
	Metadata   json.RawMessage
}

// Account is a stored account. The pair of Connection and ExternalID is unique.
type Account struct {
	ID         AccountID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	AccountData
	FirstSeenAt time.Time
	UpdatedAt   time.Time
}
