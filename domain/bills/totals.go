package bills

import (
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
	// bill is not closed yet, or uncertain rows may explain the difference.
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
	// StateUnknown means that no payment of any bill of the account was ever seen, or that a payment may be of this
	// bill or of another one.
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
		if e.follows(i) {
			rest := e.bills[i-1].rest()
			b.Carried = &rest
		}
		b.compare(e.mayContain(i))
	}
}

// mayContain returns the amounts that the total of the i-th bill may contain as the rest of the bill before. There are
// two if the rest was replaced by an instalment plan, or if no payment of the account was ever seen.
func (e *evaluation) mayContain(i int) []decimal.Decimal {
	rest := e.bills[i].Carried
	switch {
	case rest == nil:
		return []decimal.Decimal{decimal.Zero}
	case !rest.IsZero() && (!e.paymentsSeen() || e.hasPlan(e.bills[i-1])):
		return []decimal.Decimal{*rest, decimal.Zero}
	}
	return []decimal.Decimal{*rest}
}

// follows reports whether the bill before the i-th one is known.
func (e *evaluation) follows(i int) bool {
	return i > 0 && Follows(e.bills[i-1].Closing, e.bills[i].Closing)
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

// compare sets the form of the total that fits best, and the difference to it.
func (b *Evaluated) compare(contained []decimal.Decimal) {
	charges := b.charges()
	for _, c := range contained {
		for _, form := range []Form{OfRows, OfRowsAndCharges} {
			difference := b.Total.Sub(c).Sub(b.Rows.Sum)
			if form == OfRowsAndCharges {
				difference = difference.Sub(charges)
			}
			if b.Difference == nil || difference.Abs().LessThan(b.Difference.Abs()) {
				b.contained, b.Form, b.Difference = c, form, &difference
			}
		}
	}
	switch {
	case b.projected, b.unknown:
		b.Check, b.Form, b.Difference = CheckUnknown, "", nil
	case within(*b.Difference):
		b.Check = AddsUp
	case b.Rows.Count == 0, b.Difference.Abs().LessThanOrEqual(b.doubt.Add(tolerance)):
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
	switch {
	case !rest.IsPositive():
		return Paid
	case i+1 < len(e.bills) && e.follows(i+1) && e.bills[i+1].carries(rest):
		return CarriedOver
	case b.paid().IsPositive():
		return PartlyPaid
	case min(e.CoversTo, b.CoversTo) < secondBankingDay(b.DueDate, e.Currency):
		return Due
	case !e.paymentsSeen(), b.maybePaid:
		return StateUnknown
	}
	return Overdue
}

// carries reports whether a bill adds up with the rest of the bill before.
func (b *Evaluated) carries(rest decimal.Decimal) bool {
	return b.Check == AddsUp && b.contained.Equal(rest)
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
