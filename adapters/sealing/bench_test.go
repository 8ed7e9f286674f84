package sealing_test

import (
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// BenchmarkSeal measures how long it takes to seal and to open the credential of an aggregator.
func BenchmarkSeal(b *testing.B) {
	path := filepath.Join(b.TempDir(), "keyset.json")
	if err := sealing.Create(path); err != nil {
		b.Fatal(err)
	}
	keys, err := sealing.Open(path, sealing.Options{})
	if err != nil {
		b.Fatal(err)
	}
	tenant, connection := domain.TenantID{UUID: uuid.New()}, domain.ConnectionID{UUID: uuid.New()}
	credential := domain.AggregatorCredential(domain.SecretText(uuid.NewString()), domain.SecretText(uuid.NewString()))
	sealed, err := keys.Seal(tenant, connection, credential)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Seal(tenant, connection, credential); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Open(tenant, connection, sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}
