package auth

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// MinSecret is the minimum length of a shared secret, in bytes. It is the length of the hash that HS256 computes (RFC
// 7518, section 3.2).
const MinSecret = 32

// ErrShortSecret reports that a shared secret is shorter than MinSecret bytes.
var ErrShortSecret = errors.New("the shared secret must have at least 32 bytes")

// sharedSecret is the key set of a verifier made by NewHS256. It has one key, which is used
// regardless of the token's key id.
type sharedSecret key

// find returns the key if the token's header names the key's algorithm.
func (s sharedSecret) find(_ context.Context, h header) (key, error) {
	if !key(s).matches(h) {
		return key{}, rejected("algorithm does not match the key")
	}
	return key(s), nil
}

// generation always returns 0, because the secret changes only with a restart.
func (sharedSecret) generation() uint64 { return 0 }

// NewHS256 returns a verifier that trusts one shared secret, and accepts only the algorithm HS256. It returns
// ErrShortSecret if the secret is too short.
func NewHS256(secret domain.Secret, claims Claims, clock ports.Clock) (*Verifier, error) {
	raw := secret.Reveal()
	if len(raw) < MinSecret {
		return nil, ErrShortSecret
	}
	return &Verifier{keys: sharedSecret{algorithm: "HS256", public: raw}, claims: claims, clock: clock}, nil
}
