package bills

import (
	"cmp"
	"slices"
	"strings"

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
	// returned states that a later row takes the payment back.
	returned bool
}

// lateDays is the number of days after the next closing date within which a payment of exactly the total still settles
// a bill.
const lateDays = 3

// findPayments collects the payments: those that the bills list, and the card's rows. A row and a listed payment of
// the same amount are one payment if their days are near; see isNearPayment.
func (e *evaluation) findPayments() {
	for i, b := range e.bills {
		for _, p := range b.Payments {
			if p.Amount.IsPositive() && p.Date != "" && p.Date <= e.Today {
				e.addListed(p, i)
			}
		}
		if b.UnreadPayments { // banks list a payment with the bill that it settles or with the next one
			for _, of := range e.bills[max(e.before(i), 0) : i+1] {
				of.maybePaid = true
			}
		}
	}
	charged := e.chargedTexts()
	for i, r := range e.Rows {
		if !r.Amount.IsNegative() {
			continue
		}
		if !e.isPayment(r) {
			if !isRefund(r, charged) {
				e.credits = append(e.credits, r.Date)
			}
			continue
		}
		e.rows[i] = Assignment{Payment: true}
		// A payment that has not arrived, or whose amount in the currency of the bills is not known, settles nothing.
		if r.Pending || r.Unknown || e.foreign || r.Date > e.Today {
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
	domain.SortLarge(e.payments, func(x, y *payment) int { return cmp.Compare(x.Date, y.Date) })
	e.findReturned()
}

// findReturned finds the rows that take a payment back, such as a bounced direct debit: the text names a payment and
// its return, and the amount is that of the latest payment before.
func (e *evaluation) findReturned() {
	for i, r := range e.Rows {
		if !r.Amount.IsPositive() || r.Pending || r.Unknown || e.foreign || !saysReturnedPayment(r.Text) {
			continue
		}
		for _, p := range slices.Backward(e.payments) {
			days := daysBetween(p.Date, r.Date)
			if !p.returned && p.Amount.Equal(r.Amount) && p.Date <= r.Date && days <= longestPeriod {
				p.returned = true
				e.rows[i] = Assignment{Payment: true}
				break
			}
		}
	}
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

// isNearPayment reports whether two days can be those of one payment. Banks book a payment up to the second banking
// day on or after it, and the card may show either day.
func (e *evaluation) isNearPayment(x, y domain.Date) bool {
	first, last := min(x, y), max(x, y)
	return last <= max(first.AddDays(1), secondBankingDay(first, e.Currency))
}

// longestBooking is the maximum number of days that are tried for isNearPayment.
const longestBooking = 7

// listedNear returns the listed payments of an amount whose days are near a date: the nearest ones first.
func (e *evaluation) listedNear(p ListedPayment) (found []*payment) {
	amount := p.Amount.String()
	found = slices.Clone(e.listed[paymentKey{p.Date, amount}])
	for days := 1; days <= longestBooking; days++ {
		for _, day := range []domain.Date{p.Date.AddDays(-days), p.Date.AddDays(days)} {
			if listed := e.listed[paymentKey{day, amount}]; listed != nil && e.isNearPayment(day, p.Date) {
				found = append(found, listed...)
			}
		}
	}
	return found
}

// addListed adds a payment that the i-th bill lists, unless a bill before lists it, too. Counting it twice could make
// a bill look paid. If the days differ by more than one, there may be two payments.
func (e *evaluation) addListed(p ListedPayment, i int) {
	for _, known := range e.listedNear(p) {
		if known.listed < i {
			if abs(daysBetween(known.Date, p.Date)) > 1 {
				e.doubtDay(p.Date, p.Amount)
				e.mayBePaid(p.Date)
			}
			return
		}
	}
	added := &payment{ListedPayment: p, row: -1, listed: i}
	key := paymentKey{p.Date, p.Amount.String()}
	e.payments, e.listed[key] = append(e.payments, added), append(e.listed[key], added)
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
	if e.foreign || !saysPayment(r.Text) {
		return false
	}
	paid := ListedPayment{Date: r.Date, Amount: r.Amount.Neg()}
	return e.listedAs(paid) != nil || slices.ContainsFunc(e.bills, func(b *Evaluated) bool {
		return b.Closing <= r.Date && b.Total.Equal(paid.Amount)
	}) || slices.ContainsFunc(e.Former, func(f Former) bool {
		return f.Closing <= r.Date && f.Total.Equal(paid.Amount) && (e.Currency == "" || f.Currency == e.Currency)
	})
}

// chargedTexts returns the descriptions of the rows that the holder owes.
func (e *evaluation) chargedTexts() map[string]bool {
	texts := map[string]bool{}
	for _, r := range e.Rows {
		if r.Amount.IsPositive() && r.Text != "" {
			texts[domain.FoldText(r.Text)] = true
		}
	}
	return texts
}

// isRefund reports whether a row that reduces the debt shows that it is no payment: its text names a refund or
// cashback, or a shop that has also charged the card. A text that also names a bill may be an instalment plan for it.
func isRefund(r Row, charged map[string]bool) bool {
	folded := domain.FoldText(r.Text)
	switch {
	case containsAny(folded, billWords):
		return false
	case containsAny(folded, refundWords):
		return true
	}
	return !containsAny(folded, paymentWords) && (strings.Contains(folded, cashbackWord) || charged[folded])
}

// hasCredit reports whether a row may be a payment of the i-th bill, although the rules do not recognise it. Its day is
// on or after the closing date, and at most lateDays after the next one. A derived closing date may be too late. If
// no later bill is listed, any later day may be that of the payment.
func (e *evaluation) hasCredit(i int) bool {
	b := e.bills[i]
	first := b.Closing
	if !b.ClosingKnown {
		first = first.AddDays(-nearClosing)
	}
	next := e.next(i)
	return slices.ContainsFunc(e.credits, func(day domain.Date) bool {
		return day >= first && (next < 0 || day <= e.bills[next].Closing.AddDays(lateDays))
	})
}

// assignPayments applies rule C: each payment settles at most one bill. Exact totals come first.
func (e *evaluation) assignPayments() {
	for i := range e.bills {
		e.settleExactly(i)
	}
	for _, p := range e.payments {
		if p.bill == nil && !p.returned {
			e.settleByDate(p)
		}
	}
	for _, p := range e.payments {
		switch {
		case p.returned:
			continue
		case p.bill == nil:
			e.doubtDay(p.Date, p.Amount)
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
// long after the next one. What is paid after the next closing date is part of the next bill if that one contains the
// total.
func (e *evaluation) settleExactly(i int) {
	b := e.bills[i]
	if !b.Total.IsPositive() {
		return
	}
	next, last := e.closingAfter(i)
	if next != nil && !next.Total.Equal(b.Total) && !next.fits(b.Total) {
		last = last.AddDays(lateDays)
	}
	for _, p := range e.payments {
		isOpen := p.bill == nil && !p.returned && e.mayBeOf(p, i)
		if isOpen && p.Amount.Equal(b.Total) && p.Date >= b.Closing && p.Date <= last {
			p.bill = b
			return
		}
	}
}

// mayBeOf reports whether a payment may settle the i-th bill. Banks list a payment with the bill that it settles or
// with the next one.
func (e *evaluation) mayBeOf(p *payment, i int) bool {
	return p.listed < 0 || p.listed == i || p.listed == e.next(i)
}

// closingAfter returns the bill after the i-th one and the last day on which a payment settles the i-th bill, which is
// the closing date of the bill after it. If the list lacks that bill, next is nil, and last is the last day before it
// can have closed: the vendor may not list it yet, or no longer, or in a form that cannot be read.
func (e *evaluation) closingAfter(i int) (next *Evaluated, last domain.Date) {
	b := e.bills[i]
	if n := e.next(i); n >= 0 && Follows(b.Closing, e.bills[n].Closing) {
		return e.bills[n], e.bills[n].Closing
	}
	return nil, addMonths(b.Closing, 1).AddDays(-nearClosing - 1)
}

// settleByDate assigns a payment to the bill that was closed last before it. A payment near a closing date that is
// only derived may belong to either bill, so it settles none, nor does one that may belong to a bill that is not
// listed.
func (e *evaluation) settleByDate(p *payment) {
	for i, b := range slices.Backward(e.bills) {
		if !b.ClosingKnown && abs(daysBetween(b.Closing, p.Date)) <= nearClosing {
			return
		}
		if p.Date > b.Closing {
			if _, last := e.closingAfter(i); p.Date <= last && e.mayBeOf(p, i) {
				p.bill = b
			}
			return
		}
	}
}

// listsLate reports whether the bank lists payments only with the next bill, and the rows do not show them. A payment
// of the newest bill is then not known yet. A payment before the closing date of the bill that lists it shows this,
// too.
func (e *evaluation) listsLate() bool {
	late := false
	for _, p := range e.payments {
		switch {
		case p.row >= 0 || p.listed < 0:
		case p.bill == nil:
			late = late || p.Date <= e.bills[p.listed].Closing
		case e.bills[p.listed] == p.bill:
			return false
		default:
			late = true
		}
	}
	return late
}
