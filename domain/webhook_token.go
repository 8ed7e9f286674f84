package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"time"
)

// TokenBytes is the entropy of a webhook token in bytes: 256 bits.
const TokenBytes = 32

// TokenHash is the SHA-256 of a raw token, the only form in which a token is stored.
type TokenHash [sha256.Size]byte

// HashToken returns the hash of the path segment, whatever it contains: a malformed token
// is simply one that is not found.
func HashToken(raw string) TokenHash { return sha256.Sum256([]byte(raw)) }

// WebhookToken authorises one vendor to send webhooks for one connection.
type WebhookToken struct {
	ID         TokenID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	Hash       TokenHash
	CreatedAt  time.Time
	LastUsedAt time.Time // to the minute; zero if never used
	RevokedAt  time.Time // zero while live
}

// MintToken draws a raw token from entropy and returns it together with the WebhookToken,
// which holds only the hash. The raw token has 43 characters of unpadded base64url.
// Errors: the error of the entropy source (internal).
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

// Matches reports whether the raw token has this hash. The comparison takes constant time.
func (t WebhookToken) Matches(raw string) bool {
	hash := HashToken(raw)
	return subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1
}

// Live reports whether the token has not been revoked.
func (t WebhookToken) Live() bool { return t.RevokedAt.IsZero() }
