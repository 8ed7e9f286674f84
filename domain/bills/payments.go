package bills

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Payment is a payment that rule C has assigned to a bill.
type Payment struct {
	Date   domain.Date          `json:"date"`
	Amount decimal.Decimal      `json:"amount"`         // positive
	Mode   string               `json:"mode,omitempty"` // the vendor's own term; "" if it is not known
	Row    domain.TransactionID `json:"row,omitzero"`   // zero if no row of the card shows the payment
}

// payment is a payment of the card, before and after it is assigned.
type payment struct {
	ListedPayment
	row    int        // the index of the card's row; -1 if there is none
	listed int        // the index of the bill that lists it; -1 if none does
	bill   *Evaluated // the bill that it settles; nil if none is known
}

// lateDays is the number of days after the next closing date within which a payment of exactly the total still settles
// a bill.
const lateDays = 3

// findPayments collects the payments: those that the bills list, and the card's rows. A row and a listed payment of
// the same amount, at most a day apart, are one payment.
func (e *evaluation) findPayments() {
	for i, b := range e.bills {
		for _, p := range b.Payments {
			if p.Amount.IsPositive() && p.Date != "" && p.Date <= e.Today && !e.listedBefore(p, i) {
				e.addListed(p, i)
			}
		}
	}
	for i, r := range e.Rows {
		if !r.Amount.IsNegative() || !e.isPayment(r) {
			continue
		}
		e.rows[i] = Assignment{Payment: true}
		if r.Pending || r.Unknown || r.Date > e.Today { // a payment that has not arrived settles nothing
			e.mayBePaid(r.Date)
			continue
		}
		paid := ListedPayment{Date: r.Date, Amount: r.Amount.Neg()}
		if p := e.listedAs(paid); p != nil {
			p.row = i
			continue
		}
		e.payments = append(e.payments, &payment{ListedPayment: paid, row: i, listed: -1})
	}
	slices.SortStableFunc(e.payments, func(x, y *payment) int { return cmp.Compare(x.Date, y.Date) })
}

// mayBePaid notes that a payment of a day may settle the bills that were closed before it, or one that closes within
// lateDays.
func (e *evaluation) mayBePaid(day domain.Date) {
	last := day.AddDays(lateDays)
	for _, b := range e.bills {
		b.maybePaid = b.maybePaid || b.Closing <= last
	}
}

// paymentKey is the day and the amount of a payment.
type paymentKey struct {
	date   domain.Date
	amount string
}

// listedNear returns the listed payments of an amount at most a day from a date: those of the date first.
func (e *evaluation) listedNear(p ListedPayment) (found []*payment) {
	amount := p.Amount.String()
	for _, days := range []int{0, -1, 1} {
		found = append(found, e.listed[paymentKey{p.Date.AddDays(days), amount}]...)
	}
	return found
}

// addListed adds a payment that the i-th bill lists.
func (e *evaluation) addListed(p ListedPayment, i int) {
	added := &payment{ListedPayment: p, row: -1, listed: i}
	key := paymentKey{p.Date, p.Amount.String()}
	e.payments, e.listed[key] = append(e.payments, added), append(e.listed[key], added)
}

// listedBefore reports whether a bill before the i-th one lists the same payment, at most a day apart. Counting it
// twice could make a bill look paid.
func (e *evaluation) listedBefore(p ListedPayment, i int) bool {
	return slices.ContainsFunc(e.listedNear(p), func(known *payment) bool { return known.listed < i })
}

// listedAs returns a listed payment that may be that of a row, and has no row yet. It returns the nearest one.
func (e *evaluation) listedAs(paid ListedPayment) *payment {
	near := e.listedNear(paid)
	if i := slices.IndexFunc(near, func(p *payment) bool { return p.row < 0 }); i >= 0 {
		return near[i]
	}
	return nil
}

// isPayment reports whether a row that reduces the debt is a payment. A text alone proves it only with the amount of
// an earlier bill or of a listed payment.
func (e *evaluation) isPayment(r Row) bool {
	if r.CardFacts.Payment {
		return true
	}
	if !saysPayment(r.Text) {
		return false
	}
	paid := ListedPayment{Date: r.Date, Amount: r.Amount.Neg()}
	return e.listedAs(paid) != nil || slices.ContainsFunc(e.bills, func(b *Evaluated) bool {
		return b.Closing <= r.Date && b.Total.Equal(paid.Amount)
	})
}

// assignPayments applies rule C: each payment settles at most one bill. Exact totals come first.
func (e *evaluation) assignPayments() {
	for i := range e.bills {
		e.settleExactly(i)
	}
	for _, p := range e.payments {
		if p.bill == nil {
			e.settleByDate(p)
		}
	}
	for _, p := range e.payments {
		if p.bill == nil {
			e.doubt(p.Date, p.Amount)
			e.mayBePaid(p.Date)
			continue
		}
		paid := Payment{Date: p.Date, Amount: p.Amount, Mode: p.Mode}
		if p.row >= 0 {
			paid.Row = e.Rows[p.row].ID
			e.rows[p.row] = Assignment{
				Bill: p.bill.ID, Month: domain.BillMonthOf(p.bill.DueDate), Basis: ByDates, Payment: true,
			}
		}
		p.bill.Paid = append(p.bill.Paid, paid)
	}
}

// settleExactly assigns the first payment of exactly the total to a bill, if its day is after the closing date and not
// long after the next one.
func (e *evaluation) settleExactly(i int) {
	b := e.bills[i]
	if !b.Total.IsPositive() {
		return
	}
	last := domain.Date("9999-12-31")
	sameNext := false
	if i+1 < len(e.bills) {
		last = e.bills[i+1].Closing
		sameNext = e.bills[i+1].Total.Equal(b.Total)
	}
	if i+1 < len(e.bills) && !sameNext {
		last = last.AddDays(lateDays)
	}
	for _, p := range e.payments {
		if p.bill == nil && p.mayBeOf(i) && p.Amount.Equal(b.Total) && p.Date >= b.Closing && p.Date <= last {
			p.bill = b
			return
		}
	}
}

// mayBeOf reports whether a payment may settle the i-th bill. Banks list a payment with the bill that it settles or
// with the next one.
func (p *payment) mayBeOf(i int) bool { return p.listed < 0 || p.listed == i || p.listed == i+1 }

// settleByDate assigns a payment to the bill that was closed last before it. A payment near a closing date that is only
// derived may belong to either bill, so it settles none.
func (e *evaluation) settleByDate(p *payment) {
	for i, b := range slices.Backward(e.bills) {
		if !b.ClosingKnown && abs(daysBetween(b.Closing, p.Date)) <= nearClosing {
			return
		}
		if p.Date > b.Closing {
			if p.mayBeOf(i) {
				p.bill = b
			}
			return
		}
	}
}
