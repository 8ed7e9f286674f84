package records

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// derivedMargin is the number of days before a derived closing date up to which a bill shows that records are complete.
const derivedMargin = 3

// LastBill returns the check of the last bill that has closed before the day; nil if there is none. all contains the
// bills of a card. overdue returns when a difference of a bill with this due date begins to count.
func LastBill(
	all []bills.Stored, day domain.Date, at time.Time, overdue func(due domain.Date) time.Time,
) *books.BillCheck {
	var last *bills.Stored
	closed := func(s *bills.Stored) bool { return s.RemovedAt.IsZero() && s.SameAs == "" && s.Closing < day }
	for i := range all {
		if s := &all[i]; closed(s) && (last == nil || s.Closing > last.Closing) {
			last = s
		}
	}
	if last == nil {
		return nil
	}
	check := &books.BillCheck{
		Bill: last.ID, CompleteTo: last.Closing, Overdue: overdue(last.DueDate), At: at,
		AddsUp: last.Check == bills.AddsUp,
	}
	if !last.ClosingKnown {
		check.CompleteTo = last.Closing.AddDays(-derivedMargin)
	}
	if d := last.Difference; d != nil && last.Check != bills.CheckUnknown {
		check.Known, check.Expected, check.Actual = true, last.Total, last.Total.Sub(*d)
	}
	for i := range all {
		if s := &all[i]; closed(s) && s != last && s.Check != bills.AddsUp {
			check.Doubtful = append(check.Doubtful, s.Closing)
		}
	}
	return check
}
