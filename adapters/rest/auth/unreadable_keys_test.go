package auth

import (
	"bytes"
	"testing"
)

// prependMember returns the JWK set with the given member as the first item of "keys".
func prependMember(set []byte, member string) []byte {
	return bytes.Replace(set, []byte(`"keys":[`), []byte(`"keys":[`+member+`,`), 1)
}

func TestAnUnreadableKeyDoesNotAffectTheOthers(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	for name, member := range map[string]string{
		"an unknown key type":             `{"kty":"AKP","kid":"pq","alg":"ML-DSA-44","pub":"AAAA"}`,
		"no key type":                     `{"kid":"bad"}`,
		"a key type that is not a string": `{"kty":7}`,
		"missing curve parameters":        `{"kty":"EC","kid":"bad"}`,
		"an unknown curve":                `{"kty":"EC","kid":"bad","crv":"P-192","x":"AAAA","y":"AAAA"}`,
		"missing RSA parameters":          `{"kty":"RSA","kid":"bad","e":"AQAB"}`,
		"an Ed25519 key of one byte":      `{"kty":"OKP","kid":"bad","crv":"Ed25519","x":"AA"}`,
		"parameters of other types":       `{"kty":"RSA","kid":1,"n":2,"e":[]}`,
		"not base64url":                   `{"kty":"RSA","kid":"bad","n":"?","e":"AQAB"}`,
		"not an object":                   `"RSA"`,
		"nothing":                         `null`,
	} {
		t.Run(name, func(t *testing.T) {
			issuer := newRotatingIssuer(t, prependMember(firstSet, member))
			v, clock := issuer.verifier(t)
			mustVerify(t, v, first)
			issuer.publish(prependMember(secondSet, member))
			clock.Advance(minFetchInterval)
			mustVerify(t, v, second) // the new key is used
			mustReject(t, v, first)  // the withdrawn key is no longer trusted
		})
	}
}
