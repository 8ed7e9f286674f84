package plaidsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ProofHeader is the header with the JWT that proves a webhook.
const ProofHeader = "Plaid-Verification"

// Event returns the body of a webhook, as the vendor writes it: JSON with an indentation of two spaces. members are
// added to the members that each event has.
func (s *Simulator) Event(itemID, kind, code string, members map[string]any) ([]byte, error) {
	event := map[string]any{
		"webhook_type": kind, "webhook_code": code, "item_id": itemID, "environment": "sandbox",
	}
	err := s.edit(itemID, func(i *item) error {
		i.code = code
		return nil
	})
	maps.Copy(event, members)
	body, _ := json.MarshalIndent(event, "", "  ") // JSON values can always be encoded
	return body, err
}

// RotateKey generates a new key, with which later webhooks are signed. The previous key is then no longer in use.
func (s *Simulator) RotateKey() {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // never with rand.Reader
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.keys[s.key]; ok {
		last.expiredAt = s.now()
	}
	s.key = kit.NewID(s.entropy).String()
	s.keys[s.key] = &signingKey{private: private, createdAt: s.now()}
}

// Proof contains the parts of a JWT that a test can falsify.
type Proof struct {
	Header, Claims map[string]any
}

// Sign returns the value of ProofHeader for a body. edit, if not nil, can change the parts of the JWT before they are
// signed.
func (s *Simulator) Sign(body []byte, edit func(*Proof)) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(body)
	p := Proof{
		Header: map[string]any{"alg": "ES256", "kid": s.key, "typ": "JWT"},
		Claims: map[string]any{"iat": s.now().Unix(), "request_body_sha256": hex.EncodeToString(sum[:])},
	}
	if edit != nil {
		edit(&p)
	}
	text := part(p.Header) + "." + part(p.Claims)
	digest := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.keys[s.key].private, digest[:])
	if err != nil {
		panic(err) // never with rand.Reader
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func part(members map[string]any) string {
	text, _ := json.Marshal(members) // only texts and numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

// getKey serves the public key with which a webhook can be verified.
func (s *Simulator) getKey(in request) (any, *apiError) {
	key, ok := s.keys[in.KeyID]
	if !ok {
		return nil, &errKeyID
	}
	point, err := key.private.PublicKey.Bytes()
	if err != nil {
		panic(err) // never for a key of RotateKey
	}
	x, y := point[1:33], point[33:]
	var expired any
	if !key.expiredAt.IsZero() {
		expired = key.expiredAt.Unix()
	}
	return map[string]any{"request_id": requestID, "key": map[string]any{
		"alg": "ES256", "crv": "P-256", "kty": "EC", "use": "sig", "kid": in.KeyID, "created_at": key.createdAt.Unix(),
		"expired_at": expired, "x": base64.RawURLEncoding.EncodeToString(x),
		"y": base64.RawURLEncoding.EncodeToString(y),
	}}, nil
}
