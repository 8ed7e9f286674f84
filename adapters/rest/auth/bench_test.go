package auth

import "testing"

// BenchmarkVerifyJWKS measures the verification of a token with published keys, without the token
// cache. HS256 has its own benchmark.
func BenchmarkVerifyJWKS(b *testing.B) {
	r := testKeys()
	v, _ := newJWKSVerifier(b, allKeys(b), strictClaims)
	for name, token := range map[string]string{
		"RS256": signed(members{"alg": "RS256", "kid": "rs"}, goodClaims(), signRSA(r.rsa)),
		"ES256": signed(members{"alg": "ES256", "kid": "es"}, goodClaims(), signECDSA(r.ec)),
		"EdDSA": signed(members{"alg": "EdDSA", "kid": "ed"}, goodClaims(), signEd25519(r.ed)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyCached measures the verification of a token that is in the cache.
func BenchmarkVerifyCached(b *testing.B) {
	v, _ := newHS256Verifier(b, Claims{})
	token := signed(members{"alg": "HS256"}, goodClaims(), signHMAC([]byte(secret)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
