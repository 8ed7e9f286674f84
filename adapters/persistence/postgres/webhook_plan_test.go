package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// customPlans is the number of executions of a prepared statement that PostgreSQL always plans anew. After these
// executions, it compares the estimated cost of planning each execution with that of one generic plan for all
// executions.
// https://www.postgresql.org/docs/15/sql-prepare.html
const customPlans = 5

// A batch often has only one webhook, and then planning its statements takes longer than executing them. The server
// must use one plan for all batches, also for tables with many rows and in a distributed database.
func TestBatchesOfOneWebhookAreNotPlannedEachTime(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{
		"PostgreSQL": pgtest.DSN, "Citus": pgtest.CitusDSN,
	} {
		t.Run(name, func(t *testing.T) {
			db, err := postgres.Open(t.Context(), postgres.Config{
				URL: dsn(t) + "&random_page_cost=40&enable_seqscan=off", Timeout: patience, Distribute: name == "Citus",
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := &replica{T: t, Store: db.Store(nil)}
			r.token = connectionWithToken(t, r.Store)
			for range 4 * customPlans {
				event := r.pending(uuid.NewString())
				if _, err := r.Deliveries().Receive(t.Context(), event.IncomingDelivery); err != nil {
					t.Fatal(err)
				}
			}
			// The number of executions with the generic plan, for each statement that contains the key.
			found := map[string]int64{"AND t.revoked_at IS NULL": 0, "INSERT INTO deliveries": 0}
			for _, pool := range db.Pools() {
				for _, conn := range pool.AcquireAllIdle(t.Context()) {
					checkPlans(t, conn.Conn(), found)
					conn.Release()
				}
			}
			for part, generic := range found {
				if generic == 0 {
					t.Errorf("no execution of the statement with %s used the plan for all", part)
				}
			}
		})
	}
}

// checkPlans fails the test if the connection has a prepared statement for webhooks that is planned at each
// execution. It adds the number of executions with a generic plan to found.
func checkPlans(t *testing.T, conn *pgx.Conn, found map[string]int64) {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")
	if err != nil {
		t.Fatal(err)
	}
	var sql string
	var generic, custom int64
	_, err = pgx.ForEachRow(rows, []any{&sql, &generic, &custom}, func() error {
		for part := range found {
			if !strings.Contains(sql, part) || !strings.Contains(sql, "unnest") {
				continue
			}
			found[part] += generic
			if custom > customPlans {
				t.Errorf("planned for each of %d executions; want at most %d: %s", custom, customPlans, sql)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
