package pluggysim

import (
	"encoding/json"
	"fmt"
	"time"
)

// Text is a string that the vendor may not know: empty is null on the wire.
type Text string

// MarshalJSON writes null for the empty text.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Number is a JSON number kept letter by letter ("-900.0" stays so); empty is null on the wire. Units: major.
type Number string

// MarshalJSON writes the digits unchanged; text that is no JSON number fails the answer.
func (n Number) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return []byte(n), nil
}

// UnmarshalJSON takes a JSON number or null; anything else is an error.
func (n *Number) UnmarshalJSON(raw []byte) error {
	var v json.Number
	if len(raw) > 0 && raw[0] == '"' {
		return fmt.Errorf("pluggysim: a quoted number")
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("pluggysim: not a number: %w", err)
	}
	*n = Number(v)
	return nil
}

// stamp is the only form of a time the vendor writes; its SDK turns exactly this form into a Date.
const stamp = "2006-01-02T15:04:05.000Z"

// Time is an instant written in UTC with milliseconds; the zero Time is null on the wire.
type Time struct{ time.Time }

// At is t as the vendor keeps it: UTC, whole milliseconds.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// String is the wire form; empty for the zero Time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stamp)
}

// MarshalJSON writes the wire form, or null.
func (t Time) MarshalJSON() ([]byte, error) { return Text(t.String()).MarshalJSON() }

// UnmarshalJSON takes RFC 3339 or YYYY-MM-DD (midnight UTC), or null.
func (t *Time) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("pluggysim: not a time: %w", err)
	}
	if s == "" {
		*t = Time{}
		return nil
	}
	at, err := parseTime(s)
	if err == nil {
		*t = At(at)
	}
	return err
}

func parseTime(s string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("pluggysim: neither RFC 3339 nor a date: %w", err)
	}
	return at, nil
}
