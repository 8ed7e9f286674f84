package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Principal identifies the tenant and the scopes of a token.
type Principal struct {
	Tenant domain.TenantID // never the nil UUID
	Scopes []string        // as listed in the token; may be empty; shared, must not be modified
}

// Can reports whether the scope was granted.
func (p Principal) Can(scope string) bool { return slices.Contains(p.Scopes, scope) }

// keySet looks up verification keys.
type keySet interface {
	// find returns the key with the header's key id and algorithm. Errors: Unauthenticated;
	// Unavailable when no keys could be fetched from the issuer yet.
	find(ctx context.Context, h header) (key, error)
	// generation rises whenever the keys change: a token that was verified with an earlier
	// generation must be verified again.
	generation() uint64
}

// Verifier verifies bearer tokens and caches valid ones for at most five seconds. It is safe
// for concurrent use.
type Verifier struct {
	keys   keySet
	claims Claims
	clock  ports.Clock
	cache  tokenCache
}

// Verify verifies a compact JWT, without its scheme. A cached token is checked only against
// the clock: its signature, issuer and audience cannot have changed, and it is dropped when
// the keys change. Errors: Unauthenticated for every defect of the token, with a cause that
// names the defect and contains nothing of the token; Unavailable while the issuer's keys
// have never been fetched.
func (v *Verifier) Verify(ctx context.Context, bearer string) (Principal, error) {
	// The generation is read first: if keys change during the verification, the cached result is
	// dropped.
	generation, now, token := v.keys.generation(), v.clock.Now(), sha256.Sum256([]byte(bearer))
	if principal, ok := v.cache.get(token, generation, now); ok {
		return principal, nil
	}
	verified, err := v.verify(ctx, bearer)
	if err != nil {
		return Principal{}, err
	}
	if limit := now.Add(cacheTTL); limit.Before(verified.until) {
		verified.until = limit
	}
	if verified.from.Before(now) {
		verified.from = now // also rejects it if the clock is set back
	}
	v.cache.put(token, generation, verified)
	return verified.principal, nil
}

// verify verifies a token without the cache. Errors: the same as Verify's.
func (v *Verifier) verify(ctx context.Context, bearer string) (verifiedToken, error) {
	h, err := parseHeader(bearer)
	if err != nil {
		return verifiedToken{}, err
	}
	k, err := v.keys.find(ctx, h)
	if err != nil {
		return verifiedToken{}, err
	}
	claimed, err := verifyToken(bearer, k, v.claims, v.clock)
	if err != nil {
		return verifiedToken{}, err
	}
	principal, err := v.claims.principal(claimed)
	from, until := validityOf(claimed)
	return verifiedToken{principal, from, until}, err
}

// rejected returns the only error of an invalid token; the reason is for the log only.
func rejected(reason string) error {
	return &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New(reason)}
}
