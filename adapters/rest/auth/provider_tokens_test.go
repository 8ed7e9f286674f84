package auth

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// The tokens have the claims that each provider documents for access tokens.
func TestAccessTokensOfKnownProvidersHaveTenantActorAndScopes(t *testing.T) {
	const id = tenant // a UUID
	at := members{"iat": moment.Unix(), "exp": moment.Unix() + 3600}
	both := []string{"discovery:read", "discovery:write"}
	for name, c := range map[string]struct {
		settings Claims
		claims   members
		actor    string
	}{
		"Auth0, with an audience and permissions": {
			Claims{
				Issuer: "https://acme.eu.auth0.com/", Audience: "https://discovery.example",
				TenantClaim: "https://discovery.example/tenant_id",
			},
			at.withMembers("iss", "https://acme.eu.auth0.com/", "sub", "auth0|507f1f77bcf86cd799439020",
				"aud", []string{"https://discovery.example", "https://acme.eu.auth0.com/userinfo"},
				"azp", "my_client_id", "scope", "openid profile offline_access",
				"permissions", both, "https://discovery.example/tenant_id", id),
			"auth0|507f1f77bcf86cd799439020",
		},
		"Entra, of a person: scopes without a colon, tenant of the directory": {
			Claims{
				Issuer:      "https://login.microsoftonline.com/" + id + "/v2.0",
				Audience:    "6e74172b-be56-4843-9ff4-e66a39bb12e3",
				TenantClaim: "tid", ActorClaim: "preferred_username",
			},
			at.withMembers("iss", "https://login.microsoftonline.com/"+id+"/v2.0", "ver", "2.0", "tid", id,
				"aud", "6e74172b-be56-4843-9ff4-e66a39bb12e3", "azp", "7c41e2", "azpacr", "0", "uti", "x",
				"oid", "690222be-ff1a-4d56-abd1-7e4f7d38e474", "sub", "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
				"preferred_username", "maria@acme.example", "scp", "discovery.read discovery.write"),
			"maria@acme.example",
		},
		"Entra, of an application: roles": {
			Claims{TenantClaim: "tid"},
			at.withMembers("iss", "https://sts.windows.net/"+id+"/", "tid", id, "aud", "api://discovery",
				"appid", "6731de76-14a6-49ae-97bc-6eba6914391e", "sub", "aed7",
				"roles", []string{"discovery.read", "discovery.write"}),
			"aed7",
		},
		"Cognito: no audience, scopes of a resource server": {
			Claims{
				Issuer:      "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_example",
				TenantClaim: "custom:tenant_id", ScopePrefix: "https://discovery.example/", ActorClaim: "username",
			},
			at.withMembers("iss", "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_example", "token_use",
				"access", "client_id", "xxxxxxxxxxxxexample", "username", "maria", "sub", "aaaa", "version", 2,
				"cognito:groups", []string{"finance"}, "origin_jti", "dddd", "event_id", "eeee",
				"scope", "openid https://discovery.example/discovery.read https://discovery.example/discovery.write",
				"custom:tenant_id", id),
			"maria",
		},
		"Keycloak: a list of one tenant, several audiences": {
			Claims{Issuer: "https://id.example/realms/acme", Audience: "discovery", ActorClaim: "preferred_username"},
			at.withMembers("iss", "https://id.example/realms/acme", "typ", "Bearer", "azp", "discovery-console",
				"aud", []string{"discovery", "account"}, "sub", "f1", "acr", "1", "sid", "s",
				"realm_access", members{"roles": []string{"offline_access"}}, "allowed-origins", []string{"https://c"},
				"scope", "openid discovery:read discovery:write profile", "preferred_username", "maria",
				"tenant_id", []string{id}),
			"maria",
		},
		"Lerian's access manager": {
			Claims{},
			at.withMembers("iss", "https://access.example", "owner", "acme", "sub", "f1", "type", "normal-user",
				"tokenType", "access-token", "scope", "discovery:read discovery:write", "tenantId", id),
			"f1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			keys := testKeys()
			set := jwkSet(t, "k", &keys.rsa.PublicKey, "") // Entra's keys name no algorithm
			issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(set)
			}))
			defer issuer.Close()
			v, err := NewJWKS(t.Context(), Issuer{URL: issuer.URL, Client: issuer.Client()}, c.settings,
				porttest.NewClock(moment))
			if err != nil {
				t.Fatal(err)
			}
			defer issuer.Client().CloseIdleConnections()
			got, err := v.Verify(t.Context(), signed(members{"alg": "RS256", "kid": "k", "typ": "JWT"}, c.claims,
				signRSA(keys.rsa)))
			if err != nil {
				t.Fatal(err)
			}
			if got.Tenant.String() != id || got.Actor != c.actor || !containsAll(got.Scopes, both) {
				t.Errorf("tenant %s, actor %q, scopes %q", got.Tenant, got.Actor, got.Scopes)
			}
		})
	}
}

func containsAll(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(one string) bool { return !slices.Contains(list, one) })
}
