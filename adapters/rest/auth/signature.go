package auth

import (
	"crypto/rsa"
	"errors"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// leeway is the difference of clocks that is tolerated.
const leeway = 30 * time.Second

// minRSA is the shortest RSA key that is trusted, in bits (RFC 7518, section 3.3).
const minRSA = 2048

// key is a trusted key with the one algorithm it is used with.
type key struct {
	id        string
	algorithm string
	public    any
}

// fits says whether the header asks for this key's algorithm.
func (k key) matches(h header) bool { return k.algorithm == h.Algorithm }

// verified checks signature, times, issuer and audience. Errors: Unauthenticated.
func verifyToken(token string, k key, c Claims, clock ports.Clock) (jwt.Token, error) {
	options := []jwt.ParseOption{
		jwt.WithKey(jwa.SignatureAlgorithm(k.algorithm), k.public),
		jwt.WithValidate(true), jwt.WithClock(clock), jwt.WithAcceptableSkew(leeway),
	}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	parsed, err := jwt.Parse([]byte(token), options...)
	switch {
	case err == nil:
	case errors.Is(err, jwt.ErrTokenExpired()):
		return nil, rejected("expired")
	case jwt.IsValidationError(err):
		return nil, rejected("a claim does not hold")
	default:
		return nil, rejected("signature or claims unreadable")
	}
	// The library takes an expiry at the epoch for none at all; a missing one is no better.
	if parsed.Expiration().Unix() <= 0 {
		return nil, rejected("expired")
	}
	return parsed, nil
}

// times are those between which verified surely accepts the token: from the first, and
// before the second. Where the library may round a time, the narrower one counts.
func validityOf(token jwt.Token) (from, until time.Time) {
	from = token.NotBefore()
	if issued := token.IssuedAt(); issued.After(from) {
		from = issued
	}
	return from.Add(-leeway), token.Expiration().Truncate(time.Second).Add(leeway)
}

// parseKeys reads a JWK set and keeps what can verify. A member that cannot be read, by its
// kind or for what it lacks, is passed over as RFC 7517, section 5, has it: the keys beside
// it stay good. Errors: errUnreadable, errNoKeys.
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

// trusted keeps public signature keys of sufficient strength. Symmetric keys are never
// taken from a set.
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

// strong refuses RSA keys that can be broken; the curves have their size in their name.
func strongEnough(public any) bool {
	if k, ok := public.(*rsa.PublicKey); ok {
		return k.N.BitLen() >= minRSA
	}
	return true
}

// algorithms are those each kind of key may be used with; the first is that of a key
// which names none.
var algorithms = map[string][]jwa.SignatureAlgorithm{
	"RSA":     {jwa.RS256, jwa.RS384, jwa.RS512, jwa.PS256, jwa.PS384, jwa.PS512},
	"P-256":   {jwa.ES256},
	"P-384":   {jwa.ES384},
	"P-521":   {jwa.ES512},
	"Ed25519": {jwa.EdDSA},
}

// algorithmOf gives the algorithm the key names, or the usual one of its kind.
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
