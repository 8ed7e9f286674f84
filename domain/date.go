package domain

import "time"

// Date is a calendar date, YYYY-MM-DD. Dates compare as strings. The zero Date is
// no date.
type Date string

// ParseDate reads YYYY-MM-DD. Errors: Invalid, without a field.
func ParseDate(text string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", FieldError("", "must be a date, YYYY-MM-DD")
	}
	return Date(text), nil
}

// DateOf gives the calendar date at t, in t's own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// AddDays moves the date; the zero Date stays.
func (d Date) AddDays(days int) Date {
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return ""
	}
	return DateOf(at.AddDate(0, 0, days))
}

// Window is a range of value dates, both ends included; a zero end is open.
type Window struct {
	From Date `json:"from,omitempty"`
	To   Date `json:"to,omitempty"`
}

// Validate refuses a window that ends before it begins. Errors: Invalid on "to".
func (w Window) Validate() error {
	if w.From != "" && w.To != "" && w.To < w.From {
		return FieldError("to", "must not be before from")
	}
	return nil
}

// Contains says whether the date is inside.
func (w Window) Contains(d Date) bool {
	return (w.From == "" || d >= w.From) && (w.To == "" || d <= w.To)
}

// Span is the smallest window that holds both.
func (w Window) Span(other Window) Window {
	span := Window{From: min(w.From, other.From), To: max(w.To, other.To)}
	if w.To == "" || other.To == "" {
		span.To = ""
	}
	return span
}
