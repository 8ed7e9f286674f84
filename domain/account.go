package domain

import (
	"encoding/json"
	"slices"
	"time"
)

// AccountType is the kind of an account from the point of view of its holder. If the vendor does not state the
// direction of a transaction, the sign of its amount is derived from the account's type.
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
	// Institution is the bank of the account reference under which the account was read last. It is zero if the vendor
	// states none, or states it in Metadata.
	Institution Institution
	Metadata    json.RawMessage
	// Unreadable is the reason why the account cannot be normalised exactly; "" for a readable account. An unreadable
	// account is never stored, but a pull still reads its rows.
	//
	// In an unreadable account, Metadata contains the bytes that the vendor sent. ExternalID, Type and Currency are set
	// only if they can be read. The other members are not set.
	Unreadable Code
}

// Quarantined returns an unreadable account as a row for the quarantine.
func (a AccountData) Quarantined() UnreadableData {
	id := a.ExternalID
	if id == "" {
		id = UnreadableRowID(a.Metadata)
	}
	return NewUnreadableData(QuarantinedAccount, id, a.Unreadable, a.Metadata)
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
	// BankReadAt is when the vendor last read the account's transactions at the bank; zero if it is not known. A pull
	// that reads all of them stores it. It is not part of the data that is compared.
	BankReadAt time.Time
	// CoversTo is the last day that the reading of the bank covers; "" if it is not known. It and Limit are set for
	// callers only.
	CoversTo  Date
	Limit     CardLimit
	RemovedAt time.Time // when a pull found the account no longer listed; zero while it is listed
	// RemovalHeldSince is since when the removal of the account is held back (see Hold); zero if it is not. It is set
	// for callers only.
	RemovalHeldSince time.Time
	// References are the account references under which the account was read, oldest first.
	References []AccountReference
	// MaybeContinues contains accounts of deleted connections that may be the same bank account: their facts neither
	// prove it nor speak against it. An operator must decide.
	MaybeContinues []AccountID
}

// CardLimit is what the vendor states about the credit limit of a card.
type CardLimit struct {
	Shared bool // other cards have the same limit, so that each of them repeats its balance
	Used   bool // Balance is the used part of the limit, with the instalments to come: no amount of a bill
}

// AccountReference contains the external id that an account has, or had, under an account reference.
type AccountReference struct {
	AccountRef string    `json:"accountRef"`
	ExternalID string    `json:"externalId"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until,omitzero"` // when another reference replaced it; zero for the current reference
}

// IsOf reports whether accountRef is the current account reference of the account.
func (a Account) IsOf(accountRef string) bool {
	if len(a.References) == 0 {
		return false
	}
	last := a.References[len(a.References)-1]
	return last.Until.IsZero() && CanonicalAccountRef(last.AccountRef) == CanonicalAccountRef(accountRef)
}

// EndReference ends the current account reference of the account at the given time. It does nothing if the account has
// no current reference.
func (a *Account) EndReference(endedAt time.Time) {
	a.References = slices.Clone(a.References)
	if n := len(a.References); n > 0 && a.References[n-1].Until.IsZero() {
		a.References[n-1].Until = endedAt
	}
}

// Relink links the account to a new account reference. accountRef becomes the current reference. externalID is the
// external id of the account under the new reference. Relink changes nothing if both values are already current.
func (a *Account) Relink(accountRef, externalID string, at time.Time) {
	if a.IsOf(accountRef) && a.References[len(a.References)-1].ExternalID == externalID {
		return
	}
	a.EndReference(at)
	a.References = append(a.References, AccountReference{AccountRef: accountRef, ExternalID: externalID, From: at})
}
