package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"strings"
	"time"
)

// TokenBytes is the number of random bytes in a webhook token: 32 bytes are 256 bits of
// entropy.
const TokenBytes = 32

// MaxTokens is the maximum number of live tokens that were minted for a connection. Tokens that have moved to it do not
// count (WebhookToken.Moved).
const MaxTokens = 100

// TokenHash is the SHA-256 hash of a raw token. Tokens are stored only in this form.
type TokenHash [sha256.Size]byte

// HashToken returns the hash of raw, the path segment that contains the token. It does not
// check the form of raw: a malformed token has a hash that no stored token has.
func HashToken(raw string) TokenHash { return sha256.Sum256([]byte(raw)) }

// SourceHash is the SHA-256 hash of a token's source secret. A source secret is an Authorization value that the vendor
// must send with each webhook. The zero SourceHash belongs to a token without a source secret.
type SourceHash [sha256.Size]byte

// sourceScheme is the beginning of every source secret. A source secret is the complete value of an Authorization
// header (RFC 6750), so it contains the scheme and a random text.
const sourceScheme = "Bearer "

// HashSource returns the hash of the value of a request's Authorization header.
func HashSource(authorization string) SourceHash { return sha256.Sum256([]byte(authorization)) }

// MayBeSourceSecret reports whether the value of an Authorization header has the form of a source secret.
func MayBeSourceSecret(authorization string) bool {
	text, ok := strings.CutPrefix(authorization, sourceScheme)
	return ok && len(text) == base64.RawURLEncoding.EncodedLen(TokenBytes)
}

// Admits reports whether the source of a request is authenticated. If the token has a source secret, the request must
// contain this secret. If the token has no source secret, Admits returns byPolicy. The argument byPolicy states whether
// the deployment's own checks have admitted the request. The comparison takes constant time.
func (h SourceHash) Admits(authorization SourceHash, byPolicy bool) bool {
	if h.IsZero() {
		return byPolicy
	}
	return subtle.ConstantTimeCompare(h[:], authorization[:]) == 1
}

// IsZero reports whether the hash is zero. A webhook token with the zero hash has no source secret.
func (h SourceHash) IsZero() bool { return h == SourceHash{} }

// WebhookToken authorises one vendor to send webhooks for one connection.
type WebhookToken struct {
	ID         TokenID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	Hash       TokenHash
	Source     SourceHash // zero if the token has no source secret
	CreatedAt  time.Time
	LastUsedAt time.Time // truncated to the minute; zero if the token was never used
	RevokedAt  time.Time // zero while the token is live

	// Serves is the number of live connections whose last webhook came through the token; 0 if the token is revoked. It
	// is set only where a method says so.
	Serves int

	// Registration is the webhook that the service has created at the vendor for the token.
	Registration WebhookRegistration
	// Application is the application to which the webhook belongs. Each application has at most one live token.
	// Application is zero if the token has no registration, or if the registration belongs to an account reference
	// (WebhookRegistration.OfReference). It is also zero if an earlier version made the registration although the
	// application already had one.
	Application ApplicationKey
	// Moved is set if the token was minted for another connection, which was deleted or changed (RebindTokens).
	Moved bool
}

// MintToken generates a raw token from entropy. It returns the raw token, and the WebhookToken that holds only its
// hash. The raw token has 43 characters of unpadded base64url. If reading from entropy fails, MintToken returns that
// error (internal).
func MintToken(id TokenID, c Connection, entropy io.Reader, at time.Time) (WebhookToken, Secret, error) {
	written, err := randomText(entropy)
	if err != nil {
		return WebhookToken{}, Secret{}, err
	}
	token := WebhookToken{
		ID: id, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: HashToken(written), CreatedAt: at,
	}
	return token, SecretText(written), nil
}

// AddSourceSecret generates a source secret from entropy, stores its hash in the token and returns the secret: the
// value that the vendor must send in Authorization. If reading from entropy fails, it returns that error (internal).
func (t *WebhookToken) AddSourceSecret(entropy io.Reader) (Secret, error) {
	written, err := randomText(entropy)
	if err != nil {
		return Secret{}, err
	}
	t.Source = HashSource(sourceScheme + written)
	return SecretText(sourceScheme + written), nil
}

// randomText returns TokenBytes bytes of entropy as unpadded base64url.
func randomText(entropy io.Reader) (string, error) {
	var raw [TokenBytes]byte
	if _, err := io.ReadFull(entropy, raw[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// Matches reports whether the hash of the raw token equals the token's hash. The comparison
// takes constant time.
func (t WebhookToken) Matches(raw string) bool {
	hash := HashToken(raw)
	return subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1
}

// CheckUnused returns Conflict (token_in_use) if the token serves more than one connection. Serves must be set.
func (t WebhookToken) CheckUnused() error {
	if t.Serves <= 1 {
		return nil
	}
	return &Error{Kind: Conflict, Code: TokenInUse, Message: "the token serves more than one connection"}
}

// Live reports whether the token has not been revoked.
func (t WebhookToken) Live() bool { return t.RevokedAt.IsZero() }
