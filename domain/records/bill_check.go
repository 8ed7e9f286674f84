package records

import (
	"cmp"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// derivedMargin is the number of days before a derived closing date up to which a bill shows that records are complete.
const derivedMargin = 3

// LastBill returns the check of the last bill that has closed before the day; nil if there is none. all contains the
// bills of a card, result that of their evaluation, list the state of the vendor's list, and coversTo the last day that
// the reading of the bank covers; "" if it is not known. overdue returns when a difference of a bill with this due date
// begins to count.
func LastBill(
	all []bills.Stored, result bills.Result, list bills.ListState, day, coversTo domain.Date, at time.Time,
	overdue func(due domain.Date) time.Time,
) *books.BillCheck {
	closed := slices.DeleteFunc(slices.Clone(all), func(s bills.Stored) bool { return !s.ClosedBefore(day) })
	if len(closed) == 0 {
		return nil
	}
	domain.SortLarge(closed, func(x, y bills.Stored) int { return cmp.Compare(x.Closing, y.Closing) })
	last := closed[len(closed)-1]
	check := &books.BillCheck{
		Bill: last.ID, CompleteTo: last.Closing, Overdue: overdue(last.DueDate), At: at,
		AddsUp: last.Check == bills.AddsUp, From: bills.StartOf(closed[0].Closing), UnbilledTo: result.UnbilledTo,
		WithoutAmount: result.WithoutAmount, Partial: list == bills.ListPartial,
	}
	if !last.ClosingKnown {
		check.CompleteTo = last.Closing.AddDays(-derivedMargin)
	}
	if coversTo != "" {
		check.CompleteTo = min(check.CompleteTo, coversTo)
	}
	// What the bill before the oldest one has left is not known, so that it may be the difference.
	isExplained := last.Carried != nil || last.Check == bills.AddsUp
	if d := last.Difference; d != nil && last.Check != bills.CheckUnknown && isExplained {
		check.Known, check.Expected, check.Actual = true, last.Total, last.Total.Sub(*d)
	}
	for i, s := range closed {
		if i < len(closed)-1 && s.Check != bills.AddsUp {
			check.Doubtful = append(check.Doubtful, s.Closing)
		}
		if i > 0 && !bills.Follows(closed[i-1].Closing, s.Closing) { // a bill between them is missing
			check.Doubtful = append(check.Doubtful, bills.StartOf(s.Closing).AddDays(-1))
		}
	}
	return check
}
