package auth

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func FuzzBearer(f *testing.F) {
	v, _ := newShared(f, Claims{})
	for _, forged := range forgedForShared() {
		f.Add(forged.token)
	}
	good := signed(members{"alg": "HS256"}, goodClaims(), byHMAC([]byte(secret)))
	f.Add(good)
	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.Verify(t.Context(), token)
		if err == nil && got.Tenant.String() != tenant {
			t.Errorf("came in as %v", got)
		}
		if err != nil && !errors.Is(err, domain.Unauthenticated) {
			t.Error(err)
		}
	})
}

func BenchmarkVerifyHS256(b *testing.B) {
	v, _ := newShared(b, strictClaims)
	token := signed(members{"alg": "HS256"}, goodClaims(), byHMAC([]byte(secret)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
