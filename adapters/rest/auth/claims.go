package auth

import (
	"strings"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The claims that contain the tenant: by default, and if the first one is not in the token.
const (
	DefaultTenantClaim = "tenant_id"
	altTenantClaim     = "tenantId"
)

// Claims configures what a token must claim.
type Claims struct {
	Issuer      string // exact "iss"; "" does not check
	Audience    string // one of "aud"; "" does not check
	TenantClaim string // contains the tenant's UUID; "" is DefaultTenantClaim
}

// principal reads tenant and scopes. Errors: Unauthenticated when there is no tenant.
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

// tenant reads the configured claim. It reads the alternative claim only where that one is
// absent: an invalid value is never replaced by the alternative.
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

// scopesOf parses scopes that are a space-separated string or a list.
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
