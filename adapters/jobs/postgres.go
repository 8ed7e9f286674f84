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

// migrationLock is the key of the advisory lock that is held while River's tables are
// migrated. Its bytes spell "aggrjobs" in ASCII.
const migrationLock int64 = 0x616767726a6f6273

// leaderLock is the key of the advisory lock that the leader of a maintenance round holds. Its
// bytes spell "aggrlead" in ASCII.
const leaderLock int64 = 0x616767726c656164

// unlockTimeout bounds how long unlock waits for the database server, which may no longer
// respond.
const unlockTimeout = time.Second

// Postgres is a job queue on PostgreSQL.
type Postgres struct {
	*Queue
	river *client[pgx.Tx]
	pool  *pgxpool.Pool
}

// NewPostgres returns a stopped queue on PostgreSQL. While the queue runs, it occupies one
// connection of the pool to listen for notifications, and acquires other connections for
// short times. It returns an error if River rejects the configuration.
func NewPostgres(pool *pgxpool.Pool, cfg Config) (*Postgres, error) {
	q := newQueue(cfg)
	c, err := newClient(q, riverpgxv5.New(pool))
	if err != nil {
		return nil, err
	}
	c.pullIDFilter = "args->>'pull_id' = any(@ids)"
	c.pullIDArg = func(ids []uuid.UUID) any { return uuidStrings(ids) }
	q.client = c
	p := &Postgres{Queue: q, river: c, pool: pool}
	q.leader = p.lead
	return p, nil
}

// lead runs round under an advisory lock that only one session can hold at a time. It returns
// nil without running round if another session holds the lock. The lock is held only during
// the round: if the leader dies, PostgreSQL releases the lock with the leader's connection,
// and the next round can have another leader.
func (p *Postgres) lead(ctx context.Context, round func(context.Context) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var acquired bool
	err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", leaderLock).Scan(&acquired)
	if err != nil || !acquired {
		return err
	}
	defer unlock(ctx, conn)
	return round(ctx)
}

// unlock releases the leader lock, even if the round has panicked or ctx has ended. If the
// release fails, the connection may still hold the lock. It is then closed instead of being
// returned to the pool, because no process could become leader as long as the connection is open.
func unlock(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", leaderLock); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}

// Enqueue inserts one job for each pull inside tx. The jobs become visible and wake a worker
// when tx commits; if tx is rolled back, they do not exist. Errors of the database are
// returned wrapped.
func (p *Postgres) Enqueue(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	return p.river.enqueue(ctx, tx, pulls)
}

// Migrate brings River's tables up to date. Any number of processes may call it
// concurrently, because an advisory lock serialises the migrations.
//
// The lock is held on a connection outside the pool. Otherwise processes that share a small
// pool could deadlock: the waiting processes would occupy all the connections that the
// holder of the lock needs for the migration.
func (p *Postgres) Migrate(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	// Closing the connection releases the lock, whether the migration succeeded or not.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return p.river.migrateUp(ctx)
}

// Version returns the current version of River's tables, 0 if there are no tables, and the
// version that this program needs. If the tables are newer than the program, current is
// equal to needed.
func (p *Postgres) Version(ctx context.Context) (current, needed int64, err error) {
	return p.river.version(ctx)
}
