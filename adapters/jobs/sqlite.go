package jobs

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// migrateTries is how often a migration is begun anew when another process was quicker
// with a step: its work is found done then.
const migrateTries = 10

// SQLite is a queue over SQLite.
type SQLite struct {
	*Queue
	river *base[*sql.Tx]
}

// NewSQLite makes a queue over SQLite. db is the writer: one connection whose
// transactions begin immediate (_txlock=immediate) and wait for others (busy_timeout).
// Errors: a Config that River refuses.
func NewSQLite(db *sql.DB, cfg Config) (*SQLite, error) {
	q := newQueue(cfg)
	shared, err := newBase(q, riversqlite.New(db))
	if err != nil {
		return nil, err
	}
	shared.named = "args ->> 'pull_id' IN (SELECT value FROM json_each(@ids))"
	shared.ids = func(ids []uuid.UUID) any {
		list, _ := json.Marshal(texts(ids))
		return string(list)
	}
	q.engine = shared
	return &SQLite{Queue: q, river: shared}, nil
}

// Enqueue writes a job for each pull inside tx: they exist if and when it commits, and
// wake a worker then. Errors: the database's own, wrapped.
func (s *SQLite) Enqueue(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error {
	return s.river.enqueue(ctx, tx, pulls)
}

// Migrate brings River's tables up to date. Any number of processes may do it at once:
// there is no lock to hold, but each step is a transaction that excludes the others.
func (s *SQLite) Migrate(ctx context.Context) (err error) {
	for range migrateTries {
		if err = s.river.up(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// Version tells at which version River's tables are, 0 when there are none, and which one
// this program needs; newer ones count as that.
func (s *SQLite) Version(ctx context.Context) (at, needed int64, err error) {
	return s.river.version(ctx)
}
