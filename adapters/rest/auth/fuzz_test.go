package auth

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func FuzzBearer(f *testing.F) {
	v, _ := newHS256Verifier(f, Claims{})
	for _, forged := range forgedHS256Tokens() {
		f.Add(forged.token)
	}
	good := signed(members{"alg": "HS256"}, goodClaims(), signHMAC([]byte(secret)))
	f.Add(good)
	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.Verify(t.Context(), token)
		if err == nil && got.Tenant.String() != tenant {
			t.Errorf("accepted as %v", got)
		}
		if err != nil && !errors.Is(err, domain.Unauthenticated) {
			t.Error(err)
		}
	})
}

func BenchmarkVerifyHS256(b *testing.B) {
	v, _ := newHS256Verifier(b, strictClaims)
	token := signed(members{"alg": "HS256"}, goodClaims(), signHMAC([]byte(secret)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
