package auth

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

var strictClaims = Claims{Issuer: "https://issuer.example", Audience: "discovery"}

// newIssuer starts a server that serves a JWK set. It returns the server and a pointer to the set. A test can change
// the set through the pointer.
func newIssuer(t testing.TB, set []byte) (*httptest.Server, *[]byte) {
	t.Helper()
	served := set
	serve := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(served) }
	server := httptest.NewServer(http.HandlerFunc(serve))
	t.Cleanup(server.Close)
	return server, &served
}

func newJWKSVerifier(t testing.TB, set []byte, c Claims) (*Verifier, *porttest.Clock) {
	t.Helper()
	server, _ := newIssuer(t, set)
	clock := porttest.NewClock(moment)
	v, err := NewJWKS(t.Context(), Issuer{URL: server.URL, Client: server.Client()}, c, clock)
	if err != nil {
		t.Fatal(err)
	}
	return v, clock
}

func allKeys(t testing.TB) []byte {
	r := testKeys()
	return jwkSet(t, "rs", &r.rsa.PublicKey, "RS256", "ps", &r.pss.PublicKey, "PS256", "es", &r.ec.PublicKey, "",
		"ed", r.ed.Public(), "", "plain", &r.foreign.PublicKey, "", "weak", &r.weak.PublicKey, "RS256",
		"hidden", []byte(secret), "HS256", "odd", &r.rsa.PublicKey, "ES256")
}

func TestValidTokensAreAccepted(t *testing.T) {
	r := testKeys()
	published, _ := newJWKSVerifier(t, allKeys(t), strictClaims)
	shared, _ := newHS256Verifier(t, strictClaims)
	for name, c := range map[string]struct {
		v     *Verifier
		token string
	}{
		"HS256": {
			shared, signed(members{"alg": "HS256", "typ": "JWT"}, goodClaims(), signHMAC([]byte(secret))),
		},
		"RS256": {
			published, signed(members{"alg": "RS256", "kid": "rs"}, goodClaims(), signRSA(r.rsa)),
		},
		"PS256": {
			published, signed(members{"alg": "PS256", "kid": "ps"}, goodClaims(), signPSS(r.pss)),
		},
		"ES256": {
			published, signed(members{"alg": "ES256", "kid": "es"}, goodClaims(), signECDSA(r.ec)),
		},
		"EdDSA": {
			published, signed(members{"alg": "EdDSA", "kid": "ed"}, goodClaims(), signEd25519(r.ed)),
		},
		"RSA without alg": {
			published, signed(members{"alg": "RS256", "kid": "plain"}, goodClaims(), signRSA(r.foreign)),
		},
		"audience as text": {
			shared,
			signed(members{"alg": "HS256"}, goodClaims().withMembers("aud", "discovery"), signHMAC([]byte(secret))),
		},
		"tenant in camelCase": {
			shared,
			signed(
				members{"alg": "HS256"}, goodClaims().withMembers("tenant_id", nil, "tenantId", tenant),
				signHMAC([]byte(secret)),
			),
		},
		"expired within the leeway": {
			shared,
			signed(
				members{"alg": "HS256"}, goodClaims().withMembers("exp", moment.Add(-time.Second).Unix()),
				signHMAC([]byte(secret)),
			),
		},
		"key URL in the header is ignored": {
			published,
			signed(members{"alg": "RS256", "kid": "rs", "jku": "http://127.0.0.1:1/"}, goodClaims(), signRSA(r.rsa)),
		},
	} {
		got, err := c.v.Verify(t.Context(), c.token)
		if err != nil {
			t.Errorf("%s: %v", name, errors.Unwrap(err))
			continue
		}
		if got.Tenant.String() != tenant || !got.Can("discovery:write") || got.Can("discovery") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestScopesAreReadFromFourClaims(t *testing.T) {
	v, _ := newHS256Verifier(t, Claims{})
	got, err := v.Verify(t.Context(), signed(
		members{"alg": "HS256"},
		goodClaims().withMembers("scope", " a  b ", "scp", []any{"c", 1, "d"}, "permissions", []string{"e"},
			"roles", []string{"discovery.read"}),
		signHMAC([]byte(secret)),
	))
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e", "discovery:read"}, got.Scopes); diff != "" || err != nil {
		t.Error(err, diff)
	}
	none, err := v.Verify(
		t.Context(), signed(members{"alg": "HS256"}, goodClaims().withMembers("scope", 7), signHMAC([]byte(secret))),
	)
	if err != nil || len(none.Scopes) > 0 {
		t.Error(err, none.Scopes)
	}
}

func TestWithAPrefixOnlyScopesThatHaveItCount(t *testing.T) {
	v, _ := newHS256Verifier(t, Claims{ScopePrefix: "api://app/"})
	got, err := v.Verify(t.Context(), signed(
		members{"alg": "HS256"},
		goodClaims().withMembers("scope", "discovery:write api://app/discovery:read api://apps/discovery:write",
			"roles", []string{"api://app/Discovery.Write"}),
		signHMAC([]byte(secret)),
	))
	if diff := cmp.Diff([]string{"discovery:read", "Discovery:Write"}, got.Scopes); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// forgery is a token that the verifier must reject.
type forgery struct{ name, token string }

func forgedHS256Tokens() []forgery {
	key := signHMAC([]byte(secret))
	good := signed(members{"alg": "HS256"}, goodClaims(), key)
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	header := func(pairs ...any) string {
		return signed(members{"alg": "HS256"}.withMembers(pairs...), goodClaims(), key)
	}
	return append(forgedClaims(), []forgery{
		{"empty", ""},
		{"dots", ".."},
		{"one dot", "."},
		{"text", "token"},
		{"no signature", head + "." + payload},
		{"empty signature", head + "." + payload + "."},
		{"empty payload", head + ".." + signature},
		{"empty header", "." + payload + "." + signature},
		{"trailing dot", good + "."},
		{"leading dot", "." + good},
		{"five parts", good + ".a.b"},
		{"padded", head + "=." + payload + "." + signature},
		{
			"standard base64 signature",
			head + "." + payload + "." + base64.StdEncoding.EncodeToString([]byte{0xfb, 0xff}),
		},
		{"contains a space", head + ". " + payload + "." + signature},
		{"contains a line break", head[:4] + "\n" + head[4:] + "." + payload + "." + signature},
		{"unicode look-alike", strings.Replace(good, "e", "е", 1)},
		{"truncated signature", good[:len(good)-4]},
		{"longer signature", good + "AAAA"},
		{"flipped signature", head + "." + payload + "." + flipBits(signature)},
		{"flipped payload", head + "." + flipBits(payload) + "." + signature},
		{"huge", good + strings.Repeat("A", maxToken)},
		{"huge header", header("x", strings.Repeat("A", maxToken))},
		{"header not JSON", signed("alg", goodClaims(), key)},
		{"header array", signed("[]", goodClaims(), key)},
		{"header null", signed("null", goodClaims(), key)},
		{"header with two algorithms", signed(`{"alg":"none","alg":"HS256"}`, goodClaims(), key)},
		{"header with two texts", signed(`{"alg":"HS256"}{}`, goodClaims(), key)},
		{"header with two JSON texts", signed(members{"alg": "none"}, goodClaims(), fixedSignature(""))},
		{"alg None", signed(members{"alg": "None"}, goodClaims(), fixedSignature(""))},
		{"alg NONE signed", signed(members{"alg": "NONE"}, goodClaims(), key)},
		{"alg missing", header("alg", nil)},
		{"alg empty", header("alg", "")},
		{"alg null", signed(`{"alg":null}`, goodClaims(), key)},
		{"alg number", header("alg", 256)},
		{"alg array", header("alg", []string{"HS256"})},
		{"alg in lower case", header("alg", "hs256")},
		{"alg member name in another case", header("alg", nil, "Alg", "HS256")},
		{"alg HS512", header("alg", "HS512")},
		{"alg RS256", header("alg", "RS256")},
		{"crit unknown", header("crit", []string{"exp"}, "exp", 1)},
		{"crit empty", header("crit", []string{})},
		{"b64 false", header("b64", false, "crit", []string{"b64"})},
		{"b64 alone", header("b64", false)},
		{"another secret", signed(members{"alg": "HS256"}, goodClaims(), signHMAC([]byte(strings.ToUpper(secret))))},
		{"empty secret", signed(members{"alg": "HS256"}, goodClaims(), signHMAC(nil))},
	}...)
}

// forgedClaims returns correctly signed tokens with claims that no issuer would make.
func forgedClaims() []forgery {
	key := signHMAC([]byte(secret))
	claim := func(pairs ...any) string {
		return signed(members{"alg": "HS256"}, goodClaims().withMembers(pairs...), key)
	}
	encoded, err := json.Marshal(goodClaims())
	if err != nil {
		panic(err)
	}
	// The function after returns a correctly signed token. In the token's claims, text replaces the closing brace.
	after := func(text string) string {
		return signed(members{"alg": "HS256"}, strings.TrimSuffix(string(encoded), "}")+text, key)
	}
	return []forgery{
		{"tenant twice", after(`,"tenant_id":"22222222-2222-4222-8222-222222222222"}`)},
		{"tenant twice, equal", after(`,"tenant_id":"` + tenant + `"}`)},
		{"tenant twice, escaped", after(`,"tenant\u005fid":"` + tenant + `"}`)},
		{"expiry twice", after(`,"exp":4102444800}`)},
		{"a nested member twice", after(`,"x":[{"a":1,"a":2}]}`)},
		{"claims followed by claims", after(`}{}`)},
		{"claims followed by a brace", after(`}}`)},
		{"claims followed by text", after(`} x`)},
		{"claims with invalid UTF-8", after(`,"x":"` + "\xff" + `"}`)},
		{"claims with a lone surrogate", after(`,"x":"\ud800"}`)},
		{"a signed token as claims", signed(members{"alg": "HS256"}, claim(), key)},
		{"payload not JSON", signed(members{"alg": "HS256"}, "exp", key)},
		{"payload array", signed(members{"alg": "HS256"}, "[]", key)},
		{"expired", claim("exp", moment.Add(-2*time.Minute).Unix())},
		{"no expiry", claim("exp", nil)},
		{"expiry zero", claim("exp", 0)},
		{"expiry negative", claim("exp", -1)},
		{"expiry null", claim("exp", "")},
		{"expiry object", claim("exp", members{})},
		{"expiry array", claim("exp", []int64{moment.Add(time.Hour).Unix()})},
		{"not before is in the future", claim("nbf", moment.Add(2*time.Minute).Unix())},
		{"issued in the future", claim("iat", moment.Add(2*time.Minute).Unix())},
		{"another issuer", claim("iss", "https://issuer.example/")},
		{"issuer missing", claim("iss", nil)},
		{"issuer list", claim("iss", []string{"https://issuer.example"})},
		{"another audience", claim("aud", "discover")},
		{"audience missing", claim("aud", nil)},
		{"audience empty", claim("aud", []string{})},
		{"tenant missing", claim("tenant_id", nil)},
		{"tenant nil UUID", claim("tenant_id", "00000000-0000-0000-0000-000000000000")},
		{"tenant empty", claim("tenant_id", "")},
		{"tenant number", claim("tenant_id", 1)},
		{
			"tenant null with an alternative claim",
			signed(`{"alg":"HS256"}`, goodClaims().withMembers("tenant_id", (*string)(nil), "tenantId", 5), key),
		},
		{"tenant array", claim("tenant_id", []string{tenant, tenant})},
		{"tenant object", claim("tenant_id", members{"id": tenant})},
		{"tenant invalid with a valid alternative claim", claim("tenant_id", "x", "tenantId", tenant)},
		{"tenant in braces", claim("tenant_id", "{"+tenant+"}")},
		{"tenant as URN", claim("tenant_id", "urn:uuid:"+tenant)},
		{"tenant without dashes", claim("tenant_id", strings.ReplaceAll(tenant, "-", ""))},
		{"tenant with space", claim("tenant_id", tenant+" ")},
	}
}

// flipBits returns the base64url text with one character changed, so that it decodes to other
// bytes.
func flipBits(part string) string {
	turned := []byte(part)
	turned[2] = map[bool]byte{true: 'B', false: 'A'}[turned[2] == 'A']
	return string(turned)
}

func forgedJWKSTokens(t *testing.T) []forgery {
	r := testKeys()
	der, err := x509.MarshalPKIXPublicKey(&r.rsa.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	own := signRSA(r.foreign)
	embedded := members{"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(r.foreign.N.Bytes()), "e": "AQAB"}
	head := func(pairs ...any) members { return members{"alg": "RS256", "kid": "rs"}.withMembers(pairs...) }
	return []forgery{
		{"HS256 with the PEM of the public key", signed(head("alg", "HS256"), goodClaims(), signHMAC(public))},
		{"HS256 with the DER of the public key", signed(head("alg", "HS256"), goodClaims(), signHMAC(der))},
		{"HS256 with the modulus", signed(head("alg", "HS256"), goodClaims(), signHMAC(r.rsa.N.Bytes()))},
		{
			"HS256 with the published symmetric key",
			signed(head("alg", "HS256", "kid", "hidden"), goodClaims(), signHMAC([]byte(secret))),
		},
		{"none", signed(head("alg", "none"), goodClaims(), fixedSignature(""))},
		{"RS256 by a PS256 key", signed(head("kid", "ps"), goodClaims(), signRSA(r.pss))},
		{"PS256 by an RS256 key", signed(head("alg", "PS256"), goodClaims(), signPSS(r.rsa))},
		{"PS256 by a key without alg", signed(head("alg", "PS256", "kid", "plain"), goodClaims(), signPSS(r.foreign))},
		{"PS256 announced, RS256 signed", signed(head("alg", "PS256"), goodClaims(), signRSA(r.rsa))},
		{"another's key", signed(head(), goodClaims(), own)},
		{"a weak key", signed(head("kid", "weak"), goodClaims(), signRSA(r.weak))},
		{"a key of the wrong algorithm", signed(head("alg", "ES256", "kid", "odd"), goodClaims(), signRSA(r.rsa))},
		{
			"ES256 of zeros",
			signed(head("alg", "ES256", "kid", "es"), goodClaims(), fixedSignature(string(make([]byte, 64)))),
		},
		{
			"EdDSA of zeros",
			signed(head("alg", "EdDSA", "kid", "ed"), goodClaims(), fixedSignature(string(make([]byte, 64)))),
		},
		{"no kid", signed(head("kid", nil), goodClaims(), signRSA(r.rsa))},
		{"kid empty", signed(head("kid", ""), goodClaims(), signRSA(r.rsa))},
		{"kid number", signed(head("kid", 1), goodClaims(), signRSA(r.rsa))},
		{"kid path", signed(head("kid", "../../../../dev/null"), goodClaims(), signHMAC(nil))},
		{"kid URL", signed(head("kid", "http://127.0.0.1/key"), goodClaims(), own)},
		{"kid SQL", signed(head("kid", "x' OR '1'='1"), goodClaims(), own)},
		{"kid case", signed(head("kid", "RS"), goodClaims(), signRSA(r.rsa))},
		{"jku", signed(head("jku", "http://127.0.0.1/jwks", "kid", "mine"), goodClaims(), own)},
		{"x5u", signed(head("x5u", "http://127.0.0.1/cert"), goodClaims(), own)},
		{"x5c", signed(head("x5c", []string{base64.StdEncoding.EncodeToString(der)}), goodClaims(), own)},
		{"jwk", signed(head("jwk", embedded), goodClaims(), own)},
		{"jwk without kid", signed(head("jwk", embedded, "kid", nil), goodClaims(), own)},
	}
}

func TestForgedTokensAreRejected(t *testing.T) {
	shared, _ := newHS256Verifier(t, strictClaims)
	published, _ := newJWKSVerifier(t, allKeys(t), strictClaims)
	tables := []struct {
		v   *Verifier
		all []forgery
	}{{shared, forgedHS256Tokens()}, {published, forgedJWKSTokens(t)}}
	count := 0
	for i, table := range tables {
		for _, f := range table.all {
			count++
			t.Run(fmt.Sprintf("%d %s", i, f.name), func(t *testing.T) {
				got, err := table.v.Verify(t.Context(), f.token)
				if !errors.Is(err, domain.Unauthenticated) {
					t.Fatalf("accepted as %v, %v", got, err)
				}
				if cause := errors.Unwrap(err); cause == nil || len(cause.Error()) > 60 {
					t.Errorf("the reason is %v, want a short text", cause)
				}
				if got.Tenant != (domain.TenantID{}) || got.Scopes != nil || got.Actor != "" {
					t.Errorf("a rejection returns the principal %v", got)
				}
			})
		}
	}
	if count < 40 {
		t.Errorf("only %d forgeries", count)
	}
}

func TestConfiguredTenantClaim(t *testing.T) {
	v, _ := newHS256Verifier(t, Claims{TenantClaim: "org"})
	token := func(pairs ...any) string {
		return signed(members{"alg": "HS256"}, goodClaims().withMembers(pairs...), signHMAC([]byte(secret)))
	}
	if _, err := v.Verify(t.Context(), token("org", tenant, "tenant_id", nil)); err != nil {
		t.Error(err)
	}
	if _, err := v.Verify(t.Context(), token()); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("the default claim was read: %v", err)
	}
}

func TestTheTenantOfATokenWithoutATenantIsTheDefault(t *testing.T) {
	other := uuid.MustParse("7c0f2c5e-0000-4000-8000-000000000001")
	withDefault, _ := newHS256Verifier(t, Claims{DefaultTenant: domain.TenantID{UUID: other}})
	without, _ := newHS256Verifier(t, Claims{})
	for _, c := range []struct {
		name   string
		v      *Verifier
		claims []any
		want   string // "" if the token is rejected
	}{
		{"no claim", withDefault, []any{"tenant_id", nil}, other.String()},
		{"no claim and no default", without, []any{"tenant_id", nil}, ""},
		{"a claim wins over the default", withDefault, nil, tenant},
		{"the other claim wins over the default", withDefault, []any{"tenant_id", nil, "tenantId", tenant}, tenant},
		{"a malformed claim", withDefault, []any{"tenant_id", "x"}, ""},
		{"an empty claim", withDefault, []any{"tenant_id", ""}, ""},
		{"the nil tenant", withDefault, []any{"tenant_id", uuid.Nil.String()}, ""},
		{"a malformed claim beside a good one", withDefault, []any{"tenant_id", "x", "tenantId", tenant}, ""},
		{"a list of one", without, []any{"tenant_id", []string{tenant}}, tenant},
		{"a list of two", withDefault, []any{"tenant_id", []string{tenant, tenant}}, ""},
		{"an empty list", withDefault, []any{"tenant_id", []string{}}, ""},
		{"a list in a list", withDefault, []any{"tenant_id", []any{[]any{tenant}}}, ""},
	} {
		claims := goodClaims().withMembers(c.claims...)
		got, err := c.v.Verify(t.Context(), signed(members{"alg": "HS256"}, claims, signHMAC([]byte(secret))))
		switch {
		case c.want == "" && !errors.Is(err, domain.Unauthenticated):
			t.Errorf("%s: %v, %v, want a rejection", c.name, got.Tenant, err)
		case c.want != "" && (err != nil || got.Tenant.String() != c.want):
			t.Errorf("%s: the tenant is %v, %v, want %s", c.name, got.Tenant, err, c.want)
		}
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	if _, err := NewHS256(domain.SecretText(secret[1:]), Claims{}, &porttest.Clock{}); !errors.Is(err, ErrShortSecret) {
		t.Error(err)
	}
	for _, address := range []string{"", "issuer", "ftp://issuer.example", "https://"} {
		if _, err := NewJWKS(
			context.Background(), Issuer{URL: address, Client: http.DefaultClient}, Claims{}, &porttest.Clock{},
		); !errors.Is(err, ErrIssuerURL) {
			t.Errorf("%q: %v", address, err)
		}
	}
}
