package jobs

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// migrateAttempts is how often a migration is attempted when another process was faster
// with a step: the next attempt finds that step applied.
const migrateAttempts = 10

// SQLite is a queue on SQLite.
type SQLite struct {
	*Queue
	river *client[*sql.Tx]
}

// NewSQLite returns a queue on SQLite. db is the writer: one connection whose transactions
// start as BEGIN IMMEDIATE (_txlock=immediate) and wait for others (busy_timeout). Errors:
// a Config that River rejects.
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

// Enqueue inserts a job for each pull inside tx. The jobs exist, and wake a worker, if and
// when tx commits. Errors: the database's own, wrapped.
func (s *SQLite) Enqueue(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error {
	return s.river.enqueue(ctx, tx, pulls)
}

// Migrate brings River's tables up to date. Any number of processes may call it
// concurrently: there is no lock to hold, but each step is a transaction that excludes the
// others.
func (s *SQLite) Migrate(ctx context.Context) (err error) {
	for range migrateAttempts {
		if err = s.river.migrateUp(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// Version returns the version of River's tables, 0 if there are none, and the version that
// this program needs. Newer tables count as the version that is needed.
func (s *SQLite) Version(ctx context.Context) (current, needed int64, err error) {
	return s.river.version(ctx)
}
