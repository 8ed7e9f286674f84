package domain

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// The forms of an HTTP-date (RFC 9110, section 5.6.7): the preferred form, and two obsolete
// forms that a recipient must accept.
var httpDateLayouts = []string{
	"Mon, 02 Jan 2006 15:04:05 GMT",
	"Monday, 02-Jan-06 15:04:05 GMT",
	time.ANSIC,
}

// ParseRetryAfter parses the value of a Retry-After header (RFC 9110, section 10.2.3). ok is false if the value has
// neither of these forms:
//
//   - A number of seconds. A fraction is accepted, because some servers send one. A number that is too large becomes
//     the largest Duration.
//   - An HTTP-date. The wait is the time from now until this date; zero for a date in the past.
func ParseRetryAfter(value string, now time.Time) (wait time.Duration, ok bool) {
	value = strings.TrimSpace(value)
	if strings.Trim(value, "0123456789.") == "" {
		return parseDelaySeconds(value)
	}
	for _, layout := range httpDateLayouts {
		if at, err := time.Parse(layout, value); err == nil {
			return max(0, at.Sub(now)), true
		}
	}
	return 0, false
}

// parseDelaySeconds parses a number of seconds, which consists of digits and at most one
// decimal point. It returns false for any other text.
func parseDelaySeconds(value string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // for a number out of range, ParseFloat returns infinity
		return 0, false
	}
	// The comparison must precede the conversion, because the result of converting a float that does not
	// fit into an int64 is undefined.
	if seconds >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64, true
	}
	return time.Duration(seconds * float64(time.Second)), true
}
