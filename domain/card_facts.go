package domain

import (
	"regexp"
	"time"
)

// CardFacts is what a vendor states about the row of a card, apart from the members of every row. The zero value states
// nothing.
type CardFacts struct {
	Bill     string    `json:"bill,omitempty"`     // the external id of the bill; "" if the row is on no closed bill
	Forecast BillMonth `json:"forecast,omitempty"` // the month in which the bank expects to bill the row
	Number   int       `json:"number,omitempty"`   // the number of the instalment, from 1 on; 0 if the row is none
	Count    int       `json:"count,omitempty"`    // the number of instalments; 0 if it is not known
	// PurchaseDate is the day of the purchase, which is the same for all its instalments.
	PurchaseDate Date `json:"purchaseDate,omitempty"`
	Payment      bool `json:"payment,omitempty"` // the vendor states that the row is a payment of a bill
}

// BillMonth is a month in the form YYYY-MM. The value Unbilled means that the bank has not decided yet; "" is unknown.
type BillMonth string

// Unbilled is the month that banks state for a row that is not billed yet.
const Unbilled BillMonth = "0001-01"

var monthForm = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])$`)

// ParseBillMonth returns the month that a vendor states, or "" if the text is not a month.
func ParseBillMonth(text string) BillMonth {
	if !monthForm.MatchString(text) {
		return ""
	}
	return BillMonth(text)
}

// BillMonthOf returns the month of a date; "" for the zero date.
func BillMonthOf(d Date) BillMonth {
	if len(d) < len(Unbilled) {
		return ""
	}
	return BillMonth(d[:len(Unbilled)])
}

// Known reports whether the month is a month in which something is billed.
func (m BillMonth) Known() bool { return m != "" && m[:len("0001")] != "0001" }

// Index returns the number of the month since year 0.
func (m BillMonth) Index() int {
	at, err := time.Parse("2006-01", string(m))
	if err != nil {
		return 0
	}
	return at.Year()*12 + int(at.Month()) - 1
}

// Add returns the month that is n months later.
func (m BillMonth) Add(n int) BillMonth {
	at, err := time.Parse("2006-01", string(m))
	if err != nil {
		return ""
	}
	return BillMonth(at.AddDate(0, n, 0).Format("2006-01"))
}

// BillID identifies a bill.
type BillID = ID[CardBill]

// CardBill is the bill of a record of a card, as the rules of package bills have found it. The zero value means that
// nothing is known.
type CardBill struct {
	ID    BillID    `json:"id,omitzero"`     // zero if the record is on no closed bill
	Month BillMonth `json:"month,omitempty"` // the month in which the bill is due, or is expected to be due
	Basis string    `json:"basis,omitempty"` // how the bill was found; see bills.Basis
	// Payment means that the record is a payment. ID is the bill that it settles, of which it is no row.
	Payment   bool `json:"payment,omitempty"`
	Uncertain bool `json:"uncertain,omitempty"`
	// PendingForecast is the last forecast of the record's row while it was pending.
	PendingForecast BillMonth `json:"pendingForecast,omitempty"`
}
