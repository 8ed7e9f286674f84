package citus_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/receivetest"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// The statements that Citus plans are ordinary statements of PostgreSQL. A batch must be stored as its deliveries would
// be one at a time. This test needs no Citus.
func TestABatchOfOneTenantIsStoredAsItsDeliveriesWouldBeOneAtATime(t *testing.T) {
	if testing.Short() {
		t.Skip("too few random runs for all cases")
	}
	db := openPlain(t, postgres.Config{URL: pgtest.DSN(t)})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var jobs []domain.PullID
	nudge := func(pulls ...domain.PullID) { jobs = append(jobs, pulls...) }
	receivetest.Run(t, receivetest.Dialect{
		Stores: db.Store(nudge),
		Model: func(nudge gormstore.Nudge) receivetest.Stores {
			return sqlitetest.Open(t, sqlite.Config{}).Store(nudge)
		},
		Receive: func(ctx context.Context, batch []gormstore.PendingDelivery) ([]gormstore.Result, error) {
			tenant := tenantOf(t, db, batch)
			results, created, err := citus.ReceiveRouted(ctx, db.Pool, tenant, batch)
			nudge(created...)
			return results, err
		},
		Jobs:     func() []domain.PullID { taken := jobs; jobs = nil; return taken },
		MaxBatch: 40,
	})
}

// tenantOf returns the tenant of the deliveries' tokens. If all tokens are unknown, it returns a new id.
func tenantOf(t *testing.T, db *postgres.DB, batch []gormstore.PendingDelivery) uuid.UUID {
	t.Helper()
	hashes := make([][]byte, len(batch))
	for i := range batch {
		hashes[i] = batch[i].Token[:]
	}
	tenant := uuid.New()
	err := db.Pool.QueryRow(t.Context(), `SELECT coalesce(
		(SELECT tenant_id FROM webhook_tokens WHERE hash = ANY($1) LIMIT 1), $2)`, hashes, tenant).Scan(&tenant)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}
