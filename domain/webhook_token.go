package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"time"
)

// TokenBytes is the number of random bytes in a webhook token: 32 bytes are 256 bits of
// entropy.
const TokenBytes = 32

// TokenHash is the SHA-256 hash of a raw token. Tokens are stored only in this form.
type TokenHash [sha256.Size]byte

// HashToken returns the hash of raw, the path segment that contains the token. It does not
// check the form of raw: a malformed token has a hash that no stored token has.
func HashToken(raw string) TokenHash { return sha256.Sum256([]byte(raw)) }

// WebhookToken authorises one vendor to send webhooks for one connection.
type WebhookToken struct {
	ID         TokenID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	Hash       TokenHash
	CreatedAt  time.Time
	LastUsedAt time.Time // truncated to the minute; zero if the token was never used
	RevokedAt  time.Time // zero while the token is live
}

// MintToken generates a raw token from entropy. It returns the raw token, and the WebhookToken
// that holds only its hash. The raw token has 43 characters of unpadded base64url. Errors:
// the error of the entropy source (internal).
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

// Matches reports whether the hash of the raw token equals the token's hash. The comparison
// takes constant time.
func (t WebhookToken) Matches(raw string) bool {
	hash := HashToken(raw)
	return subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1
}

// Live reports whether the token has not been revoked.
func (t WebhookToken) Live() bool { return t.RevokedAt.IsZero() }
