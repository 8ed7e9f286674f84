package domain_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var retryAfterNow = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

func TestParseRetryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		want  time.Duration
		ok    bool
	}{
		"seconds":                  {"120", 2 * time.Minute, true},
		"zero":                     {"0", 0, true},
		"leading zeros":            {"007", 7 * time.Second, true},
		"white space around":       {" 7\t", 7 * time.Second, true},
		"a fraction":               {"1.5", 1500 * time.Millisecond, true},
		"more than a Duration":     {"99999999999999999999", math.MaxInt64, true},
		"just a Duration":          {"9223372036", 9223372036 * time.Second, true},
		"the largest Duration":     {"9223372036.854775807", math.MaxInt64, true},
		"more than a float":        {strings.Repeat("9", 400), math.MaxInt64, true},
		"a date":                   {"Thu, 19 Nov 2026 12:01:30 GMT", 90 * time.Second, true},
		"a date in RFC 850's form": {"Thursday, 19-Nov-26 12:01:30 GMT", 90 * time.Second, true},
		"a date in asctime's form": {"Thu Nov 19 12:01:30 2026", 90 * time.Second, true},
		"a date in the past":       {"Fri, 31 Dec 1999 23:59:59 GMT", 0, true},
		"the latest date":          {"Fri, 31 Dec 9999 23:59:59 GMT", math.MaxInt64, true},
		"empty":                    {"", 0, false},
		"white space only":         {"  ", 0, false},
		"a negative number":        {"-5", 0, false},
		"a sign":                   {"+5", 0, false},
		"an exponent":              {"1e3", 0, false},
		"a hexadecimal number":     {"0x10", 0, false},
		"an underscore":            {"1_000", 0, false},
		"two points":               {"1.2.3", 0, false},
		"a point only":             {".", 0, false},
		"NaN":                      {"NaN", 0, false},
		"a word":                   {"soon", 0, false},
		"a date in another zone":   {"Thu, 19 Nov 2026 12:01:30 CET", 0, false},
		"a date of RFC 3339":       {"2026-11-19T12:01:30Z", 0, false},
		"a date that never is":     {"Thu, 31 Nov 2026 12:01:30 GMT", 0, false},
	} {
		got, ok := domain.ParseRetryAfter(test.value, retryAfterNow)
		if got != test.want || ok != test.ok {
			t.Errorf("%s: ParseRetryAfter(%.40q) = %v, %v, want %v, %v", name, test.value, got, ok, test.want, test.ok)
		}
	}
}

// FuzzParseRetryAfter checks that no value results in a negative wait, and that spaces around
// a value do not change the result.
func FuzzParseRetryAfter(f *testing.F) {
	for _, value := range []string{
		"120", "0", "1.5", "-5", "NaN", "Inf", "1e400", "99999999999999999999", "",
		"Thu, 19 Nov 2026 12:01:30 GMT", "Thursday, 19-Nov-26 12:01:30 GMT", "Thu Nov 19 12:01:30 2026",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		wait, ok := domain.ParseRetryAfter(value, retryAfterNow)
		if wait < 0 || wait > 0 && !ok {
			t.Errorf("ParseRetryAfter(%q) = %v, %v", value, wait, ok)
		}
		if again, same := domain.ParseRetryAfter(" "+value+" ", retryAfterNow); again != wait || same != ok {
			t.Errorf("ParseRetryAfter(%q) = %v, %v with spaces around, %v, %v without", value, again, same, wait, ok)
		}
	})
}
