package sqlite_test

import (
	"context"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/receivetest"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

func TestABatchIsStoredAsItsDeliveriesWouldBeOneAtATime(t *testing.T) {
	db := opened(t, ":memory:")
	var jobs []domain.PullID
	nudge := func(pulls ...domain.PullID) { jobs = append(jobs, pulls...) }
	receivetest.Run(t, receivetest.Dialect{
		Stores: db.Store(nudge),
		Model: func(nudge gormstore.Nudge) receivetest.Stores {
			return sqlitetest.Open(t, sqlite.Config{}).Store(nudge)
		},
		Receive: func(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
			return db.Receive(ctx, nudge, deliveries)
		},
		Jobs:     func() []domain.PullID { taken := jobs; jobs = nil; return taken },
		MaxBatch: 40,
	})
}
