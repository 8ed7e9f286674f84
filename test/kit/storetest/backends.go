// Package storetest runs a test of the stores on each database.
package storetest

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// Recorder replaces the job queue in tests. It records the pulls for which the stores request a job after a commit.
type Recorder struct {
	mu   sync.Mutex
	jobs []uuid.UUID
}

func (r *Recorder) nudge(pulls ...domain.PullID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range pulls {
		r.jobs = append(r.jobs, id.UUID)
	}
}

// Take returns the pulls that were recorded since the last call of Take.
func (r *Recorder) Take() []uuid.UUID {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := slices.Clone(r.jobs)
	r.jobs = nil
	return taken
}

// Stores is the interface of the stores of both databases.
type Stores interface {
	Core() *gormstore.Core
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Pulls() ports.Pulls
	Ledger() ports.Ledger
	AuditLog() ports.AuditLog
	Erasures() ports.Erasures
	Subscriptions() ports.Subscriptions
}

// Backend is one database with its stores.
type Backend struct {
	Stores
	GORM *gorm.DB
	Jobs *Recorder
	// NewStore returns a new store on the same database, like the store of another process.
	NewStore func() Stores
}

// Timeout bounds each method of the stores. It is long, so that the tests pass on a busy machine.
const Timeout = time.Minute

// OnEach runs a test on a new SQLite database and on a new PostgreSQL database.
func OnEach(t *testing.T, test func(t *testing.T, b Backend)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), sqlite.Config{
			DSN: "sqlite://" + filepath.Join(datadir.New(t), "test.db"), Timeout: Timeout,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		jobs := &Recorder{}
		another := func() Stores { return db.Store(jobs.nudge) }
		test(t, Backend{Stores: another(), GORM: db.DB, Jobs: jobs, NewStore: another})
	})
	t.Run("postgres", func(t *testing.T) {
		db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Timeout: Timeout})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		jobs := &Recorder{}
		another := func() Stores { return db.Store(jobs.nudge) }
		test(t, Backend{Stores: another(), GORM: db.DB, Jobs: jobs, NewStore: another})
	})
}

// CheckRows fails the test if the columns of a GORM model differ from the columns of its table.
func CheckRows(t *testing.T, rows ...any) {
	t.Helper()
	OnEach(t, func(t *testing.T, b Backend) {
		for _, row := range rows {
			stmt := &gorm.Statement{DB: b.GORM}
			if err := stmt.Parse(row); err != nil {
				t.Fatal(err)
			}
			columns := Columns(t, b.GORM, stmt.Schema.Table)
			members := slices.Sorted(slices.Values(stmt.Schema.DBNames))
			slices.Sort(columns)
			if diff := cmp.Diff(columns, members); diff != "" {
				t.Errorf("%s (-table +row):\n%s", stmt.Schema.Table, diff)
			}
		}
	})
}

// Columns returns the names of a table's columns, in the order of the table.
func Columns(t *testing.T, db *gorm.DB, table string) []string {
	t.Helper()
	rows, err := db.Raw("SELECT * FROM " + table + " LIMIT 0").Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil || rows.Err() != nil {
		t.Fatal(err, rows.Err())
	}
	return columns
}
