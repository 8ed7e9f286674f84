package plaid

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.WebhookVerifier = (*Adapter)(nil)

// proofHeader is the header with the JWT that proves a webhook.
const proofHeader = "Plaid-Verification"

// A JWT is accepted if it was issued at most maxProofAge ago. Because the clocks of the vendor and of this process
// may differ, its time of issue may also be up to maxProofLead in the future.
const (
	maxProofAge  = 5 * time.Minute
	maxProofLead = time.Minute
	maxProofSize = 4096 // in bytes
)

var errNotProved = errors.New("no valid signature")

// proof contains the parts of a JWT.
type proof struct {
	keyID     string
	issuedAt  time.Time
	bodyHash  [sha256.Size]byte
	signed    string // the text that the signature covers
	signature []byte
}

// VerifyWebhook implements ports.WebhookVerifier. The JWT must be signed with ES256 and with a key of the vendor, be at
// most maxProofAge old, and contain the hash of the raw body. Everything that needs no key is checked first.
func (a *Adapter) VerifyWebhook(ctx context.Context, access ports.Access, r domain.WebhookRequest) error {
	p, ok := parseProof(r.Header(proofHeader))
	now := a.clock.Now()
	sum := sha256.Sum256(r.Body)
	if !ok || now.Sub(p.issuedAt) > maxProofAge || p.issuedAt.Sub(now) > maxProofLead ||
		subtle.ConstantTimeCompare(sum[:], p.bodyHash[:]) != 1 {
		return notProved()
	}
	key, err := a.verificationKey(ctx, access, p.keyID, now)
	if err != nil {
		return err
	}
	if !p.isSignedWith(key) {
		return notProved()
	}
	return nil
}

func notProved() error { return &domain.Error{Kind: domain.Unauthenticated, Cause: errNotProved} }

// parseProof parses a JWT in the compact serialisation (RFC 7515). It returns false if the JWT does not have exactly
// the algorithm and the members that the vendor documents.
func parseProof(text string) (p proof, ok bool) {
	parts := strings.Split(text, ".")
	if len(text) > maxProofSize || len(parts) != 3 {
		return p, false
	}
	var header struct {
		Algorithm string         `json:"alg"`
		KeyID     string         `json:"kid"`
		Critical  jsontext.Value `json:"crit"` // names extensions that a recipient must know (RFC 7515, section 4.1.11)
	}
	var claims struct {
		IssuedAt *int64 `json:"iat"`
		BodyHash string `json:"request_body_sha256"`
	}
	if !decodePart(parts[0], &header) || !decodePart(parts[1], &claims) {
		return p, false
	}
	hash, err := hex.DecodeString(claims.BodyHash)
	if err != nil || len(hash) != len(p.bodyHash) || claims.IssuedAt == nil || header.Algorithm != "ES256" ||
		!isID(header.KeyID) || len(header.Critical) > 0 {
		return p, false
	}
	if p.signature, err = base64.RawURLEncoding.Strict().DecodeString(parts[2]); err != nil {
		return p, false
	}
	p.keyID, p.issuedAt, p.bodyHash = header.KeyID, time.Unix(*claims.IssuedAt, 0), [sha256.Size]byte(hash)
	p.signed = parts[0] + "." + parts[1]
	return p, true
}

// decodePart decodes a part of a JWT into the value that dst points to.
func decodePart(part string, dst any) bool {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil && vendorhttp.Decode(text, dst) == nil
}

// isSignedWith reports whether the signature is valid. A signature of ES256 consists of two numbers of 32 bytes.
func (p proof) isSignedWith(key *ecdsa.PublicKey) bool {
	if len(p.signature) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(p.signed))
	r, s := new(big.Int).SetBytes(p.signature[:32]), new(big.Int).SetBytes(p.signature[32:])
	return ecdsa.Verify(key, sum[:], r, s)
}
