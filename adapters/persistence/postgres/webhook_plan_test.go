package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// A batch often has only one webhook, and then planning its statements takes longer than executing them. The server
// must use one plan for all batches, also for tables with many rows.
func TestBatchesOfOneWebhookAreNotPlannedEachTime(t *testing.T) {
	db := opened(t, pgtest.DSN(t)+storetest.PlanParameters)
	storetest.CheckWebhookPlans(t, db.Store(nil), func() []*pgxpool.Pool { return []*pgxpool.Pool{db.Pool} })
}
