package jobs_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(leaderEnv); dsn != "" {
		leadUntilKilled(dsn)
	}
	pgtest.Main(m)
}

// transaction is an open transaction. Its function exec runs a statement in the transaction, and enqueue passes the
// transaction to the queue's Enqueue.
type transaction struct {
	exec    func(statement string) error
	enqueue func(ids ...uuid.UUID) error
}

// env contains the connections of a test to its database.
type env struct {
	db   *sql.DB
	pool *pgxpool.Pool
}

// onDatabase runs a test on an empty database with River's tables. The test must leave no goroutine
// running.
func onDatabase(t *testing.T, test func(t *testing.T, e env)) {
	t.Helper()
	_ = pgtest.DSN(t) // starts the shared server, so that its goroutines are not counted as leaked
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("run", func(t *testing.T) {
		e := onServer(t, pgtest.DSN(t))
		if err := e.make(t, jobs.Config{}).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, e)
	})
}

// poolerSize is the number of server connections of a pooler in these tests.
const poolerSize = 4

// onPooler returns an environment in which the database is used through a pooler.
func onPooler(t *testing.T, dsn string) env {
	t.Helper()
	return onServer(t, pgtest.Pooled(t, dsn, poolerSize)+"&default_query_exec_mode=cache_describe")
}

func onServer(t *testing.T, dsn string) env {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	return env{db, pool}
}

// make returns a new queue on the database.
func (e env) make(t *testing.T, cfg jobs.Config) *jobs.Queue {
	t.Helper()
	q, err := jobs.New(e.pool, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// within runs fn in a transaction. It commits if fn returns nil, and rolls back otherwise.
func (e env) within(ctx context.Context, q *jobs.Queue, fn func(tx transaction) error) error {
	return pgx.BeginFunc(ctx, e.pool, func(tx pgx.Tx) error {
		return fn(transaction{
			func(statement string) error { _, err := tx.Exec(ctx, statement); return err },
			func(ids ...uuid.UUID) error { return q.Enqueue(ctx, tx, ids) },
		})
	})
}

func start(t *testing.T, q *jobs.Queue, w *fakeWorker) {
	t.Helper()
	if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, q, waitTimeout) })
}

func stop(t *testing.T, q *jobs.Queue, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func newPull() domain.PullID { return domain.PullID{UUID: uuid.Must(uuid.NewV7())} }

func enqueue(t *testing.T, e env, q *jobs.Queue, ids ...domain.PullID) {
	t.Helper()
	if err := e.within(t.Context(), q, func(tx transaction) error { return tx.enqueue(uuids(ids)...) }); err != nil {
		t.Fatal(err)
	}
}

func uuids(ids []domain.PullID) []uuid.UUID {
	list := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		list[i] = id.UUID
	}
	return list
}

func count(t *testing.T, e env, where string) (n int) {
	t.Helper()
	if err := e.db.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE "+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func execute(t *testing.T, e env, statement string) {
	t.Helper()
	if _, err := e.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
