package bills

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Data is the vendor's current description of a bill, in normalised form.
type Data struct {
	ExternalID     string           `json:"externalId,omitempty"`  // the vendor's id; "" if the vendor has none
	DueDate        domain.Date      `json:"dueDate"`               // never ""
	ClosingDate    domain.Date      `json:"closingDate,omitempty"` // "" if the vendor does not state it
	Total          decimal.Decimal  `json:"total"`
	Currency       string           `json:"currency"` // ISO 4217
	MinimumPayment *decimal.Decimal `json:"minimumPayment,omitempty"`
	FinanceCharges []Charge         `json:"financeCharges,omitempty"`
	Payments       []ListedPayment  `json:"payments,omitempty"`
	// UnreadPayments means that the vendor lists payments that cannot be read.
	UnreadPayments bool      `json:"unreadPayments,omitempty"`
	CreatedAt      time.Time `json:"createdAt,omitzero"` // when the vendor stored the bill; zero if not known
	UpdatedAt      time.Time `json:"-"`                  // when the vendor changed the bill; zero if not known
}

// Key identifies a bill in the vendor's list for an account: the vendor's id, or the closing date of a vendor that
// assigns no ids.
func (d Data) Key() string {
	if d.ExternalID != "" {
		return d.ExternalID
	}
	return string(d.ClosingDate)
}

// Charge is a cost that the bank has added to a bill.
type Charge struct {
	Type        string          `json:"type"` // the vendor's own term
	Amount      decimal.Decimal `json:"amount"`
	Description string          `json:"description,omitempty"`
	// NoCost marks a charge that banks also use for a carried balance, or for nothing. It is not part of a sum.
	NoCost bool `json:"noCost,omitempty"`
}

// ListedPayment is a payment that the vendor lists with a bill. It need not have settled this bill.
type ListedPayment struct {
	Date   domain.Date     `json:"date"`
	Amount decimal.Decimal `json:"amount"` // positive
	Mode   string          `json:"mode,omitempty"`
	// Instalments means that the payment has begun an instalment plan, which replaces the rest of the bill.
	Instalments bool `json:"instalments,omitempty"`
}

// Listing is the vendor's list of the bills of an account.
type Listing struct {
	Bills []Data
	// LatestOnly means that the vendor lists only the latest bill. Older bills are then still valid.
	LatestOnly bool
	// Partial means that the list has bills that cannot be read. A bill that is missing from Bills may be one of them.
	Partial bool
	// Link contains the bills of all cards of the account reference; nil if the vendor lists those of one card only.
	Link *LinkListing
}

// LinkListing is the vendor's list of the bills of all cards of an account reference.
type LinkListing struct {
	ByCard map[string]Listing // by the external id of the card
	// Partial means that the list has bills whose card cannot be read.
	Partial bool
}

// Of returns the list of a card.
func (l *LinkListing) Of(card string) Listing {
	listing := l.ByCard[card]
	listing.Partial = listing.Partial || l.Partial
	return listing
}

// Add adds a bill to the list of a card. card is "" if it cannot be read.
func (l *LinkListing) Add(bill Data, card string, readable bool) {
	if card == "" {
		l.Partial = true
		return
	}
	listing := l.ByCard[card]
	listing.Add(bill, readable)
	l.ByCard[card] = listing
}

// The maximum number of bills of a card that are read (twenty years), and of the payments and of the charges of a bill.
// The evaluation compares each row with each bill.
const (
	maxListed   = 240
	maxPayments = 40
	maxCharges  = 100
)

// Add adds a bill to the list. readable is false for a bill that cannot be read. A bill that exceeds a maximum is left
// out, and the list is then partial.
func (l *Listing) Add(bill Data, readable bool) {
	if !readable || len(l.Bills) == maxListed || len(bill.Payments) > maxPayments ||
		len(bill.FinanceCharges) > maxCharges {
		l.Partial = true
		return
	}
	l.Bills = append(l.Bills, bill)
}

// addMonths returns the same day n months later, or the last day of that month if it is shorter.
func addMonths(d domain.Date, n int) domain.Date {
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return ""
	}
	first := time.Date(at.Year(), at.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return domain.DateOf(first.AddDate(0, 0, min(at.Day(), last)-1))
}

// daysBetween returns the number of days from one date to another; 0 if one of them is no date.
func daysBetween(from, to domain.Date) int {
	x, err := time.Parse(time.DateOnly, string(from))
	if err != nil {
		return 0
	}
	y, err := time.Parse(time.DateOnly, string(to))
	if err != nil {
		return 0
	}
	return int(y.Sub(x).Hours() / 24)
}
