package events_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// The text of an answer comes from a stranger and is shown to people, so it has no secrets, no control characters, no
// invalid bytes, and a limited length.
func TestAnAnswerIsSafeToShow(t *testing.T) {
	secrets := []domain.Secret{domain.SecretText("Bearer canary"), domain.SecretText("whsec_canary"), {}}
	for body, want := range map[string]string{
		"":                                     "",
		"maintenance\r\nuntil 12:00\x00\x7f":   "maintenance␍␊until 12:00␀␡",
		"you sent Bearer canary, whsec_canary": "you sent …, …",
		"ação 😀\u00a0b":                        "ação 😀\u00a0b",
		"a\xffb\u202ec\u2028d\ufeff":           "a\uFFFDb\uFFFDc\uFFFDd\uFFFD",
		strings.Repeat("é", 600):               strings.Repeat("é", 512),
		"x" + strings.Repeat("é", 600):         "x" + strings.Repeat("é", 511),
	} {
		if got := events.NewSinkAnswer(503, []byte(body), false, secrets); got.Status != 503 || got.Body != want {
			t.Errorf("%q became %q, want %q", body, got.Body, want)
		}
	}
}

// A body that is cut may end with the beginning of a secret.
func TestACutAnswerShowsNoPartOfASecret(t *testing.T) {
	const canary = "canary-0123456789"
	for cut := range len(canary) {
		body := "echo: " + canary + " " + canary[:cut]
		got := events.NewSinkAnswer(400, []byte(body), true, []domain.Secret{domain.SecretText(canary)})
		if strings.Contains(got.Body, "can") {
			t.Errorf("the answer shows %q", got.Body)
		}
	}
}
