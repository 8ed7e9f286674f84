package auth

import (
	"crypto/rsa"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// leeway is the tolerated difference between the clocks of the issuer and the service.
const leeway = 30 * time.Second

// minRSA is the minimum size of a trusted RSA key, in bits (RFC 7518, section 3.3).
const minRSA = 2048

// key is a trusted key and its algorithm. The key is used with no other algorithm.
type key struct {
	id        string
	algorithm string
	public    any
}

// matches reports whether the header names this key's algorithm.
func (k key) matches(h header) bool { return k.algorithm == h.Algorithm }

// verifyToken verifies the signature, the times, the issuer and the audience of the token, and returns the parsed
// claims. If one of these is not valid, it returns Unauthenticated.
func verifyToken(token string, k key, c Claims, clock ports.Clock) (jwt.Token, error) {
	payload, err := jws.Verify([]byte(token), jws.WithKey(jwa.SignatureAlgorithm(k.algorithm), k.public))
	if err != nil {
		return nil, rejected("invalid signature")
	}
	// The library would accept duplicate claims, use the last duplicate, and ignore everything
	// after the claims. This decoder rejects all of this, and invalid UTF-8.
	claims := jwt.New()
	if err := json.Unmarshal(payload, claims); err != nil {
		return nil, rejected("the claims are not one valid JSON object")
	}
	if err := validateClaims(claims, c, clock); err != nil {
		return nil, err
	}
	return claims, nil
}

// validateClaims validates the times, the issuer and the audience in the claims. If one of these is not valid, it
// returns Unauthenticated.
func validateClaims(claims jwt.Token, c Claims, clock ports.Clock) error {
	// The library treats an expiry at the Unix epoch like a missing expiry. This function rejects
	// both.
	if claims.Expiration().Unix() <= 0 {
		return rejected("no expiry")
	}
	options := []jwt.ValidateOption{jwt.WithClock(clock), jwt.WithAcceptableSkew(leeway)}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	err := jwt.Validate(claims, options...)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenExpired()):
		return rejected("expired")
	case errors.Is(err, jwt.ErrTokenNotYetValid()):
		return rejected("not valid yet")
	case errors.Is(err, jwt.ErrInvalidIssuedAt()):
		return rejected("issued in the future")
	case errors.Is(err, jwt.ErrInvalidIssuer()):
		return rejected("another issuer")
	case errors.Is(err, jwt.ErrInvalidAudience()):
		return rejected("another audience")
	}
	return rejected("invalid claim")
}

// validityOf returns a period in which verifyToken is certain to accept the token. The period includes start and
// excludes end. The library may round a time; validityOf then returns the shorter of the possible periods.
func validityOf(token jwt.Token) (start, end time.Time) {
	start = token.NotBefore()
	if issued := token.IssuedAt(); issued.After(start) {
		start = issued
	}
	return start.Add(-leeway), token.Expiration().Truncate(time.Second).Add(leeway)
}

// parseKeys returns the keys of a JWK set that can verify signatures. It ignores keys with an unknown type or a missing
// parameter (RFC 7517, section 5).
//
// Errors: errUnreadable if the set cannot be parsed; errNoKeys if the set contains no usable key.
func parseKeys(raw []byte) ([]key, error) {
	set, err := jwk.Parse(raw, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, errUnreadable
	}
	var usable []key
	for i := range set.Len() {
		member, _ := set.Key(i)
		if k, ok := usableKey(member); ok {
			usable = append(usable, k)
		}
	}
	if len(usable) == 0 {
		return nil, errNoKeys
	}
	return usable, nil
}

// usableKey returns the public key of one member of a JWK set. It returns false unless the member is a signature key of
// sufficient strength. Symmetric keys in a set are never used.
func usableKey(member jwk.Key) (key, bool) {
	if member.KeyUsage() != "" && member.KeyUsage() != string(jwk.ForSignature) {
		return key{}, false
	}
	public, err := member.PublicKey()
	if err != nil {
		return key{}, false
	}
	algorithm, ok := algorithmOf(public)
	if !ok {
		return key{}, false
	}
	k := key{id: member.KeyID(), algorithm: algorithm}
	return k, public.Raw(&k.public) == nil && strongEnough(k.public)
}

// strongEnough reports whether the key is long enough. Only RSA keys need this check, because
// the size of every other key is determined by its curve.
func strongEnough(public any) bool {
	if k, ok := public.(*rsa.PublicKey); ok {
		return k.N.BitLen() >= minRSA
	}
	return true
}

// algorithms maps each key type or curve to the algorithms with which its keys may be used. A key that names no
// algorithm is used with the first one.
var algorithms = map[string][]jwa.SignatureAlgorithm{
	"RSA":     {jwa.RS256, jwa.RS384, jwa.RS512, jwa.PS256, jwa.PS384, jwa.PS512},
	"P-256":   {jwa.ES256},
	"P-384":   {jwa.ES384},
	"P-521":   {jwa.ES512},
	"Ed25519": {jwa.EdDSA},
}

// algorithmOf returns the algorithm that the key names, or the default algorithm of its type. It
// returns false if the key's type or its algorithm is not supported.
func algorithmOf(public jwk.Key) (string, bool) {
	kind := public.KeyType().String()
	switch k := public.(type) {
	case jwk.ECDSAPublicKey:
		kind = k.Crv().String()
	case jwk.OKPPublicKey:
		kind = k.Crv().String()
	}
	allowed := algorithms[kind]
	if len(allowed) == 0 {
		return "", false
	}
	named := public.Algorithm().String()
	if named == "" {
		return allowed[0].String(), true
	}
	for _, algorithm := range allowed {
		if algorithm.String() == named {
			return named, true
		}
	}
	return "", false
}
