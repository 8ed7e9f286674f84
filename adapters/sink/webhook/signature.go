package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
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

// signatures contains the values of the headers that sign an event.
type signatures struct {
	standard string // webhook-signature of Standard Webhooks
	// lerian is the value of x-webhook-signature in version 1 of Lerian's services: "v1,sha256=" and the HMAC-SHA256 of
	// "v1:", the timestamp, "." and the body, in hexadecimal digits. The key is the text of the newest secret. The
	// header can contain only one signature.
	lerian string
}

// signer returns the signatures of an event. The type is a function and not a struct, because fmt would print the bytes
// of a key that is stored in a struct field.
type signer func(id string, at time.Time, body []byte) (signatures, error)

// newSigner returns a function that signs with the secrets, the newest first. During a rotation there are two secrets,
// and a receiver can verify the request with either one by Standard Webhooks. It returns errSecret if a secret is not
// valid, or if there is none.
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
	newest := secrets[0]
	return func(id string, at time.Time, body []byte) (signatures, error) {
		standard := make([]string, len(keys))
		for i, key := range keys {
			var err error
			if standard[i], err = key.Sign(id, at, body); err != nil {
				return signatures{}, err
			}
		}
		mac := hmac.New(sha256.New, newest.Reveal())
		_, _ = fmt.Fprintf(mac, "v1:%d.", at.Unix())
		_, _ = mac.Write(body)
		return signatures{strings.Join(standard, " "), "v1,sha256=" + hex.EncodeToString(mac.Sum(nil))}, nil
	}, nil
}
