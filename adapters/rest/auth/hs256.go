package auth

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// MinSecret is the shortest shared secret, in bytes: the hash's own length (RFC 7518,
// section 3.2).
const MinSecret = 32

// ErrShortSecret refuses a shared secret below MinSecret bytes.
var ErrShortSecret = errors.New("the shared secret must have at least 32 bytes")

// shared is the one key of NewHS256. The token's key id says nothing about it.
type sharedSecret key

// find gives the key to a token of its algorithm.
func (s sharedSecret) find(_ context.Context, h header) (key, error) {
	if !key(s).matches(h) {
		return key{}, rejected("another algorithm")
	}
	return key(s), nil
}

// era never ends: the secret changes with the process.
func (sharedSecret) generation() uint64 { return 0 }

// NewHS256 trusts one shared secret, and HS256 alone. Errors: ErrShortSecret.
func NewHS256(secret domain.Secret, claims Claims, clock ports.Clock) (*Verifier, error) {
	raw := secret.Reveal()
	if len(raw) < MinSecret {
		return nil, ErrShortSecret
	}
	return &Verifier{keys: sharedSecret{algorithm: "HS256", public: raw}, claims: claims, clock: clock}, nil
}
