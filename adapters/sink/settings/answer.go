package settings

import (
	"bytes"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// hiddenSecret replaces a secret in the text of an answer.
const hiddenSecret = "…"

// WithoutSecrets returns the body of an answer with "…" instead of each secret. If the body is cut, its end may be the
// beginning of a secret, and is left out.
func WithoutSecrets(body []byte, cut bool, secrets []domain.Secret) []byte {
	longest := 0
	for _, secret := range secrets {
		if text := secret.Reveal(); len(text) > 0 {
			body = bytes.ReplaceAll(body, text, []byte(hiddenSecret))
			longest = max(longest, len(text))
		}
	}
	if cut {
		body = body[:max(0, len(body)-longest)]
	}
	return body
}
