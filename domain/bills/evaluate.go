package bills

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Card contains the bills and the rows of one card account.
type Card struct {
	Bills []Bill // in any order
	// Former are the bills that the vendor no longer lists. The rows of the card may still contain their payments.
	Former   []Former
	Rows     []Row
	Today    domain.Date
	CoversTo domain.Date // the last day that the reading of the bank covers; "" if it is not known
	Currency string      // the currency of the account, whose banking days count
	// Unreadable means that the vendor lists rows that cannot be read. Any bill may have one of them.
	Unreadable bool
}

// Former is a bill that the vendor no longer lists.
type Former struct {
	Closing  domain.Date
	Total    decimal.Decimal
	Currency string
}

// Bill is a bill that the vendor lists.
type Bill struct {
	Data
	ID string // our id, or any other unique text
	// ReadOn is the day on which the vendor had last read the bank when it listed the bill, and CoversTo the last day
	// that this reading covers; "" if it is not known.
	ReadOn, CoversTo domain.Date
}

// Row is a row of a card.
type Row struct {
	ID      domain.TransactionID
	Date    domain.Date
	Amount  decimal.Decimal // in the currency of the account; positive if the holder owes it
	Unknown bool            // the amount in the currency of the account is not known
	Pending bool
	Text    string // the description
	domain.CardFacts
	// Former is what the rules have found before. Its PendingForecast is the last Forecast that the record had while it
	// was pending.
	Former domain.CardBill
}

// Basis is the step of rule A that decided to which bill a row belongs.
type Basis string

// The steps of rule A.
const (
	ByVendor   Basis = "vendor"   // the row names the bill
	ByForecast Basis = "forecast" // the bank forecasts the month
	ByDates    Basis = "dates"    // the closing dates, or for a payment the rules of payments
)

// Assignment is the bill of a row.
type Assignment struct {
	Bill      string           // Bill.ID; "" if the row is on no known bill
	Month     domain.BillMonth // the month in which the bill is due, or is expected to be due; "" if it is not known
	Basis     Basis            // "" if no step decided
	Uncertain bool
	Payment   bool // the row is a payment, which belongs to no bill's rows; Bill is the bill that it settles
	Open      bool // the row is on no closed bill yet
}

// Sum is the number and the sum of rows.
type Sum struct {
	Count     int             `json:"count"`
	Sum       decimal.Decimal `json:"sum"`
	Uncertain int             `json:"uncertain"`
}

// add adds a row.
func (s *Sum) add(r Row, uncertain bool) {
	s.Count++
	s.Sum = s.Sum.Add(r.Amount)
	if uncertain {
		s.Uncertain++
	}
}

// OpenMonth is the sum of the rows that are on no closed bill and are expected to be due in a month.
type OpenMonth struct {
	Month domain.BillMonth `json:"month,omitempty"` // "" if the month is not known
	Count int              `json:"count"`
	Sum   decimal.Decimal  `json:"sum"`
}

// Result is the result of Evaluate.
type Result struct {
	Bills []Evaluated  // one for each bill, newest first
	Rows  []Assignment // parallel to Card.Rows
	Open  []OpenMonth  // by month; the rows without a month come last
	// UnbilledTo is the date of the latest row that is on no known bill, although a known bill has closed since; "" if
	// there is none.
	UnbilledTo domain.Date
	// WithoutAmount is the number of posted rows whose amount in the currency of the account is not known.
	WithoutAmount int
}

// Evaluated is a bill with everything that the rules have found.
type Evaluated struct {
	Bill
	Facts

	projected bool // the bill is not closed yet
	closed    bool // the bill is known to be closed: see isClosed. A bill may be neither
	unknown   bool // the amount of one of its rows is not known, or in another currency than the total
	byDates   bool // one of its rows is on the bill only because of its date
	vague     bool // a row, or the rest of the bill before, is missing that may be the difference: see isVague
	// mustContain means that the rest of the bill before is known, and no payment that is not shown can have settled
	// it: a part of that bill was paid, or the rest is a credit.
	mustContain bool
	// maybePaid means that a payment may settle this bill or another one, or has not arrived yet.
	maybePaid bool
	// contained is the amount that the check found in the total as the rest of the bill before: Carried or zero; see
	// compare.
	contained decimal.Decimal
	// doubt is the sum of the amounts, without their signs, of the uncertain rows and payments that may be on this bill
	// or on the one before or after it.
	doubt decimal.Decimal
}

// Facts is what the rules have found about a bill.
type Facts struct {
	// SameAs is the ID of the bill of which this one is a duplicate. Nothing else is set then.
	SameAs       string      `json:"sameAs,omitempty"`
	Closing      domain.Date `json:"closing"`
	ClosingKnown bool        `json:"closingKnown,omitempty"` // the vendor states the date; otherwise it is derived
	Rows         Sum         `json:"rows"`
	Paid         []Payment   `json:"paid,omitempty"`
	// Carried is what the bill before left unpaid, negative if it was paid too much; nil if that bill is not known.
	Carried    *decimal.Decimal `json:"carried,omitempty"`
	Check      Check            `json:"check"`
	Form       Form             `json:"form,omitempty"`
	Difference *decimal.Decimal `json:"difference,omitempty"` // nil if it is not known
	State      State            `json:"state"`
}

// tolerance is the largest difference between two amounts that are taken for equal.
var tolerance = decimal.New(5, -2)

// within reports whether the amount is at most the tolerance from zero.
func within(d decimal.Decimal) bool { return d.Abs().LessThanOrEqual(tolerance) }

// Evaluate applies the rules A, B and C to a card. Bills of different currencies do not concern each other.
func Evaluate(c Card) Result {
	parts := c.parts()
	results := make([]Result, len(parts))
	for i, p := range parts {
		results[i] = evaluate(p)
	}
	if len(parts) == 1 {
		return results[0]
	}
	return merge(parts, results, len(c.Rows))
}

// evaluate applies the rules to the bills of one currency.
func evaluate(p part) Result {
	e := newEvaluation(p)
	e.findPayments()
	e.assignRows()
	e.assignPayments()
	e.compareTotals()
	e.decideStates()
	return e.result()
}

// evaluation is the state of evaluate.
type evaluation struct {
	part
	bills      []*Evaluated          // by due date, oldest first, without duplicates
	duplicates []*Evaluated          // bills of which another one is the same
	byKey      map[string]*Evaluated // by Data.Key; a duplicate's key leads to the bill that is kept
	byMonth    map[domain.BillMonth][]*Evaluated
	rows       []Assignment
	payments   []*payment
	listed     map[paymentKey][]*payment // the payments that the bills list
	credits    []domain.Date             // the days of the rows that may be payments, but are not recognised as such
}

// newEvaluation sorts the bills, merges duplicates, and derives missing closing dates.
func newEvaluation(c part) *evaluation {
	e := &evaluation{
		part:    c,
		byKey:   map[string]*Evaluated{},
		byMonth: map[domain.BillMonth][]*Evaluated{},
		rows:    make([]Assignment, len(c.Rows)),
		listed:  map[paymentKey][]*payment{},
	}
	named := map[string]int{}
	for _, r := range c.Rows {
		named[r.CardFacts.Bill]++
	}
	sorted := slices.Clone(c.Bills)
	domain.SortLarge(sorted, func(x, y Bill) int {
		return cmp.Or(
			cmp.Compare(x.DueDate, y.DueDate),
			cmp.Compare(x.ClosingDate, y.ClosingDate),
			x.Total.Cmp(y.Total),
			// The one that is kept comes first.
			cmp.Compare(named[y.Key()], named[x.Key()]),
			y.CreatedAt.Compare(x.CreatedAt),
			cmp.Compare(x.ID, y.ID),
		)
	})
	for _, b := range sorted {
		bill := &Evaluated{Bill: b}
		if n := len(e.bills); n > 0 && same(e.bills[n-1].Data, b.Data) {
			bill.SameAs = e.bills[n-1].ID
			e.duplicates = append(e.duplicates, bill)
			e.byKey[b.Key()] = e.bills[n-1]
			continue
		}
		e.bills = append(e.bills, bill)
		e.byKey[b.Key()] = bill
	}
	e.deriveClosings()
	for _, b := range e.bills {
		readOn := cmp.Or(b.ReadOn, c.Today)
		b.projected, b.closed = isProjected(b.Data, b.Closing, readOn), isClosed(b.Data, readOn)
		b.unknown, b.maybePaid = c.foreign, c.foreign // no row shows an amount or a payment in the currency of the bill
		e.byMonth[domain.BillMonthOf(b.DueDate)] = append(e.byMonth[domain.BillMonthOf(b.DueDate)], b)
	}
	return e
}

// isProjected reports whether a bill with this closing date was not closed yet on the day on which it was read.
func isProjected(b Data, closing, readOn domain.Date) bool {
	return closing > readOn && b.DueDate >= readOn
}

// isClosed reports whether a bill is known to have been closed on the day on which it was read: its due date had
// passed, or the closing date that the vendor states had come. A derived closing date shows only where rows belong.
// Vendors also list bills that are not closed yet.
func isClosed(b Data, readOn domain.Date) bool {
	return b.DueDate < readOn || b.ClosingDate != "" && b.ClosingDate <= readOn
}

// same reports whether two bills of a list are one bill with two ids. The vendor may state the closing date of only one
// of them.
func same(x, y Data) bool {
	closing := x.ClosingDate == y.ClosingDate || x.ClosingDate == "" || y.ClosingDate == ""
	return closing && x.DueDate == y.DueDate && x.Total.Equal(y.Total) && x.Currency == y.Currency
}

// defaultClosing is the number of days between closing and due date of a card of which no closing date is known.
const defaultClosing = 7

// deriveClosings sets the closing date of each bill. A missing one is derived from the usual number of days between
// closing and due date.
func (e *evaluation) deriveClosings() {
	var days []int
	for _, b := range e.bills {
		if b.ClosingDate != "" {
			days = append(days, daysBetween(b.ClosingDate, b.DueDate))
		}
	}
	usual := defaultClosing
	if len(days) > 0 {
		slices.Sort(days)
		usual = days[len(days)/2]
	}
	for _, b := range e.bills {
		b.Closing, b.ClosingKnown = b.ClosingDate, b.ClosingDate != ""
		if !b.ClosingKnown {
			b.Closing = b.DueDate.AddDays(-usual)
		}
	}
}

// result returns the result of the evaluation.
func (e *evaluation) result() Result {
	r := Result{Rows: e.rows}
	for _, b := range slices.Backward(e.bills) {
		r.Bills = append(r.Bills, *b)
	}
	for _, b := range e.duplicates {
		r.Bills = append(r.Bills, *b)
	}
	open := map[domain.BillMonth]*OpenMonth{}
	last := e.lastClosed()
	for i, a := range e.rows {
		row := e.Rows[i]
		if last != nil && isUnbilled(row, a, last.Closing) {
			r.UnbilledTo = max(r.UnbilledTo, row.Date)
		}
		if row.Unknown && !row.Pending {
			r.WithoutAmount++
		}
		if !a.Open {
			continue
		}
		sum := openMonth(open, a.Month)
		sum.Count++
		sum.Sum = sum.Sum.Add(e.Rows[i].Amount)
	}
	r.Open = sortedMonths(open)
	return r
}

// openMonth returns the sum of a month. It adds one if there is none.
func openMonth(open map[domain.BillMonth]*OpenMonth, month domain.BillMonth) *OpenMonth {
	sum := open[month]
	if sum == nil {
		sum = &OpenMonth{Month: month}
		open[month] = sum
	}
	return sum
}

// sortedMonths returns the sums by month. The rows without a month come last.
func sortedMonths(open map[domain.BillMonth]*OpenMonth) (all []OpenMonth) {
	for _, sum := range open {
		all = append(all, *sum)
	}
	domain.SortLarge(all, func(x, y OpenMonth) int { return cmp.Compare(lastIfUnknown(x), lastIfUnknown(y)) })
	return all
}

// isUnbilled reports whether a posted row of a day up to the closing date is on no known bill. A later instalment of a
// purchase of such a day is due later.
func isUnbilled(r Row, a Assignment, closing domain.Date) bool {
	day, _ := billingDay(r)
	return a.Bill == "" && !a.Payment && !r.Pending && r.Date <= closing && (!a.Open || day <= closing)
}

// lastIfUnknown returns the text by which open months are sorted.
func lastIfUnknown(o OpenMonth) string { return cmp.Or(string(o.Month), "~") }

// RowOf returns a record of a card as a row. currency is that of the account.
func RowOf(t domain.Transaction, currency string) Row {
	r := Row{
		ID: t.ID, Date: t.Date, Amount: t.Amount.Amount.Neg(), Pending: t.Status == domain.Pending,
		Text: t.Description, CardFacts: t.Card, Former: t.Bill,
	}
	switch {
	case t.AccountMoney != nil:
		r.Amount = t.AccountMoney.Amount.Neg()
	case currency != "" && t.Amount.Currency != currency:
		r.Amount, r.Unknown = decimal.Zero, true
	}
	return r
}
