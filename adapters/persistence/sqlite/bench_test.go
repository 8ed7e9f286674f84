package sqlite_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// connectionWithToken stores a connection with a token, and returns the token.
func connectionWithToken(t testing.TB, s *sqlite.Store) domain.WebhookToken {
	t.Helper()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator, Name: "c",
		Vendor: "pluggy", AccountRef: "item", Sealed: domain.Sealed("sealed"), Revision: 1,
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	token := domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
	}
	for _, err := range []error{
		s.Connections().Create(t.Context(), c, nil), s.Tokens().Create(t.Context(), token, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return token
}

// BenchmarkReceive measures how many events are stored per second. All events are new and need a pull. They belong to
// 32 connections and are sent by 16 concurrent callers per core. Every commit is flushed to disk.
func BenchmarkReceive(b *testing.B) {
	s := opened(b, file(b)).Store(nil)
	var tokens []domain.WebhookToken
	for range 32 {
		tokens = append(tokens, connectionWithToken(b, s))
	}
	body := make([]byte, 400)
	var n atomic.Int64
	b.SetParallelism(16) // callers per core
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			token := tokens[i%32]
			_, err := s.Deliveries().Receive(b.Context(), ports.IncomingDelivery{
				Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
				SourceAdmitted: true, Event: domain.WebhookEvent{Name: "item/updated", DedupKey: uuid.NewString(),
					WantsPull: true}, Body: body,
				At: epoch.Add(time.Duration(i) * time.Millisecond),
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
}

// BenchmarkIndexTexts measures how many rows are added to the index of the search per second. Every commit is flushed
// to disk.
func BenchmarkIndexTexts(b *testing.B) { storetest.BenchIndexTexts(b, opened(b, file(b)).Store(nil)) }
