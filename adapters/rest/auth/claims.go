package auth

import (
	"strings"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The claims that can contain the tenant. The claim altTenantClaim is read only if the token does not have the
// configured claim, which is DefaultTenantClaim by default.
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

// principal returns the tenant, the actor and the scopes of the token. It returns Unauthenticated if the token names no
// tenant.
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
	return Principal{
		Tenant: tenant, Actor: actorOf(token), Scopes: scopes,
		NormalUser: textOf(token, "type") == normalUserType,
		owner:      textOf(token, "owner"), name: textOf(token, jwt.SubjectKey),
	}, nil
}

// normalUserType is the claim "type" of the tokens that Lerian's access manager issues to people. The tokens of
// applications have another type or none.
const normalUserType = "normal-user"

// textOf returns the claim with this name if it is a string, and otherwise "".
func textOf(token jwt.Token, claim string) string {
	value, _ := token.Get(claim)
	text, _ := value.(string)
	return text
}

// actorOf returns the subject of the token. A token that an issuer made for a client instead of a
// person may have no subject; actorOf then returns the client's id. If the token has neither, it
// returns ports.UnknownActor.
func actorOf(token jwt.Token) string {
	for _, claim := range []string{jwt.SubjectKey, "client_id", "azp"} {
		if text := textOf(token, claim); text != "" {
			return text
		}
	}
	return ports.UnknownActor
}

// purposeClaims are the claims in which issuers name the purpose of a token: typ (Keycloak),
// token_use (Cognito), token_type and tokenType (Casdoor).
var purposeClaims = []string{"typ", "token_use", "token_type", "tokenType"}

// purposes contains the known values of the purposeClaims, and whether a token with this value may call an API. The
// keys are in lower case, with "_" instead of "-". Unknown values have no effect.
var purposes = map[string]bool{
	"access": true, "access_token": true, "bearer": true, accessTokenType: true,
	"id": false, "id_token": false, "refresh": false, "refresh_token": false, "offline": false,
	"logout": false, "logout_token": false,
}

// otherTokenClaims are claims that an access token never has: the hashes in an ID token (OpenID Connect Core 1.0,
// section 3.3.2.11), and the events in a logout or security event token (RFC 8417, section 2.2).
var otherTokenClaims = []string{"at_hash", "c_hash", "events"}

// checkPurpose returns Unauthenticated for ID tokens, refresh tokens, logout tokens and security event tokens. The
// issuer signs these tokens with the same keys as access tokens.
//
// The claim "nonce" marks an ID token. The claim is ignored if the token declares itself an access token, because some
// issuers copy the nonce into access tokens.
func checkPurpose(h header, token jwt.Token) error {
	named := h.typed(accessTokenType, "application/"+accessTokenType)
	for _, claim := range purposeClaims {
		access, known := purposes[strings.ReplaceAll(strings.ToLower(textOf(token, claim)), "-", "_")]
		if known && !access {
			return rejected("the claims name another purpose than access")
		}
		named = named || access
	}
	for _, claim := range otherTokenClaims {
		if _, ok := token.Get(claim); ok {
			return rejected("a claim of another kind of token")
		}
	}
	if _, ok := token.Get("nonce"); ok && !named {
		return rejected("an ID token")
	}
	return nil
}

// tenant returns the tenant in the configured claim. If that claim is absent, it reads altTenantClaim. It returns false
// if there is no valid tenant. An invalid claim is not replaced by altTenantClaim.
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
