package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"time"
)

// TokenBytes is the entropy of a webhook token: 256 bits.
const TokenBytes = 32

// TokenHash is the SHA-256 of a raw token: all that is ever stored of it.
type TokenHash [sha256.Size]byte

// HashToken hashes what stood in the path, whatever it is: a malformed token is one
// that is not found.
func HashToken(raw string) TokenHash { return sha256.Sum256([]byte(raw)) }

// WebhookToken lets one vendor knock for one connection.
type WebhookToken struct {
	ID         TokenID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	Hash       TokenHash
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never; kept to the minute
	RevokedAt  time.Time // zero: live
}

// MintToken draws a raw token from entropy and gives it beside the token that only
// knows its hash. The raw token is 43 characters of unpadded base64url. Errors: what
// the entropy source fails with; internal.
func MintToken(id TokenID, c Connection, entropy io.Reader, at time.Time) (WebhookToken, Secret, error) {
	var raw [TokenBytes]byte
	if _, err := io.ReadFull(entropy, raw[:]); err != nil {
		return WebhookToken{}, Secret{}, err
	}
	written := base64.RawURLEncoding.EncodeToString(raw[:])
	token := WebhookToken{
		ID: id, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: HashToken(written), CreatedAt: at,
	}
	return token, SecretText(written), nil
}

// Matches compares a raw token with the hash in constant time.
func (t WebhookToken) Matches(raw string) bool {
	hash := HashToken(raw)
	return subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1
}

// Live says whether the token has not been revoked.
func (t WebhookToken) Live() bool { return t.RevokedAt.IsZero() }
