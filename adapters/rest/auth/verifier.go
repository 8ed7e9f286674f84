package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Principal is who a token speaks for.
type Principal struct {
	Tenant domain.TenantID // never the nil UUID
	Scopes []string        // as the token lists them; may be empty
}

// Can says whether the scope was granted.
func (p Principal) Can(scope string) bool { return slices.Contains(p.Scopes, scope) }

// keys finds the key that a token's header asks for.
type keys interface {
	// find gives the key with the header's id and algorithm. Errors: Unauthenticated;
	// Unavailable when no key could be had from the issuer yet.
	find(ctx context.Context, h header) (key, error)
}

// Verifier checks bearer tokens. It is safe for concurrent use.
type Verifier struct {
	keys   keys
	claims Claims
	clock  ports.Clock
}

// Verify checks a compact JWT, without its scheme. Errors: Unauthenticated for every
// fault of the token, with a cause that names the fault and holds nothing of the token;
// Unavailable while the issuer's keys have never been read.
func (v *Verifier) Verify(ctx context.Context, bearer string) (Principal, error) {
	h, err := parseHeader(bearer)
	if err != nil {
		return Principal{}, err
	}
	k, err := v.keys.find(ctx, h)
	if err != nil {
		return Principal{}, err
	}
	claimed, err := verified(bearer, k, v.claims, v.clock)
	if err != nil {
		return Principal{}, err
	}
	return v.claims.principal(claimed)
}

// refused is the one failure of a token; the reason is for the log.
func refused(reason string) error {
	return &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New(reason)}
}
