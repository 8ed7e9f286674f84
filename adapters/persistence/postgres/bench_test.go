package postgres_test

import (
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// BenchmarkReceive measures how many new events that want a pull are stored per second. Per core, 16
// concurrent callers send events of 16 connections. The server flushes every commit to disk.
func BenchmarkReceive(b *testing.B) {
	server, err := pgtest.Start(pgtest.Options{Fsync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	db, err := postgres.Open(b.Context(), postgres.Config{URL: server.URL()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	s := db.Store(nil)
	var tokens []domain.WebhookToken
	for range 16 {
		tokens = append(tokens, connectionWithToken(b, s))
	}
	body := make([]byte, 400)
	var n atomic.Int64
	b.SetParallelism(16) // callers per core
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			token := tokens[n.Add(1)%16]
			_, err := s.Deliveries().Receive(b.Context(), ports.IncomingDelivery{
				Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash,
				Vendor: token.Vendor, At: epoch,
				Event: domain.WebhookEvent{Name: "item/updated", DedupKey: uuid.NewString(),
					WantsPull: true}, Body: body,
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
}
