package jobs

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// migrateAttempts is the maximum number of attempts of a migration. An attempt fails if another
// process applies the same migration step at the same time. The next attempt then finds that
// the step is already applied.
const migrateAttempts = 10

// SQLite is a job queue on SQLite.
type SQLite struct {
	*Queue
	river *client[*sql.Tx]
}

// NewSQLite returns a stopped queue on SQLite. db must be the writer of the database: one
// connection whose transactions start with BEGIN IMMEDIATE (_txlock=immediate) and wait for
// the transactions of other connections (busy_timeout). It returns an error if River rejects
// the configuration.
func NewSQLite(db *sql.DB, cfg Config) (*SQLite, error) {
	q := newQueue(cfg)
	c, err := newClient(q, riversqlite.New(db))
	if err != nil {
		return nil, err
	}
	c.pullIDFilter = "args ->> 'pull_id' IN (SELECT value FROM json_each(@ids))"
	c.pullIDArg = func(ids []uuid.UUID) any {
		list, _ := json.Marshal(uuidStrings(ids))
		return string(list)
	}
	q.client = c
	return &SQLite{Queue: q, river: c}, nil
}

// Enqueue inserts one job for each pull inside tx. The jobs become visible and wake a worker
// when tx commits; if tx is rolled back, they do not exist. Errors of the database are
// returned wrapped.
func (s *SQLite) Enqueue(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error {
	return s.river.enqueue(ctx, tx, pulls)
}

// Migrate brings River's tables up to date. Any number of processes may call it
// concurrently. SQLite has no advisory locks, but each migration step is a transaction that
// excludes all other writing transactions.
func (s *SQLite) Migrate(ctx context.Context) (err error) {
	for range migrateAttempts {
		if err = s.river.migrateUp(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// Version returns the current version of River's tables, 0 if there are no tables, and the
// version that this program needs. If the tables are newer than the program, current is
// equal to needed.
func (s *SQLite) Version(ctx context.Context) (current, needed int64, err error) {
	return s.river.version(ctx)
}
