package jobs_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/glebarez/go-sqlite"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// queue is the part of Postgres and SQLite that the tests use on both databases: all methods
// whose signatures do not contain the transaction type of a database.
type queue interface {
	Migrate(ctx context.Context) error
	Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error
	Stop(ctx context.Context) error
	Wake(ctx context.Context) error
	NudgeNow(ctx context.Context, ids ...domain.PullID) error
	Lead(ctx context.Context, round func(context.Context) error) error
}

// transaction is an open transaction of either database: exec runs a statement in it, and enqueue
// calls the queue's Enqueue with it.
type transaction struct {
	exec    func(statement string) error
	enqueue func(ids ...uuid.UUID) error
}

// env is the environment of a test: a database and a constructor of queues on that database.
type env struct {
	name string
	db   *sql.DB
	make func(t *testing.T, cfg jobs.Config) queue
	// within runs fn in a transaction. It commits if fn returns nil, and rolls back otherwise.
	within func(ctx context.Context, q queue, fn func(tx transaction) error) error
}

// onBothDatabases runs a test once on SQLite and once on PostgreSQL. Each run has an empty database
// with River's tables, and must leave no goroutine running.
func onBothDatabases(t *testing.T, test func(t *testing.T, e env)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) env{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			_ = pgtest.DSN(t) // starts the shared server, so that its goroutines are not counted as leaked
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			t.Run("run", func(t *testing.T) {
				e := open(t)
				if err := e.make(t, jobs.Config{}).Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				test(t, e)
			})
		})
	}
}

func onSQLite(t *testing.T) env {
	dsn := "file:" + filepath.Join(t.TempDir(), "test.db") + "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)" +
		"&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_txlock=immediate"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	return env{
		"sqlite", db,
		func(t *testing.T, cfg jobs.Config) queue { return must[*jobs.SQLite](t)(jobs.NewSQLite(db, cfg)) },
		func(ctx context.Context, q queue, fn func(transaction) error) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback() }()
			err = fn(transaction{
				func(statement string) error { _, err := tx.ExecContext(ctx, statement); return err },
				func(ids ...uuid.UUID) error { return q.(*jobs.SQLite).Enqueue(ctx, tx, ids) },
			})
			if err != nil {
				return err
			}
			return tx.Commit()
		},
	}
}

func onPostgres(t *testing.T) env { return onServer(t, pgtest.DSN(t)) }

func onServer(t *testing.T, dsn string) env {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	return env{
		"postgres", db,
		func(t *testing.T, cfg jobs.Config) queue { return must[*jobs.Postgres](t)(jobs.NewPostgres(pool, cfg)) },
		func(ctx context.Context, q queue, fn func(transaction) error) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				return fn(transaction{
					func(statement string) error { _, err := tx.Exec(ctx, statement); return err },
					func(ids ...uuid.UUID) error { return q.(*jobs.Postgres).Enqueue(ctx, tx, ids) },
				})
			})
		},
	}
}

func must[Q any](t *testing.T) func(Q, error) Q {
	return func(q Q, err error) Q {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
}

func start(t *testing.T, q queue, w *fakeWorker) {
	t.Helper()
	if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, q, waitTimeout) })
}

func stop(t *testing.T, q queue, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func newPull() domain.PullID { return domain.PullID{UUID: uuid.Must(uuid.NewV7())} }

func enqueue(t *testing.T, e env, q queue, ids ...domain.PullID) {
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
