package auth

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// TestEveryRejectionNamesItsReason checks the cause of the error, which is logged for the operator
// of the service and is not part of the response.
func TestEveryRejectionNamesItsReason(t *testing.T) {
	shared, _ := newHS256Verifier(t, strictClaims)
	published, _ := newJWKSVerifier(t, allKeys(t), strictClaims)
	key := signHMAC([]byte(secret))
	claim := func(pairs ...any) string {
		return signed(members{"alg": "HS256"}, goodClaims().withMembers(pairs...), key)
	}
	header := func(pairs ...any) string { return signed(members{}.withMembers(pairs...), goodClaims(), key) }
	in := func(d time.Duration) int64 { return moment.Add(d).Unix() }
	for _, c := range []struct {
		want  string
		v     *Verifier
		token string
	}{
		{"not a compact JWS", shared, "token"},
		{"token too long", shared, strings.Repeat("x", maxToken+1)},
		{"header is not base64url", shared, "?.e30.AAAA"},
		{"header is not JSON", shared, "AAAA.e30.AAAA"},
		{"no algorithm", shared, header("kid", "rs")},
		{"unknown extension", shared, header("alg", "HS256", "crit", []string{"x"})},
		{"the token's type is not that of an access token", shared, header("alg", "HS256", "typ", "logout+jwt")},
		{"algorithm does not match the key", shared, header("alg", "none")},
		{"unknown key id", published, header("alg", "RS256", "kid", "nobody")},
		{"no key id", published, header("alg", "RS256")},
		{"invalid signature", shared, signed(members{"alg": "HS256"}, goodClaims(), signHMAC([]byte("other")))},
		{"the claims are not one valid JSON object", shared, signed(members{"alg": "HS256"}, `{"a":1}{}`, key)},
		{"no expiry", shared, claim("exp", nil)},
		{"expired", shared, claim("exp", in(-time.Hour))},
		{"not valid yet", shared, claim("nbf", in(time.Hour))},
		{"issued in the future", shared, claim("iat", in(time.Hour))},
		{"another issuer", shared, claim("iss", "https://other.example")},
		{"another issuer", shared, claim("iss", nil)},
		{"another audience", shared, claim("aud", "other")},
		{"another audience", shared, claim("aud", nil)},
		{"the claims name another purpose than access", shared, claim("token_use", "id")},
		{"a claim of another kind of token", shared, claim("at_hash", "h")},
		{"an ID token", shared, claim("nonce", "n")},
		{"no tenant", shared, claim("tenant_id", nil)},
		{"no tenant", shared, claim("tenant_id", "x")},
	} {
		_, err := c.v.Verify(t.Context(), c.token)
		if cause := errors.Unwrap(err); cause == nil || cause.Error() != c.want {
			t.Errorf("the reason is %v, want %s", cause, c.want)
		}
	}
}

func TestNoReasonContainsAPartOfTheToken(t *testing.T) {
	const canary = "canary-99"
	v, _ := newHS256Verifier(t, strictClaims)
	key := signHMAC([]byte(secret))
	all := append(forgedHS256Tokens(), forgery{"text", canary}, forgery{"three parts", "a." + canary + ".b"})
	for _, name := range []string{"alg", "kid", "typ", "crit", "b64", canary} {
		all = append(all, forgery{name, signed(members{"alg": "HS256"}.withMembers(name, canary), members{}, key)})
	}
	for _, name := range []string{"exp", "iat", "nbf", "iss", "aud", "sub", "tenant_id", "typ", "nonce", canary} {
		claims := goodClaims().withMembers("tenant_id", nil, name, canary)
		all = append(all, forgery{name, signed(members{"alg": "HS256"}, claims, key)})
	}
	for _, f := range all {
		_, err := v.Verify(t.Context(), f.token)
		cause := errors.Unwrap(err)
		if cause == nil {
			t.Errorf("%s: no reason", f.name)
			continue
		}
		for part := range strings.SplitSeq(f.token, ".") {
			if strings.Contains(cause.Error(), canary) || len(part) > 8 && strings.Contains(cause.Error(), part) {
				t.Errorf("%s: the reason contains a part of the token: %s", f.name, cause)
			}
		}
	}
}

func TestTheActorIsTheConfiguredClaim(t *testing.T) {
	v, _ := newHS256Verifier(t, Claims{ActorClaim: "preferred_username"})
	for want, claims := range map[string]members{
		"ana":  goodClaims().withMembers("preferred_username", "ana", "sub", "id-1"),
		"id-1": goodClaims().withMembers("sub", "id-1"),
		"app":  goodClaims().withMembers("sub", nil, "client_id", "app"),
	} {
		got, err := v.Verify(t.Context(), signed(members{"alg": "HS256"}, claims, signHMAC([]byte(secret))))
		if err != nil || got.Actor != want {
			t.Errorf("the actor is %q, %v, want %q", got.Actor, err, want)
		}
	}
}

func TestTheActorIsTheSubjectOrTheClient(t *testing.T) {
	v, _ := newHS256Verifier(t, strictClaims)
	for _, c := range []struct {
		want   string
		claims members
	}{
		{"alice", members{"sub": "alice", "client_id": "app", "azp": "portal"}},
		{"app", members{"client_id": "app", "azp": "portal"}},
		{"app", members{"sub": "", "client_id": "app"}},
		{"portal", members{"azp": "portal"}},
		{"portal", members{"client_id": 7, "azp": "portal"}},
		{ports.UnknownActor, members{}},
		{ports.UnknownActor, members{"azp": []string{"portal"}}},
		{strings.Repeat("é", 256), members{"sub": strings.Repeat("é", 3000)}},
		{"ana admin", members{"sub": "\n ana\r\u202e\x00\u200b admin\u2066 "}},
		{"app", members{"sub": "\u202e\n", "client_id": "app"}},
	} {
		claims := goodClaims()
		maps.Copy(claims, c.claims)
		got, err := v.Verify(t.Context(), signed(members{"alg": "HS256"}, claims, signHMAC([]byte(secret))))
		if err != nil || got.Actor != c.want {
			t.Errorf("%v: the actor is %q, %v, want %q", c.claims, got.Actor, err, c.want)
		}
	}
}
