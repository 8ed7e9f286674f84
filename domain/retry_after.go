package domain

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// The forms of an HTTP-date (RFC 9110, section 5.6.7): the preferred one, and two that are
// obsolete but must be read.
var httpDateLayouts = []string{
	"Mon, 02 Jan 2006 15:04:05 GMT",
	"Monday, 02-Jan-06 15:04:05 GMT",
	time.ANSIC,
}

// ParseRetryAfter parses the value of a Retry-After header (RFC 9110, section 10.2.3): a
// number of seconds, or an HTTP-date, which is compared with now. It returns how long to
// wait: never negative, zero for a date in the past, and the largest Duration for a
// number that no Duration holds. A fraction of a second is accepted, because some
// servers send one. ok is false if value has neither form.
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

// parseDelaySeconds parses digits with at most one decimal point.
func parseDelaySeconds(value string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range, it is infinite
		return 0, false
	}
	// Compared before it is converted: a float that no int64 holds converts to any value.
	if seconds >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64, true
	}
	return time.Duration(seconds * float64(time.Second)), true
}
