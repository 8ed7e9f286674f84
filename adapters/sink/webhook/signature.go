package webhook

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// secretPrefix is the beginning of every secret. The key in base64 follows it.
const secretPrefix = "whsec_"

// errSecret is the error for a target without a valid secret. The service generates the secrets, so it is an
// internal error.
var errSecret = errors.New("webhook: a subscription has no valid signing secret")

// signer returns the value of the header webhook-signature for an event. The type is a function and not a struct,
// because fmt would print the bytes of a key that is stored in a struct field.
type signer func(id string, at time.Time, body []byte) (string, error)

// newSigner returns a function that signs with each of the secrets. During a rotation there are two secrets, and a
// receiver can verify the request with either one. It returns errSecret if a secret is not valid, or if there is none.
func newSigner(secrets []domain.Secret) (signer, error) {
	keys := make([]*standardwebhooks.Webhook, 0, len(secrets))
	for _, secret := range secrets {
		text, found := bytes.CutPrefix(secret.Reveal(), []byte(secretPrefix))
		raw, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil || !found || len(raw) == 0 {
			return nil, errSecret
		}
		key, err := standardwebhooks.NewWebhookRaw(raw)
		if err != nil {
			return nil, errSecret
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errSecret
	}
	return func(id string, at time.Time, body []byte) (string, error) {
		signatures := make([]string, len(keys))
		for i, key := range keys {
			var err error
			if signatures[i], err = key.Sign(id, at, body); err != nil {
				return "", err
			}
		}
		return strings.Join(signatures, " "), nil
	}, nil
}
