package domain

import "time"

// From returns the earliest moment of a reading of the bank that covers the day; see To. currency is that of the
// account. The day must be a date.
func (c Coverage) From(day Date, currency string) time.Time {
	next := day.AddDays(1)
	for !IsBankingDay(next, currency) {
		next = next.AddDays(1)
	}
	return c.begin(next).Add(c.After)
}

// begin returns the first moment of a day in the time zone of the days.
func (c Coverage) begin(day Date) time.Time {
	at, _ := time.Parse(time.DateOnly, string(day))
	return at.Add(-c.Offset)
}

// DayState says whether the transactions of an account are complete for a day.
type DayState string

// The states of an account for a day.
const (
	// DayCovered means that the bank was read after it had had time to book the transactions of the day.
	DayCovered DayState = "covered"
	// DayReadSince means that the bank was read after the end of the day, but before a reading that covers it.
	DayReadSince DayState = "read_since"
	// DayNotRead means that the bank was not read since the end of the day.
	DayNotRead DayState = "not_read"
	// DayUndated means that it is not known when the bank was read.
	DayUndated DayState = "undated"
)

// StateOf returns the state of an account for a day, by the last reading of its bank. currency is that of the account.
func (c Coverage) StateOf(day Date, bankReadAt time.Time, currency string) DayState {
	switch {
	case bankReadAt.IsZero():
		return DayUndated
	case c.To(bankReadAt, currency) >= day:
		return DayCovered
	case bankReadAt.Before(c.begin(day.AddDays(1))):
		return DayNotRead
	}
	return DayReadSince
}
