package domain

import (
	"encoding/json"
	"time"
)

// AccountType is what an account is to its holder: it decides the sign of rows that
// the vendor does not direct.
type AccountType string

// The types.
const (
	BankAccount   AccountType = "bank"
	CreditAccount AccountType = "credit"
	OtherAccount  AccountType = "other"
)

// AccountView is what the vendor says of an account now.
type AccountData struct {
	ExternalID string
	Type       AccountType
	Subtype    string // the vendor's own word; "" when unknown
	Name       string
	Number     string
	Currency   string // ISO 4217; "" when unknown
	Balance    *Money // nil when unknown
	Metadata   json.RawMessage
}

// Account is an account as stored. (Connection, ExternalID) is unique.
type Account struct {
	ID         AccountID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	AccountData
	FirstSeenAt time.Time
	UpdatedAt   time.Time
}
