package jobs

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/pglock"
)

// leaderLock is the key of the advisory lock that the leader of a maintenance round holds. Its
// bytes spell "aggrlead" in ASCII.
const leaderLock int64 = 0x616767726c656164

// lead runs the given function while this process holds an advisory lock, and returns the error of the function. If
// another process holds the lock, lead returns nil without running the function. If this process dies, PostgreSQL
// releases the lock together with the connection.
func (q *Queue) lead(ctx context.Context, round func(context.Context) error) error {
	_, err := pglock.Try(ctx, q.pool, leaderLock, round)
	return err
}
