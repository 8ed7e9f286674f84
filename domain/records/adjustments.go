package records

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// RecordChange contains the values of a changed record from which the adjustments of closed periods are computed.
type RecordChange struct {
	ID      domain.TransactionID
	Version int // after the change
	At      time.Time
	Before  *books.RecordState // nil if the record is new
	After   books.RecordState
}

// Adjustments returns the adjustments of closed periods that result from the change. lastDay returns the last day of
// the latest closed period of an account; "" if the account has no closed period.
func (c RecordChange) Adjustments(lastDay func(domain.AccountID) domain.Date) []books.Adjustment {
	var affecting []books.Adjustment
	for _, a := range books.Adjustments(c.ID, c.Version, c.At, c.Before, c.After) {
		if last := lastDay(a.Account); last != "" && a.Day() <= last {
			affecting = append(affecting, a)
		}
	}
	return affecting
}

// ClosedPeriod identifies a closed period of an account by its last day.
type ClosedPeriod struct {
	Account domain.AccountID
	Day     domain.Date
}

// OfAdjustments returns an event for each of the closed periods that one of the adjustments affects. The periods must
// have been closed before the adjustments were made.
func OfAdjustments(adjustments []books.Adjustment, closed []ClosedPeriod) []Event {
	earliest := map[domain.AccountID]domain.Date{}
	for _, a := range adjustments {
		day := a.Day()
		if before, found := earliest[a.Account]; found {
			day = min(day, before)
		}
		earliest[a.Account] = day
	}
	var recorded []Event
	for _, period := range closed {
		if day, ok := earliest[period.Account]; ok && period.Day >= day {
			recorded = append(recorded, Event{events.PeriodAdjusted, events.PeriodSubject(period.Account, period.Day)})
		}
	}
	return recorded
}
