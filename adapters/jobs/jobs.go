// Package jobs is the job queue of processes that share a PostgreSQL database.
//
// The rows of the pulls are the queue; see package localjobs. Package jobs adds what PostgreSQL offers to several
// processes:
//
//   - An advisory lock elects the process that runs a round of a maintenance task.
//   - A notification tells the other processes that pulls are due. It is only a hint: a poll finds the same pulls.
//
// Package background contains the code that the queues of all stores share.
package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/pglock"
)

// Config configures a queue. The zero value is usable; it turns reconciliation and pruning off.
type Config struct {
	background.Config
	// PollInterval is the time between two polls for due pulls of other processes. 0 means one second, or 500 ms with
	// PollOnly.
	PollInterval time.Duration
	// PollOnly makes the queue find pulls of other processes only by polling, without LISTEN and NOTIFY. A pooler in
	// transaction mode would lose the notifications.
	PollOnly bool
}

// The poll intervals without and with PollOnly.
const (
	pollInterval     = time.Second
	pollOnlyInterval = 500 * time.Millisecond
)

// channel is the name of the notifications about due pulls. Their payload is empty.
const channel = "aggregator_pulls"

// leaderLock is the key of the advisory lock that the leader of a maintenance round holds. Its
// bytes spell "aggrlead" in ASCII.
const leaderLock int64 = 0x616767726c656164

// New returns a stopped queue. While the queue runs, it occupies one connection of the pool to listen for
// notifications, unless cfg.PollOnly is set. It acquires other connections only for short times.
func New(pool *pgxpool.Pool, cfg Config) *localjobs.Queue {
	db := localjobs.Database{PollInterval: cfg.PollInterval, Leader: leader(pool)}
	switch {
	case db.PollInterval == 0 && cfg.PollOnly:
		db.PollInterval = pollOnlyInterval
	case db.PollInterval == 0:
		db.PollInterval = pollInterval
	}
	if !cfg.PollOnly {
		db.Listen = func(ctx context.Context, due func()) error { return listen(ctx, pool, due) }
		db.Announce = func(ctx context.Context) error {
			_, err := pool.Exec(ctx, "NOTIFY "+channel)
			return err
		}
	}
	return localjobs.New(cfg.Config, db)
}

// leader returns a Leader that holds an advisory lock while it runs a round. If this process dies, PostgreSQL releases
// the lock together with the connection.
func leader(pool *pgxpool.Pool) background.Leader {
	return func(ctx context.Context, round func(context.Context) error) error {
		_, err := pglock.Try(ctx, pool, leaderLock, round)
		return err
	}
}

// listen calls the function due once when it has begun to listen, and then once for each notification. It returns
// when ctx ends or the connection is lost. The connection is closed, because another user of the pool must not
// receive notifications.
func listen(ctx context.Context, pool *pgxpool.Pool, due func()) error {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("listen for due pulls: %w", err)
	}
	defer pooled.Release()
	conn := pooled.Conn()
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, "LISTEN "+channel)
	for err == nil {
		due()
		_, err = conn.WaitForNotification(ctx)
	}
	return fmt.Errorf("listen for due pulls: %w", err)
}
