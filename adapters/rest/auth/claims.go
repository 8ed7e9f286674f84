package auth

import (
	"strings"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The claims that contain the tenant. The second claim is read if the token does not have the
// first one.
const (
	DefaultTenantClaim = "tenant_id"
	altTenantClaim     = "tenantId"
)

// Claims configures which claims a token must have.
type Claims struct {
	Issuer      string // the required value of "iss"; if "", any issuer is accepted
	Audience    string // a value that "aud" must contain; if "", any audience is accepted
	TenantClaim string // the name of the claim that contains the tenant's UUID; if "", DefaultTenantClaim
}

// principal returns the tenant and the scopes of the token. Errors: Unauthenticated when the
// token names no tenant.
func (c Claims) principal(token jwt.Token) (Principal, error) {
	tenant, ok := c.tenant(token)
	if !ok {
		return Principal{}, rejected("no tenant")
	}
	var scopes []string
	for _, claim := range []string{"scope", "scp", "permissions"} {
		value, _ := token.Get(claim)
		scopes = append(scopes, scopesOf(value)...)
	}
	return Principal{Tenant: tenant, Scopes: scopes}, nil
}

// tenant returns the tenant in the configured claim. It reads the alternative claim only if the
// configured claim is absent: the alternative claim never replaces an invalid value. It returns
// false if there is no valid tenant.
func (c Claims) tenant(token jwt.Token) (domain.TenantID, bool) {
	name := c.TenantClaim
	if name == "" {
		name = DefaultTenantClaim
	}
	value, ok := token.Get(name)
	if !ok {
		value, ok = token.Get(altTenantClaim)
	}
	text, isText := value.(string)
	if !ok || !isText || len(text) != 36 {
		return domain.TenantID{}, false
	}
	id, err := uuid.Parse(text)
	return domain.TenantID{UUID: id}, err == nil && id != uuid.Nil
}

// scopesOf returns the scopes in the value of a claim: either a string in which they are
// separated by spaces, or a list of strings.
func scopesOf(value any) []string {
	switch v := value.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var all []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}
