package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/receivetest"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// begins counts the transactions that take more than one statement.
type begins int

func (b *begins) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if q.SQL == "begin" {
		*b++
	}
	return ctx
}

func (*begins) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Both ways to store a group are the model's: a group that begins no transaction was joined.
func TestAGroupIsStoredAsItsKnocksOneByOne(t *testing.T) {
	var begun begins
	db := traced(t, pgtest.DSN(t), &begun)
	var jobs []domain.PullID
	enqueue := func(_ context.Context, _ pgx.Tx, pulls []uuid.UUID) error {
		for _, id := range pulls {
			jobs = append(jobs, domain.PullID{UUID: id})
		}
		return nil
	}
	joined, brought := 0, 0
	receivetest.Run(t, receivetest.Dialect{
		Stores: db.Store(enqueue),
		Receive: func(ctx context.Context, knocks []gormstore.PendingDelivery) ([]gormstore.Result, error) {
			before := begun
			results, err := db.Receive(ctx, enqueue, knocks)
			if begun == before {
				joined++
			} else {
				brought++
			}
			return results, err
		},
		Jobs:   func() []domain.PullID { taken := jobs; jobs = nil; return taken },
		Knocks: 12,
	})
	if t.Logf("%d groups were joined, %d brought", joined, brought); joined == 0 || brought == 0 {
		t.Error("want groups of both ways")
	}
}

// traced is opened with a tracer that sees every statement.
func traced(t *testing.T, dsn string, tracer pgx.QueryTracer) *postgres.DB {
	t.Helper()
	db, err := postgres.Traced(t.Context(), postgres.Config{URL: dsn, Timeout: patience}, tracer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}
