package events_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// The text of an answer comes from a stranger and is shown to people, so it has no control characters, no invalid
// bytes, and a limited length.
func TestAnAnswerIsSafeToShow(t *testing.T) {
	for body, want := range map[string]string{
		"":                                   "",
		"maintenance\r\nuntil 12:00\x00\x7f": "maintenance␍␊until 12:00␀␡",
		"ação 😀\u00a0b":                      "ação 😀\u00a0b",
		"a\xffb\u202ec\u2028d\ufeff":         "a\uFFFDb\uFFFDc\uFFFDd\uFFFD",
		strings.Repeat("é", 600):             strings.Repeat("é", 512),
		"x" + strings.Repeat("é", 600):       "x" + strings.Repeat("é", 511),
	} {
		if got := events.NewSinkAnswer(503, []byte(body)); got.Status != 503 || got.Body != want {
			t.Errorf("%q became %q, want %q", body, got.Body, want)
		}
	}
}
