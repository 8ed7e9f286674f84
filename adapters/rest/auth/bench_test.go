package auth

import "testing"

// BenchmarkVerifyPublished verifies whole, against keys that an issuer published; HS256
// has a benchmark of its own.
func BenchmarkVerifyPublished(b *testing.B) {
	r := ring()
	v, _ := newPublished(b, everyKey(b), strictClaims)
	for name, token := range map[string]string{
		"RS256": signed(members{"alg": "RS256", "kid": "rs"}, goodClaims(), byRSA(r.rsa)),
		"ES256": signed(members{"alg": "ES256", "kid": "es"}, goodClaims(), byECDSA(r.ec)),
		"EdDSA": signed(members{"alg": "EdDSA", "kid": "ed"}, goodClaims(), byEdwards(r.ed)),
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

// BenchmarkVerifyRemembered is what a request costs that follows another of its token.
func BenchmarkVerifyRemembered(b *testing.B) {
	v, _ := newShared(b, Claims{})
	token := signed(members{"alg": "HS256"}, goodClaims(), byHMAC([]byte(secret)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
