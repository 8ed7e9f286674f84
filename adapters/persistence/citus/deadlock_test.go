package citus_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// deadlockCounter counts the deadlocks that the database detects.
type deadlockCounter struct{ atomic.Int32 }

func (*deadlockCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (c *deadlockCounter) TraceQueryEnd(_ context.Context, _ *pgx.Conn, end pgx.TraceQueryEndData) {
	if isDeadlock(end.Err) {
		c.Add(1)
	}
}

// isDeadlock reports whether the database has ended the transaction to resolve a deadlock.
func isDeadlock(err error) bool {
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && e.Code == "40P01"
}

// A request must be repeated if Citus ends its transaction because of a deadlock. In a deadlock of two transactions,
// Citus ends the younger one. In this test, the request runs the younger transaction: the older one locks the pulls,
// the request locks the connection and waits, and the older one waits for the connection.
func TestARequestOnCitusIsRepeatedAfterADeadlock(t *testing.T) {
	dsn := pgtest.CitusDSN(t)
	var found deadlockCounter
	db := openDistributed(t, postgres.Config{URL: dsn, Tracer: &found})
	s := db.Store(nil)
	token := storetest.ConnectionWithToken(t, s)
	queue := func() {
		request := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: epoch}
		if _, err := s.Pulls().Request(t.Context(), token.Tenant, token.Connection, request, nil); err != nil {
			t.Error(err)
		}
	}
	queue()
	older, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = older.Close(context.WithoutCancel(t.Context())) }()
	execute := func(sql string, args ...any) {
		// Until the rollback of the request is complete, Citus may also end the older transaction.
		if _, err := older.Exec(t.Context(), sql, args...); err != nil && !isDeadlock(err) {
			t.Error(err)
		}
	}
	execute("SET citus.propagate_set_commands = 'local'")
	execute("BEGIN")
	execute("SET LOCAL deadlock_timeout = '1h'") // prevents the worker from ending the older transaction first
	connection, tenant := token.Connection.UUID, token.Tenant.UUID
	execute("SELECT FROM pulls WHERE connection_id = $1 AND tenant_id = $2 FOR UPDATE", connection, tenant)
	var requested sync.WaitGroup
	requested.Go(queue)
	awaitLockWaiter(t, db)
	execute("SELECT FROM connections WHERE id = $1 AND tenant_id = $2 FOR UPDATE", connection, tenant)
	execute("COMMIT")
	requested.Wait()
	// There can be more than one deadlock: the repeated request deadlocks, too, if it locks the connection first.
	if found.Load() == 0 {
		t.Error("Citus detected no deadlock")
	}
}

// awaitLockWaiter returns as soon as a session on any server waits for a lock. It fails the test if that takes too
// long.
func awaitLockWaiter(t *testing.T, db *citus.DB) {
	t.Helper()
	for deadline := time.Now().Add(patience / 2); ; time.Sleep(time.Millisecond) {
		var waits bool
		err := db.Pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM citus_lock_waits)").Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		if waits {
			return
		}
		if time.Now().After(deadline) {
			t.Error("no session waits for a lock")
			return
		}
	}
}
