package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Principal is who a token speaks for.
type Principal struct {
	Tenant domain.TenantID // never the nil UUID
	Scopes []string        // as the token lists them; may be empty; shared, not to be changed
}

// Can says whether the scope was granted.
func (p Principal) Can(scope string) bool { return slices.Contains(p.Scopes, scope) }

// keys finds the key that a token's header asks for.
type keySet interface {
	// find gives the key with the header's id and algorithm. Errors: Unauthenticated;
	// Unavailable when no key could be had from the issuer yet.
	find(ctx context.Context, h header) (key, error)
	// era rises whenever the keys change: what was verified before it must be verified anew.
	generation() uint64
}

// Verifier checks bearer tokens, and remembers for at most five seconds those that it
// found good. It is safe for concurrent use.
type Verifier struct {
	keys   keySet
	claims Claims
	clock  ports.Clock
	cache  tokenCache
}

// Verify checks a compact JWT, without its scheme. A token that is remembered is held
// against the clock alone; its signature, issuer and audience cannot have changed, and
// with the keys it is forgotten. Errors: Unauthenticated for every fault of the token,
// with a cause that names the fault and holds nothing of the token; Unavailable while the
// issuer's keys have never been read.
func (v *Verifier) Verify(ctx context.Context, bearer string) (Principal, error) {
	// The era comes first: keys that change while the token is verified make it forgotten.
	era, now, token := v.keys.generation(), v.clock.Now(), sha256.Sum256([]byte(bearer))
	if who, ok := v.cache.get(token, era, now); ok {
		return who, nil
	}
	found, err := v.verify(ctx, bearer)
	if err != nil {
		return Principal{}, err
	}
	if last := now.Add(cacheTTL); last.Before(found.until) {
		found.until = last
	}
	if found.from.Before(now) {
		found.from = now // also where the clock is set back
	}
	v.cache.put(token, era, found)
	return found.principal, nil
}

// verify checks a token whole. Errors: as of Verify.
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
	who, err := v.claims.principal(claimed)
	from, until := validityOf(claimed)
	return verifiedToken{who, from, until}, err
}

// refused is the one failure of a token; the reason is for the log.
func rejected(reason string) error {
	return &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New(reason)}
}
