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

// migrationLock is the advisory lock that is held while River's tables are migrated:
// "aggrjobs".
const migrationLock int64 = 0x616767726a6f6273

// leaderLock is the advisory lock that the leader of a maintenance round holds: "aggrlead".
const leaderLock int64 = 0x616767726c656164

// unlockTimeout bounds the wait for a server that may no longer respond.
const unlockTimeout = time.Second

// Postgres is a queue on PostgreSQL.
type Postgres struct {
	*Queue
	river *client[pgx.Tx]
	pool  *pgxpool.Pool
}

// NewPostgres returns a queue on PostgreSQL. While it runs, it occupies one connection of
// the pool to listen for notifications, and borrows others briefly. Errors: a Config that
// River rejects.
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

// lead runs round under an advisory lock that only one process can hold. The lock is held
// only for the round: a leader that dies loses it with its connection, and the next round
// has another leader.
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

// unlock releases the leader lock, also after the round has panicked or ctx has ended. A
// connection that may still hold the lock is closed instead of going back to the pool: as
// long as it lived, no process could become leader.
func unlock(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", leaderLock); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}

// Enqueue inserts a job for each pull inside tx. The jobs exist, and wake a worker, if and
// when tx commits. Errors: the database's own, wrapped.
func (p *Postgres) Enqueue(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	return p.river.enqueue(ctx, tx, pulls)
}

// Migrate brings River's tables up to date. Any number of processes may call it
// concurrently.
//
// The lock is held on a connection outside the pool. Otherwise processes that share a
// small pool would wait for the lock on the very connections that its holder needs.
func (p *Postgres) Migrate(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	// Closing the connection releases the lock in every case.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return p.river.migrateUp(ctx)
}

// Version returns the version of River's tables, 0 if there are none, and the version that
// this program needs. Newer tables count as the version that is needed.
func (p *Postgres) Version(ctx context.Context) (current, needed int64, err error) {
	return p.river.version(ctx)
}
