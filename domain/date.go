package domain

import "time"

// Date is a calendar date in the form YYYY-MM-DD, so comparing two dates as strings orders
// them by time. The zero Date means that there is no date.
type Date string

// ParseDate parses a date in the form YYYY-MM-DD. Errors: Invalid; the error names no field.
func ParseDate(text string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", FieldError("", "must be a date, YYYY-MM-DD")
	}
	return Date(text), nil
}

// DateOf returns the calendar date at t, in the location of t.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// AddDays returns the date that is the given number of days later; the zero Date stays zero.
func (d Date) AddDays(days int) Date {
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return ""
	}
	return DateOf(at.AddDate(0, 0, days))
}

// Window is a range of value dates, including both ends. If From or To is zero, the window has no limit at that end.
type Window struct {
	From Date `json:"from,omitempty"`
	To   Date `json:"to,omitempty"`
}

// Validate returns an error if the window ends before it starts. Errors: Invalid on "to".
func (w Window) Validate() error {
	if w.From != "" && w.To != "" && w.To < w.From {
		return FieldError("to", "must not be before from")
	}
	return nil
}

// Contains reports whether the date is inside the window.
func (w Window) Contains(d Date) bool {
	return (w.From == "" || d >= w.From) && (w.To == "" || d <= w.To)
}

// Span returns the smallest window that contains both windows.
func (w Window) Span(other Window) Window {
	span := Window{From: min(w.From, other.From), To: max(w.To, other.To)}
	if w.To == "" || other.To == "" {
		span.To = ""
	}
	return span
}
