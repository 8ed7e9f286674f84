package pluggysim

import (
	"encoding/json"
	"fmt"
	"time"
)

// Text is a string whose value may be unknown to the vendor. The empty Text is null in JSON.
type Text string

// MarshalJSON returns null for an empty text.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Number is a JSON number whose digits do not change ("-900.0" stays "-900.0"). The empty Number is null in
// JSON. Amounts are in major units.
type Number string

// MarshalJSON returns the digits unchanged. If they are not a JSON number, encoding the response fails.
func (n Number) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return []byte(n), nil
}

// UnmarshalJSON accepts a JSON number or null; any other value is an error.
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

// timeLayout is the only format in which the vendor sends a time. The vendor's SDK converts only this format into a
// Date.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Time is a time that is encoded in UTC with milliseconds. The zero Time is null in JSON.
type Time struct{ time.Time }

// At returns t with the precision with which the vendor stores times: UTC, in whole milliseconds.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// String returns the time in the vendor's format, or "" for the zero Time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// MarshalJSON returns the time in the vendor's format, or null for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) { return Text(t.String()).MarshalJSON() }

// UnmarshalJSON accepts RFC 3339 or YYYY-MM-DD (midnight UTC), or null.
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
