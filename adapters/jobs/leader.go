package jobs

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/pglock"
)

// leaderLock is the key of the advisory lock that the leader of a maintenance round holds. Its
// bytes spell "aggrlead" in ASCII.
const leaderLock int64 = 0x616767726c656164

// lead calls the function round while it holds an advisory lock, which only one process can hold at a time. It returns
// nil without calling round if another process holds the lock. The lock is held only during the round: if the leader
// dies, PostgreSQL releases the lock with the leader's connection, and the next round can have another leader.
func (q *Queue) lead(ctx context.Context, round func(context.Context) error) error {
	_, err := pglock.Try(ctx, q.pool, leaderLock, round)
	return err
}
