package gormstore_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// recorder replaces the job queue: it records the pulls that get a job. The method enqueue runs in the transaction that
// queues the pulls, and first writes to the database. If the transaction has already failed, the write fails, and
// nothing is recorded.
type recorder struct {
	mu     sync.Mutex
	jobs   []uuid.UUID
	refuse error
}

func (r *recorder) record(pulls []uuid.UUID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		return r.refuse
	}
	r.jobs = append(r.jobs, pulls...)
	return nil
}

// nudge records the pulls. The SQLite store calls it after each commit.
func (r *recorder) nudge(pulls ...domain.PullID) {
	for _, id := range pulls {
		_ = r.record([]uuid.UUID{id.UUID})
	}
}

// enqueue records the pulls. The PostgreSQL store calls it in the transaction that queues the pulls.
func (r *recorder) enqueue(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	if _, err := tx.Exec(ctx, "UPDATE feed SET shift = shift"); err != nil {
		return err
	}
	return r.record(pulls)
}

// take returns the pulls that were recorded since the last call of take.
func (r *recorder) take() []uuid.UUID {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := slices.Clone(r.jobs)
	r.jobs = nil
	return taken
}

// backend is one database with its stores.
type backend struct {
	*gormstore.Store
	gorm *gorm.DB
	jobs *recorder
	// newStore returns a new store on the same database, like the store of another process.
	newStore func() *gormstore.Store
}

// timeout bounds each method of the stores. It is long, so that the tests pass on a busy machine.
const timeout = time.Minute

// onEach runs a test on a new SQLite database and on a new PostgreSQL database.
func onEach(t *testing.T, test func(t *testing.T, b backend)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), sqlite.Config{
			DSN: "sqlite://" + filepath.Join(datadir.New(t), "test.db"), Timeout: timeout,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		jobs := &recorder{}
		another := func() *gormstore.Store { return db.Store(jobs.nudge) }
		test(t, backend{Store: another(), gorm: db.DB, jobs: jobs, newStore: another})
	})
	t.Run("postgres", func(t *testing.T) {
		db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		jobs := &recorder{}
		another := func() *gormstore.Store { return db.Store(jobs.enqueue) }
		test(t, backend{Store: another(), gorm: db.DB, jobs: jobs, newStore: another})
	})
}
