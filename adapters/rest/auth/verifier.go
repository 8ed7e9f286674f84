package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Principal identifies the tenant, the actor and the scopes of a token.
type Principal struct {
	Tenant domain.TenantID // never the nil UUID
	Actor  string          // the token's subject or client; ports.UnknownActor if it names neither; never ""
	Scopes []string        // as listed in the token; may be empty; the slice is shared and must not be modified

	// NormalUser reports whether the access manager issued the token to a person.
	NormalUser  bool
	owner, name string // claims of a person's token: the owner and the subject; may be ""
}

// subject returns the subject that is sent to the access manager. It returns "" if the token was issued to a person,
// but does not name both the person and its owner.
func (p Principal) subject() string {
	switch {
	case !p.NormalUser:
		return clientSubject
	case p.owner == "" || p.name == "":
		return ""
	}
	return p.owner + "/" + p.name
}

// Can reports whether the token grants the scope.
func (p Principal) Can(scope string) bool { return slices.Contains(p.Scopes, scope) }

// keySet looks up verification keys.
type keySet interface {
	// find returns the key with the header's key id and algorithm. It returns Unauthenticated if there is no such key,
	// and Unavailable if no keys could be fetched from the issuer in the last five minutes.
	find(ctx context.Context, h header) (key, error)
	// generation returns a number that increases whenever the keys change. A token that was
	// verified with an earlier generation must be verified again.
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

// Verify verifies a compact JWT. The argument bearer does not include the scheme "Bearer". For a cached token, Verify
// checks only the validity period, because a change of the keys removes the token from the cache.
//
// Verify returns Unauthenticated for an invalid token. The cause of this error names the defect and contains no part of
// the token. Verify returns Unavailable if no keys could be fetched from the issuer in the last five minutes.
func (v *Verifier) Verify(ctx context.Context, bearer string) (Principal, error) {
	// The generation is read before the verification. If the keys change during the verification, the cache discards
	// the result, because the result belongs to an earlier generation.
	generation, now, token := v.keys.generation(), v.clock.Now(), sha256.Sum256([]byte(bearer))
	if principal, ok := v.cache.get(token, generation, now); ok {
		return principal, nil
	}
	verified, err := v.verify(ctx, bearer)
	if err != nil {
		return Principal{}, err
	}
	if limit := now.Add(cacheTTL); limit.Before(verified.end) {
		verified.end = limit
	}
	if verified.start.Before(now) {
		verified.start = now // if the clock is set back, the cached token must be verified again
	}
	v.cache.put(token, generation, verified)
	return verified.principal, nil
}

// verify verifies a token without the cache. It returns the same errors as Verify.
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
	if err := checkPurpose(h, claimed); err != nil {
		return verifiedToken{}, err
	}
	principal, err := v.claims.principal(claimed)
	from, until := validityOf(claimed)
	return verifiedToken{principal, from, until}, err
}

// rejected returns the error for an invalid token. The reason becomes the cause of the error, which is logged but never
// sent to the caller.
func rejected(reason string) error {
	return &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New(reason)}
}
