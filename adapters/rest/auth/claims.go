package auth

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

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
	ActorClaim  string // the claim that names the actor, such as "preferred_username" (Keycloak); if "", the subject
	// DefaultTenant is the tenant of tokens that have no claim for the tenant at all. If it is zero, such a token is
	// rejected.
	DefaultTenant domain.TenantID
	// ScopePrefix is the text with which the issuer begins the names of this API's scopes, such as "api://app/"
	// (Entra) or "https://api.example/" (Cognito). If it is not "", scopes without the prefix are ignored.
	ScopePrefix string
}

// scopeClaims are the claims that can list scopes: OAuth 2.0 (RFC 9068), Okta and Entra for people (scp), Auth0
// (permissions), Entra for applications (roles).
var scopeClaims = []string{"scope", "scp", "permissions", "roles"}

// principal returns the tenant, the actor and the scopes of the token. It returns Unauthenticated if the token names no
// tenant.
func (c Claims) principal(token jwt.Token) (Principal, error) {
	tenant, ok := c.tenant(token)
	if !ok {
		return Principal{}, rejected("no tenant")
	}
	var scopes []string
	for _, claim := range scopeClaims {
		value, _ := token.Get(claim)
		scopes = append(scopes, c.scopesOf(value)...)
	}
	return Principal{
		Tenant: tenant, Actor: c.actor(token), Scopes: scopes,
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

// maxActor is the maximum number of characters of an actor.
const maxActor = 256

// actor returns the configured claim of the token, or else its subject. A token that an issuer made for a client
// instead of a person may have no subject; actor then returns the client's id. If the token has none of them, it
// returns ports.UnknownActor.
//
// The actor is kept in the audit log for ever, and people read it. It therefore has at most maxActor characters, and
// none that is invisible or changes the direction of the text.
func (c Claims) actor(token jwt.Token) string {
	for _, claim := range []string{c.ActorClaim, jwt.SubjectKey, "client_id", "azp"} {
		if text := printable(textOf(token, claim), maxActor); text != "" {
			return text
		}
	}
	return ports.UnknownActor
}

// printable returns the first characters of a text, without those that are not printable.
func printable(text string, characters int) string {
	kept := make([]rune, 0, min(len(text), characters))
	for _, r := range text {
		if len(kept) == characters {
			break
		}
		if unicode.IsPrint(r) && r != utf8.RuneError {
			kept = append(kept, r)
		}
	}
	return strings.TrimSpace(string(kept))
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

// TenantClaims returns the names of the claims that can contain the tenant, in the order in which they are read.
func (c Claims) TenantClaims() []string {
	return []string{cmp.Or(c.TenantClaim, DefaultTenantClaim), altTenantClaim}
}

// tenant returns the tenant in the configured claim. If that claim is absent, it reads altTenantClaim, and if that is
// absent, too, it returns the default tenant. It returns false if there is no valid tenant. An invalid claim is not
// replaced by another one or by the default.
func (c Claims) tenant(token jwt.Token) (domain.TenantID, bool) {
	for _, claim := range c.TenantClaims() {
		if value, ok := token.Get(claim); ok {
			return parseTenant(value)
		}
	}
	return c.DefaultTenant, !c.DefaultTenant.IsZero()
}

// parseTenant returns the tenant in the value of a claim: a UUID in its canonical form, or a list of exactly one, as
// Keycloak writes an attribute with several possible values. The nil UUID is no tenant.
func parseTenant(claim any) (domain.TenantID, bool) {
	if list, ok := claim.([]any); ok && len(list) == 1 {
		claim = list[0]
	}
	text, isText := claim.(string)
	if !isText || len(text) != 36 {
		return domain.TenantID{}, false
	}
	id, err := uuid.Parse(text)
	return domain.TenantID{UUID: id}, err == nil && id != uuid.Nil
}

// scopesOf returns the scopes in the value of a claim: either a string in which they are separated by spaces, or a list
// of strings. The prefix of the scopes is removed. A dot counts as a colon, because some issuers forbid the colon in
// the name of a scope.
func (c Claims) scopesOf(claim any) (scopes []string) {
	var names []string
	switch v := claim.(type) {
	case string:
		names = strings.Fields(v)
	case []any:
		for _, item := range v {
			if text, ok := item.(string); ok {
				names = append(names, text)
			}
		}
	}
	for _, name := range names {
		if scope, ok := strings.CutPrefix(name, c.ScopePrefix); ok {
			scopes = append(scopes, strings.ReplaceAll(scope, ".", ":"))
		}
	}
	return scopes
}
