package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// verify checks a token in the same way as the service does. It returns the principal that the token authenticates.
func verify(t *testing.T, token string, claims auth.Claims) (auth.Principal, error) {
	t.Helper()
	v, err := auth.NewHS256(domain.SecretText(jwtSecret), claims, system.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(t.Context(), strings.TrimSpace(token))
}

func TestTokenAuthenticatesItsTenant(t *testing.T) {
	tenant := uuid.NewString()
	env := environment(t, "AUTH_ISSUER", "us", "AUTH_AUDIENCE", "them", "AUTH_TENANT_CLAIM", "org")
	code, token, stderr := program(t, env, "token", tenant)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	who, err := verify(t, token, auth.Claims{Issuer: "us", Audience: "them", TenantClaim: "org"})
	if err != nil || who.Tenant.String() != tenant || !who.Can("discovery:read") || !who.Can("discovery:write") {
		t.Errorf("principal %+v, %v", who, err)
	}
}

func TestTokenIsValidForAnHour(t *testing.T) {
	cfg, err := settings(environment(t))
	if err != nil {
		t.Fatal(err)
	}
	for age, good := range map[time.Duration]bool{59 * time.Minute: true, 62 * time.Minute: false} {
		token, err := operatorToken(cfg, uuid.NewString(), time.Now().Add(-age))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, token, auth.Claims{TenantClaim: "tenant_id"}); (err == nil) != good {
			t.Errorf("after %v: %v", age, err)
		}
	}
}

// It must be possible to sign a token before a keyset or a database exists.
func TestTokenNeedsOnlyTheSettingsOfTokens(t *testing.T) {
	only := func(name string) (string, bool) {
		value, set := map[string]string{"ENV_NAME": "development", "AUTH_JWT_SECRET": jwtSecret}[name]
		return value, set
	}
	code, token, stderr := program(t, only, "token", uuid.NewString())
	if _, err := verify(t, token, auth.Claims{TenantClaim: "tenant_id"}); code != 0 || err != nil {
		t.Errorf("exit %d, stderr %q; the token is not valid: %v", code, stderr, err)
	}
}

func TestTokenRequiresDevelopment(t *testing.T) {
	for name, env := range map[string]lookup{
		"production":        environment(t, "ENV_NAME", "production", "PUBLIC_URL", "https://example.com"),
		"no shared secret":  environment(t, "AUTH_JWT_SECRET", "", "AUTH_JWKS_URL", "https://example.com/keys"),
		"unset environment": environment(t, "ENV_NAME", "", "PUBLIC_URL", "https://example.com"),
	} {
		t.Run(name, func(t *testing.T) {
			code, token, stderr := program(t, env, "token", uuid.NewString())
			if code != exitUsage || token != "" || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit %d, stdout %q, stderr %q", code, token, stderr)
			}
		})
	}
}
