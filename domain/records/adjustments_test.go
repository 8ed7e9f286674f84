package records_test

import (
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// closedUntil returns a function that returns the last closed day of account 1. No other account has closed periods.
func closedUntil(day domain.Date) func(domain.AccountID) domain.Date {
	return func(id domain.AccountID) domain.Date {
		if id == accountID(1) {
			return day
		}
		return ""
	}
}

// stateOn returns the state of a live record of an account.
func stateOn(account byte, day string) *books.RecordState {
	return &books.RecordState{
		Account: accountID(account), Live: true, CoveredMembers: domain.CoveredMembers{Date: day, Amount: "1"},
	}
}

func TestAChangeOfAClosedPeriodIsAnAdjustment(t *testing.T) {
	for _, tc := range []struct {
		name          string
		before, after *books.RecordState
		want          []domain.ChangeKind
	}{
		{"added on the last day", nil, stateOn(1, "2026-10-31"), []domain.ChangeKind{domain.Added}},
		{"added after the last day", nil, stateOn(1, "2026-11-01"), nil},
		{"added to an account without closed periods", nil, stateOn(2, "2026-10-31"), nil},
		{"moved out of the period", stateOn(1, "2026-10-31"), stateOn(1, "2026-11-01"),
			[]domain.ChangeKind{domain.Modified}},
		{"unchanged", stateOn(1, "2026-10-31"), stateOn(1, "2026-10-31"), nil},
		{"moved to another account", stateOn(1, "2026-10-31"), stateOn(2, "2026-10-31"),
			[]domain.ChangeKind{domain.Removed}},
	} {
		change := records.RecordChange{Version: 3, At: epoch, Before: tc.before, After: *tc.after}
		var got []domain.ChangeKind
		for _, a := range change.Adjustments(closedUntil("2026-10-31")) {
			if got = append(got, a.Change); a.Account != accountID(1) || a.Version != 3 || !a.At.Equal(epoch) {
				t.Errorf("%s: %+v", tc.name, a)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v instead of %v", tc.name, got, tc.want)
		}
	}
}

func TestEventsOfAdjustedPeriods(t *testing.T) {
	var made []books.Adjustment
	for _, day := range []string{"2026-10-15", "2026-09-30", "2026-10-01"} {
		change := records.RecordChange{Before: stateOn(1, day), After: books.RecordState{}}
		made = append(made, change.Adjustments(closedUntil("2026-10-31"))...)
	}
	closed := []records.ClosedPeriod{
		{Account: accountID(1), Day: "2026-08-31"}, {Account: accountID(1), Day: "2026-09-30"},
		{Account: accountID(1), Day: "2026-10-31"}, {Account: accountID(2), Day: "2026-10-31"},
	}
	want := []records.Event{
		{Type: events.PeriodAdjusted, Subject: accountID(1).String() + "/2026-09-30"},
		{Type: events.PeriodAdjusted, Subject: accountID(1).String() + "/2026-10-31"},
	}
	if got := records.OfAdjustments(made, closed); len(made) != 3 || !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
}
