package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// leaderLock is the key of the advisory lock that the leader of a maintenance round holds. Its
// bytes spell "aggrlead" in ASCII.
const leaderLock int64 = 0x616767726c656164

// unlockTimeout bounds how long unlock waits for the database server, which may no longer
// respond.
const unlockTimeout = time.Second

// lead runs round under an advisory lock that only one session can hold at a time. It returns
// nil without running round if another session holds the lock. The lock is held only during
// the round: if the leader dies, PostgreSQL releases the lock with the leader's connection,
// and the next round can have another leader.
func (q *Queue) lead(ctx context.Context, round func(context.Context) error) error {
	conn, err := q.pool.Acquire(ctx)
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
