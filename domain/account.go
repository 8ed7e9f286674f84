package domain

import (
	"encoding/json"
	"time"
)

// AccountType is the kind of an account from its holder's view. It decides the sign of
// transactions whose direction the vendor does not state.
type AccountType string

// The account types.
const (
	BankAccount   AccountType = "bank"
	CreditAccount AccountType = "credit"
	OtherAccount  AccountType = "other"
)

// AccountData is the vendor's current description of an account, normalised.
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

// Account is a stored account. (Connection, ExternalID) is unique.
type Account struct {
	ID         AccountID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	AccountData
	FirstSeenAt time.Time
	UpdatedAt   time.Time
}
