package auth

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// typedToken returns a correctly signed token. typ is the type in the header; if it is "", the header contains no type.
// pairs consists of alternating names and values of additional claims.
func typedToken(typ string, pairs ...any) string {
	header := members{"alg": "HS256"}
	if typ != "" {
		header["typ"] = typ
	}
	return signed(header, goodClaims().withMembers(pairs...), signHMAC([]byte(secret)))
}

// tokenWithHeader returns a correctly signed token with the given header, as JSON.
func tokenWithHeader(header string) string {
	return signed(header, goodClaims(), signHMAC([]byte(secret)))
}

func TestAccessTokensOfEveryIssuerAreAccepted(t *testing.T) {
	v, _ := newHS256Verifier(t, strictClaims)
	for name, token := range map[string]string{
		"no type":                           typedToken(""),
		"type null":                         tokenWithHeader(`{"alg":"HS256","typ":null}`),
		"JWT":                               typedToken("JWT"),
		"jwt in lower case":                 typedToken("jwt"),
		"RFC 9068":                          typedToken("at+jwt"),
		"RFC 9068 in another case":          typedToken("AT+JWT"),
		"RFC 9068 as a full media type":     typedToken("application/at+jwt"),
		"Keycloak":                          typedToken("JWT", "typ", "Bearer", "azp", "app"),
		"Keycloak before version 24":        typedToken("JWT", "typ", "Bearer", "nonce", "n"),
		"Cognito":                           typedToken("", "token_use", "access"),
		"Casdoor":                           typedToken("JWT", "tokenType", "access-token", "nonce", "n"),
		"an access token type and a nonce":  typedToken("at+jwt", "nonce", "n"),
		"a purpose that is not text":        typedToken("JWT", "token_use", 1),
		"a purpose that is an issuer's own": typedToken("JWT", "token_use", "machine"),
	} {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: rejected: %v", name, errors.Unwrap(err))
		}
	}
}

func TestTokensForAnotherPurposeAreRejected(t *testing.T) {
	v, _ := newHS256Verifier(t, strictClaims)
	for name, token := range map[string]string{
		"logout token":                     typedToken("logout+jwt"),
		"logout token, full media type":    typedToken("application/logout+jwt"),
		"logout token, another case":       typedToken("Logout+JWT"),
		"logout token of type JWT":         typedToken("JWT", "events", members{"backchannel-logout": 1}),
		"logout token of Keycloak":         typedToken("JWT", "typ", "Logout"),
		"security event token":             typedToken("secevent+jwt"),
		"security event token of type JWT": typedToken("", "events", members{}),
		"DPoP proof":                       typedToken("dpop+jwt"),
		"ID token with a nonce":            typedToken("JWT", "nonce", "n"),
		"ID token without type":            typedToken("", "nonce", "n"),
		"ID token with an empty nonce":     typedToken("JWT", "nonce", ""),
		"ID token with at_hash":            typedToken("JWT", "at_hash", "h"),
		"ID token with c_hash":             typedToken("JWT", "c_hash", "h"),
		"ID token that claims at+jwt":      typedToken("at+jwt", "at_hash", "h"),
		"ID token of Keycloak":             typedToken("JWT", "typ", "ID"),
		"ID token of Cognito":              typedToken("", "token_use", "id"),
		"refresh token of Keycloak":        typedToken("JWT", "typ", "Refresh"),
		"offline token of Keycloak":        typedToken("JWT", "typ", "Offline"),
		"refresh token of Casdoor":         typedToken("JWT", "tokenType", "refresh-token"),
		"refresh token by token_use":       typedToken("", "token_use", "refresh"),
		"refresh token by token_type":      typedToken("at+jwt", "token_type", "refresh"),
		"refresh token by header":          typedToken("Refresh"),
		"an empty type":                    tokenWithHeader(`{"alg":"HS256","typ":""}`),
		"a type that is not text":          tokenWithHeader(`{"alg":"HS256","typ":["JWT"]}`),
		"two types":                        tokenWithHeader(`{"alg":"HS256","typ":"JWT","typ":"JWT"}`),
	} {
		if got, err := v.Verify(t.Context(), token); !errors.Is(err, domain.Unauthenticated) {
			t.Errorf("%s: got %v, %v, want Unauthenticated", name, got, err)
		}
	}
}
