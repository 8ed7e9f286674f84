package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// migrateLock is the advisory lock under which River's tables are migrated: "aggrjobs".
const migrateLock int64 = 0x616767726a6f6273

// leadLock is the advisory lock of whoever leads the chores: "aggrlead".
const leadLock int64 = 0x616767726c656164

// unlockTime bounds the wait for a server that may have stopped answering.
const unlockTime = time.Second

// Postgres is a queue over PostgreSQL.
type Postgres struct {
	*Queue
	river *base[pgx.Tx]
	pool  *pgxpool.Pool
}

// NewPostgres makes a queue over PostgreSQL. It keeps one of the pool's connections to
// listen on while it runs, and takes others by turns. Errors: a Config that River refuses.
func NewPostgres(pool *pgxpool.Pool, cfg Config) (*Postgres, error) {
	q := newQueue(cfg)
	shared, err := newBase(q, riverpgxv5.New(pool))
	if err != nil {
		return nil, err
	}
	shared.named = "args->>'pull_id' = any(@ids)"
	shared.ids = func(ids []uuid.UUID) any { return texts(ids) }
	q.engine = shared
	p := &Postgres{Queue: q, river: shared, pool: pool}
	q.lead = p.lead
	return p, nil
}

// lead does the round under a lock that one process has. It is held for the round alone:
// a leader that dies loses it with its connection, and the next round has another one.
func (p *Postgres) lead(ctx context.Context, round func(context.Context) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var leads bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", leadLock).Scan(&leads); err != nil || !leads {
		return err
	}
	defer resign(ctx, conn)
	return round(ctx)
}

// resign gives the lock back, also when the round has panicked or ctx has ended. A
// connection that may still hold it must not go back to the pool: while it lived, nobody
// would lead.
func resign(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", leadLock); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}

// Enqueue writes a job for each pull inside tx: they exist if and when it commits, and
// wake a worker then. Errors: the database's own, wrapped.
func (p *Postgres) Enqueue(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	return p.river.enqueue(ctx, tx, pulls)
}

// Migrate brings River's tables up to date. Any number of processes may do it at once.
//
// The lock is held on a connection beside the pool's: starters that share a small pool
// would else wait for the lock on the very connections its holder needs.
func (p *Postgres) Migrate(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	// Closing frees the lock, whatever has happened.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrateLock); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return p.river.up(ctx)
}

// Version tells at which version River's tables are, 0 when there are none, and which one
// this program needs; newer ones count as that.
func (p *Postgres) Version(ctx context.Context) (at, needed int64, err error) {
	return p.river.version(ctx)
}

func texts(ids []uuid.UUID) []string {
	written := make([]string, len(ids))
	for i, id := range ids {
		written[i] = id.String()
	}
	return written
}
