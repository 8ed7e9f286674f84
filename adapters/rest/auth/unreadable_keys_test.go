package auth

import (
	"bytes"
	"testing"
)

// besides puts a member before the others of a set.
func prependMember(set []byte, member string) []byte {
	return bytes.Replace(set, []byte(`"keys":[`), []byte(`"keys":[`+member+`,`), 1)
}

func TestAnUnreadableKeyDoesNotAffectTheOthers(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	for name, member := range map[string]string{
		"an unknown kind":         `{"kty":"AKP","kid":"pq","alg":"ML-DSA-44","pub":"AAAA"}`,
		"no kind":                 `{"kid":"bad"}`,
		"a kind that is none":     `{"kty":7}`,
		"a curve's members lack":  `{"kty":"EC","kid":"bad"}`,
		"an unknown curve":        `{"kty":"EC","kid":"bad","crv":"P-192","x":"AAAA","y":"AAAA"}`,
		"RSA's members lack":      `{"kty":"RSA","kid":"bad","e":"AQAB"}`,
		"an edwards key of 1 bit": `{"kty":"OKP","kid":"bad","crv":"Ed25519","x":"AA"}`,
		"members of other types":  `{"kty":"RSA","kid":1,"n":2,"e":[]}`,
		"no base64url":            `{"kty":"RSA","kid":"bad","n":"?","e":"AQAB"}`,
		"no object":               `"RSA"`,
		"nothing":                 `null`,
	} {
		t.Run(name, func(t *testing.T) {
			issuer := newRotatingIssuer(t, prependMember(firstSet, member))
			v, clock := issuer.verifier(t)
			mustVerify(t, v, first)
			issuer.publish(prependMember(secondSet, member))
			clock.Pass(minFetchInterval)
			mustVerify(t, v, second) // the rotation arrives
			mustReject(t, v, first)  // and what was taken back is gone
		})
	}
}
