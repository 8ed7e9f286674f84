package jobs

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// NudgeNow inserts jobs for stuck pulls, as the maintenance task for stuck pulls does.
func (q *Queue) NudgeNow(ctx context.Context, ids ...domain.PullID) error { return q.nudge(ctx, ids) }

// Lead calls the given function while the queue holds the leader lock. The full-table maintenance tasks use the same
// lock.
func (q *Queue) Lead(ctx context.Context, round func(context.Context) error) error {
	return q.lead(ctx, round)
}
