package records

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RecordChange is a change of a record, as closed periods see it.
type RecordChange struct {
	ID      domain.TransactionID
	Version int // after the change
	At      time.Time
	Before  *domain.RecordState // nil if the record is new
	After   domain.RecordState
}

// Adjustments returns the adjustments of closed periods that result from the change. lastDay returns the last day of
// the latest closed period of an account; "" if the account has no closed period.
func (c RecordChange) Adjustments(lastDay func(domain.AccountID) domain.Date) []domain.Adjustment {
	var affecting []domain.Adjustment
	for _, a := range domain.Adjustments(c.ID, c.Version, c.At, c.Before, c.After) {
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
func OfAdjustments(adjustments []domain.Adjustment, closed []ClosedPeriod) []Event {
	earliest := map[domain.AccountID]domain.Date{}
	for _, a := range adjustments {
		if day, ok := earliest[a.Account]; !ok || a.Day() < day {
			earliest[a.Account] = a.Day()
		}
	}
	var events []Event
	for _, period := range closed {
		if day, ok := earliest[period.Account]; ok && period.Day >= day {
			events = append(events, Event{domain.PeriodAdjusted, domain.PeriodSubject(period.Account, period.Day)})
		}
	}
	return events
}
