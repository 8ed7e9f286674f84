package banktext

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Row contains the values of a vendor's row that are evidence. Every value is stored with the row, or read from its
// metadata by the vendor's adapter.
type Row struct {
	ExternalID    string // unique among the rows that left, and among the rows that came
	Account       domain.AccountID
	Amount        domain.Money
	AccountAmount *domain.Money // Amount in the account's currency; nil if the currencies are equal
	Status        domain.TransactionStatus
	Date          domain.Date
	OccurredAt    time.Time // zero if the vendor states only a date
	Description   string
	// RawDescription is the institution's own text, if the vendor shows another text as the description; otherwise "".
	RawDescription string
	// Reason is the payer's message about the payment; "" if the vendor states none.
	Reason       string
	Counterparty Party
	Keys         domain.InstitutionKeys
	// Link is the external id of the earlier row that this row replaces, as the vendor states it; "" if it states none.
	Link string
	// Code is a short code that the institution gives the row (Pluggy: providerCode). It may be a number that is
	// counted from the start of each day.
	Code string
	// Balance is the balance of the account after the movement, as a decimal without trailing zeros; "" if the vendor
	// states none.
	Balance string
	// VendorOperation is the vendor's name of the operation (Pluggy: operationType or paymentMethod), such as "PIX".
	VendorOperation string
	// PurchasedAt is the time of a card purchase; zero if it is not known. If only the date of the purchase is known,
	// it is in Keys.Instalment.PurchaseDate.
	PurchasedAt time.Time
	// LearnedAt has different meanings for new and old rows. For a new row, it is when the service first saw the row.
	// For an old row, it is when the service found that the vendor no longer returns the row.
	LearnedAt time.Time
	// FirstRead and LastRead are the numbers of the first and the last listing with the row. Listings are numbered in
	// the order in which they began. Reads contains the numbers of all listings with the row, ascending; nil if they
	// are not known exactly.
	FirstRead, LastRead uint64
	Reads               []uint64

	Unread Unread // see Bounded

	// Excluded is set for an old row whose record an operator has excluded. Among old rows that cannot be told apart,
	// the excluded ones are paired last.
	Excluded bool
}

// Party contains what the vendor states about the other party of a payment. A member is "" if it is not stated.
type Party struct {
	Name     string
	Document string // a CPF, CNPJ or RFC; complete or masked
	Account  string // account number with check digit, or CLABE
	Bank     string // the bank's code
}

// NewRow returns the Row of a normalised transaction. The adapter of a vendor adds what only the metadata contains.
func NewRow(data domain.TransactionData, account domain.AccountID, keys domain.InstitutionKeys) Row {
	return Row{
		ExternalID: data.ExternalID, Account: account, Amount: data.Amount, AccountAmount: data.AccountMoney,
		Status: data.Status, Date: data.Date, OccurredAt: data.OccurredAt, Description: data.Description,
		Counterparty: Party{Name: data.Counterparty, Document: keys.CounterpartyDocument}, Keys: keys,
	}
}

// text returns the institution's own text of the row.
func (r *Row) text() string {
	if r.RawDescription != "" {
		return r.RawDescription
	}
	return r.Description
}

// Local returns the amount in the account's currency.
func (r *Row) Local() domain.Money {
	if r.AccountAmount != nil {
		return *r.AccountAmount
	}
	return r.Amount
}
