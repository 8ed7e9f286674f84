package sqlite_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/receivetest"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestABatchIsStoredAsItsDeliveriesWouldBeOneAtATime(t *testing.T) {
	db := opened(t, ":memory:")
	var jobs []domain.PullID
	enqueue := func(_ context.Context, _ *sql.Tx, pulls []uuid.UUID) error {
		for _, id := range pulls {
			jobs = append(jobs, domain.PullID{UUID: id})
		}
		return nil
	}
	receivetest.Run(t, receivetest.Dialect{
		Stores: db.Store(enqueue),
		Receive: func(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
			return db.Receive(ctx, enqueue, deliveries)
		},
		Jobs:     func() []domain.PullID { taken := jobs; jobs = nil; return taken },
		Exact:    true,
		MaxBatch: sqlite.MaxInsertRows + 8,
	})
}
