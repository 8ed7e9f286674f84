package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

const (
	tenant = "11111111-1111-4111-8111-111111111111"
	secret = "0123456789abcdef0123456789abcdef"
)

var moment = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type members map[string]any

// withMembers returns a copy of the members in which some members are replaced. pairs consists of alternating names and
// values; a nil value removes the member.
func (m members) withMembers(pairs ...any) members {
	changed := maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(changed, pairs[i].(string))
		}
	}
	return changed
}

func goodClaims() members {
	return members{
		"exp": moment.Add(time.Hour).Unix(), "iat": moment.Unix(), "iss": "https://issuer.example",
		"aud":       []string{"discovery"},
		"tenant_id": tenant, "scope": "discovery:read discovery:write",
	}
}

func encode(v any) string {
	if raw, ok := v.(string); ok {
		return base64.RawURLEncoding.EncodeToString([]byte(raw))
	}
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// signed returns a compact token with the given header, claims and signature. It does not use the
// JWT library, so that a test can forge every part of the token.
func signed(header, claims any, sign func(input []byte) []byte) string {
	input := encode(header) + "." + encode(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

func signHMAC(key []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func signRSA(key *rsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func signPSS(key *rsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func signECDSA(key *ecdsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(err)
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature
	}
}

func signEd25519(key ed25519.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte { return ed25519.Sign(key, input) }
}

func fixedSignature(signature string) func([]byte) []byte {
	return func([]byte) []byte { return []byte(signature) }
}

// testKeys returns private keys of each type. They are generated only once, to keep the tests fast.
var testKeys = sync.OnceValue(func() (r struct {
	rsa, pss, foreign, weak *rsa.PrivateKey
	ec                      *ecdsa.PrivateKey
	ed                      ed25519.PrivateKey
}) {
	make2048 := func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k }
	r.rsa, r.pss, r.foreign = make2048(), make2048(), make2048()
	r.weak, _ = rsa.GenerateKey(rand.Reader, 1024)
	r.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, r.ed, _ = ed25519.GenerateKey(rand.Reader)
	return r
})

// jwkSet returns a JWK set. entries consists of a key id, a key and an algorithm for each key, in this order. An id or
// an algorithm that is "" is omitted from the set.
func jwkSet(t testing.TB, entries ...any) []byte {
	t.Helper()
	set := jwk.NewSet()
	for i := 0; i < len(entries); i += 3 {
		member, err := jwk.FromRaw(entries[i+1])
		if err != nil {
			t.Fatal(err)
		}
		if id := entries[i].(string); id != "" {
			_ = member.Set(jwk.KeyIDKey, id)
		}
		if algorithm := entries[i+2].(string); algorithm != "" {
			_ = member.Set(jwk.AlgorithmKey, jwa.SignatureAlgorithm(algorithm))
		}
		_ = set.AddKey(member)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func newHS256Verifier(t testing.TB, c Claims) (*Verifier, *porttest.Clock) {
	t.Helper()
	clock := porttest.NewClock(moment)
	v, err := NewHS256(domain.SecretText(secret), c, clock)
	if err != nil {
		t.Fatal(err)
	}
	return v, clock
}
