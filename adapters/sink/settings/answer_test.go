package settings_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheSecretsInAnAnswerAreHidden(t *testing.T) {
	secrets := []domain.Secret{domain.SecretText("Bearer canary"), domain.SecretText("whsec_canary"), {}}
	got := string(settings.WithoutSecrets([]byte("you sent Bearer canary, whsec_canary"), false, secrets))
	if got != "you sent …, …" {
		t.Errorf("the answer is %q", got)
	}
}

// A body that is cut may end with the beginning of a secret.
func TestACutAnswerShowsNoPartOfASecret(t *testing.T) {
	const canary = "canary-0123456789"
	for cut := range len(canary) {
		got := settings.WithoutSecrets(
			[]byte("echo: "+canary+" "+canary[:cut]),
			true,
			[]domain.Secret{domain.SecretText(canary)},
		)
		if strings.Contains(string(got), "can") {
			t.Errorf("the answer shows %q", got)
		}
	}
}
