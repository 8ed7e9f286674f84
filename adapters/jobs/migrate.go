package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// migrationLock is the key of the advisory lock that is held while River's tables are
// migrated. Its bytes spell "aggrjobs" in ASCII.
const migrationLock int64 = 0x616767726a6f6273

// Migrate brings River's tables up to date. Any number of processes may call it
// concurrently, because an advisory lock serialises the migrations.
//
// The lock is held on a connection outside the pool. Otherwise processes that share a small
// pool could deadlock: the waiting processes would occupy all the connections that the
// holder of the lock needs for the migration.
func (q *Queue) Migrate(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, q.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	// Closing the connection releases the lock, whether the migration succeeded or not.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return q.river.migrateUp(ctx)
}

// Version returns the current version of River's tables, 0 if there are no tables, and the
// version that this program needs. If the tables are newer than the program, current is
// equal to needed.
func (q *Queue) Version(ctx context.Context) (current, needed int64, err error) {
	return q.river.version(ctx)
}
