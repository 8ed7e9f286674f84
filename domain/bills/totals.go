package bills

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Check is the result of the comparison of a bill's total with its rows.
type Check string

// The results of a comparison.
const (
	AddsUp  Check = "adds_up"
	Differs Check = "differs"
	// CheckUnknown means that nothing can be said: no row of the bill is known, the amount of a row is not known, the
	// bill is not known to be closed, or uncertain rows may explain the difference.
	CheckUnknown Check = "unknown"
)

// Form tells whether a total consists of the rows, or of the rows and the finance charges.
type Form string

// The forms of a total. Both occur: some banks also list the charges as rows.
const (
	OfRows           Form = "rows"
	OfRowsAndCharges Form = "rows_and_charges"
)

// State tells whether a bill is paid.
type State string

// The states of a bill. The first one that applies counts.
const (
	Paid        State = "paid"
	CarriedOver State = "carried" // the next bill contains what was not paid
	PartlyPaid  State = "partly_paid"
	Due         State = "due"
	// StateUnknown means that no payment of any bill of the account was ever seen, that a payment may be of this bill
	// or of another one, that a row may be a payment of it, or that payments are seen of a bill that may not be closed.
	StateUnknown State = "unknown"
	Overdue      State = "overdue"
)

// paid returns the sum of the payments of a bill.
func (b *Evaluated) paid() decimal.Decimal {
	var sum decimal.Decimal
	for _, p := range b.Paid {
		sum = sum.Add(p.Amount)
	}
	return sum
}

// rest returns what the payments have left of a bill; negative if they were more than the total.
func (b *Evaluated) rest() decimal.Decimal {
	rest := b.Total.Sub(b.paid())
	if within(rest) {
		return decimal.Zero
	}
	return rest
}

// charges returns the sum of the finance charges that are costs.
func (b *Evaluated) charges() decimal.Decimal {
	var sum decimal.Decimal
	for _, c := range b.FinanceCharges {
		if !c.NoCost {
			sum = sum.Add(c.Amount)
		}
	}
	return sum
}

// compareTotals applies rule B to every bill.
func (e *evaluation) compareTotals() {
	for i, b := range e.bills {
		var rest *decimal.Decimal
		isKnown := true
		if before := e.before(i); before >= 0 {
			left := e.bills[before].rest()
			early := left.IsNegative() && e.isPaidEarly(i, left.Neg())
			if early && b.fits(decimal.Zero) && !b.fits(left) {
				left, b.maybePaid = decimal.Zero, true
			}
			rest, isKnown = &left, e.paymentsSeen() && !e.hasPlan(e.bills[before])
			b.mustContain = left.IsNegative() && !early ||
				isKnown && left.IsPositive() && e.bills[before].paid().IsPositive()
		}
		b.vague = e.Unreadable || rest == nil && b.isVague()
		b.compare(rest, isKnown)
		if rest != nil && rest.IsNegative() && b.contained.IsZero() { // what was paid too much may settle this bill
			b.maybePaid = true
		}
	}
}

// isPaidEarly reports whether what was paid too much of the bill before is a payment that the i-th bill lists, of
// exactly its total. It was then made before the closing date, and is no credit.
func (e *evaluation) isPaidEarly(i int, credit decimal.Decimal) bool {
	b := e.bills[i]
	return b.Total.Equal(credit) && slices.ContainsFunc(e.payments, func(p *payment) bool {
		return p.listed == i && p.bill != b && p.Amount.Equal(b.Total)
	})
}

// isVague reports whether a bill of which the bill before is not known may contain a rest of that bill, or has rows
// whose first day is only estimated.
func (b *Evaluated) isVague() bool { return b.byDates || b.charges().IsPositive() }

// before returns the index of the bill before the i-th one; -1 if it is not known. A bill that is due on the same day
// is none: it is another version of the bill, or that of another card.
func (e *evaluation) before(i int) int {
	before := i - 1
	for before >= 0 && e.bills[before].DueDate == e.bills[i].DueDate {
		before--
	}
	if before >= 0 && Follows(e.bills[before].Closing, e.bills[i].Closing) {
		return before
	}
	return -1
}

// next returns the index of the next bill in the list that is due later than the i-th one; -1 if there is none.
func (e *evaluation) next(i int) int {
	for next := i + 1; next < len(e.bills); next++ {
		if e.bills[next].DueDate != e.bills[i].DueDate {
			return next
		}
	}
	return -1
}

// Follows reports whether the bill with the second closing date is the next one after that with the first. Otherwise a
// bill between them is missing.
func Follows(before, closing domain.Date) bool { return daysBetween(before, closing) <= longestPeriod }

// StartOf returns an estimate of the first day of a bill of which the one before is not known.
func StartOf(closing domain.Date) domain.Date { return addMonths(closing, -1).AddDays(1) }

// hasPlan reports whether a payment of the bill has begun an instalment plan.
func (e *evaluation) hasPlan(b *Evaluated) bool {
	for _, p := range e.payments {
		if p.bill == b && p.Instalments {
			return true
		}
	}
	return false
}

// paymentsSeen reports whether a payment of any bill of the account was seen.
func (e *evaluation) paymentsSeen() bool { return len(e.payments) > 0 }

// difference returns what the total is more than the rows and the given rest of the bill before, in the form that fits
// best.
func (b *Evaluated) difference(rest decimal.Decimal) (decimal.Decimal, Form) {
	ofRows := b.Total.Sub(rest).Sub(b.Rows.Sum)
	withCharges := ofRows.Sub(b.charges())
	if withCharges.Abs().LessThan(ofRows.Abs()) {
		return withCharges, OfRowsAndCharges
	}
	return ofRows, OfRows
}

// fits reports whether the total consists of the rows and the given rest of the bill before.
func (b *Evaluated) fits(rest decimal.Decimal) bool {
	difference, _ := b.difference(rest)
	return b.Rows.Count > 0 && within(difference)
}

// compare sets the form of the total that fits best, and the difference to it. rest is what the known payments have
// left of the bill before; nil if that bill is not known. isKnown is false if the rest may have been settled in
// another way: no payment of the account was ever seen, or an instalment plan has replaced it. A total that consists
// of the rows alone contains no rest, so the bill before was settled by a payment that is not shown. If a part of that
// bill was seen to be paid, or if it has left a credit, which the bank may have paid out, a row may as well be missing
// or doubled, so that nothing is known.
func (b *Evaluated) compare(rest *decimal.Decimal, isKnown bool) {
	b.Carried = rest
	if rest != nil && !b.fits(*rest) {
		withRest, _ := b.difference(*rest)
		without, _ := b.difference(decimal.Zero)
		if b.fits(decimal.Zero) || !isKnown && without.Abs().LessThan(withRest.Abs()) {
			rest = nil
		}
	}
	if rest != nil {
		b.contained = *rest
	}
	difference, form := b.difference(b.contained)
	b.Difference, b.Form = &difference, form
	switch {
	case !b.closed, b.unknown:
		b.Check, b.Form, b.Difference = CheckUnknown, "", nil
	case b.mustContain && b.contained.IsZero() && within(difference):
		difference, _ = b.difference(*b.Carried)
		b.Check, b.Form, b.Difference = CheckUnknown, "", &difference
	case within(difference):
		b.Check = AddsUp
	case b.vague, b.Rows.Count == 0, difference.Abs().LessThanOrEqual(b.doubt.Add(tolerance)):
		b.Check, b.Form = CheckUnknown, ""
	default:
		b.Check = Differs
	}
}

// decideStates applies the second half of rule C to every bill.
func (e *evaluation) decideStates() {
	for i, b := range e.bills {
		b.State = e.state(i, b)
	}
}

// state returns the first state that applies to the i-th bill.
func (e *evaluation) state(i int, b *Evaluated) State {
	rest := b.rest()
	var next *Evaluated
	if n := e.next(i); n >= 0 && e.before(n) == i {
		next = e.bills[n]
	}
	switch {
	case !b.closed && (!rest.IsPositive() || b.paid().IsPositive()): // its total may still change
		return StateUnknown
	case !rest.IsPositive():
		return Paid
	case next != nil && next.addsUpWith(rest):
		return CarriedOver
	case b.paid().IsPositive():
		return PartlyPaid
	case min(e.CoversTo, b.CoversTo) < secondBankingDay(b.DueDate, e.Currency):
		return Due
	case !e.paymentsSeen(), e.Unreadable, !b.closed, b.maybePaid, e.hasCredit(i), e.isTwin(i),
		next != nil && next.lacksRest(), i == len(e.bills)-1 && e.listsLate():
		return StateUnknown
	}
	return Overdue
}

// addsUpWith reports whether a bill adds up with the given rest of the bill before.
func (b *Evaluated) addsUpWith(rest decimal.Decimal) bool {
	return b.Check == AddsUp && b.contained.Equal(rest)
}

// lacksRest reports whether the total of a bill shows that the bill before was settled: it consists of the rows without
// a rest. The total of a bill that is not known to be closed is a hint, too.
func (b *Evaluated) lacksRest() bool {
	return b.addsUpWith(decimal.Zero) || !b.closed && b.fits(decimal.Zero)
}

// isTwin reports whether another bill is due on the same day as the i-th one. A payment may be listed with either.
func (e *evaluation) isTwin(i int) bool {
	return i > 0 && e.bills[i-1].DueDate == e.bills[i].DueDate ||
		i+1 < len(e.bills) && e.bills[i+1].DueDate == e.bills[i].DueDate
}

// secondBankingDay returns the second banking day on or after a due date. A payment on the due date is booked then.
func secondBankingDay(due domain.Date, currency string) domain.Date {
	seen, day := 0, due
	for ; ; day = day.AddDays(1) {
		if domain.IsBankingDay(day, currency) {
			seen++
		}
		if seen == 2 || day == "" {
			return day
		}
	}
}
