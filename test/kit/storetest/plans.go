package storetest

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// customPlans is the number of executions of a prepared statement that PostgreSQL always plans anew. After these
// executions, it compares the estimated cost of planning each execution with that of one generic plan for all
// executions.
// https://www.postgresql.org/docs/15/sql-prepare.html
const customPlans = 5

// PlanParameters are the parameters of the URL of a database for CheckWebhookPlans. They make the server estimate the
// costs of tables with many rows.
const PlanParameters = "&random_page_cost=40&enable_seqscan=off"

// CheckWebhookPlans stores batches of one webhook. It fails the test if a server plans their statements at each
// execution, which takes longer than executing them. pools returns the connection pools of all servers.
func CheckWebhookPlans(t *testing.T, s Stores, pools func() []*pgxpool.Pool) {
	t.Helper()
	token := ConnectionWithToken(t, s)
	for range 4 * customPlans {
		if _, err := Receive(t.Context(), s, token, uuid.NewString()); err != nil {
			t.Fatal(err)
		}
	}
	// The number of executions with the generic plan, for each statement that contains the key.
	found := map[string]int64{"AND t.revoked_at IS NULL": 0, "INSERT INTO deliveries": 0}
	for _, pool := range pools() {
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
