package jobs

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// KickNow does what the chore of the stranded does.
func (q *Queue) KickNow(ctx context.Context, ids ...domain.PullID) error { return q.kick(ctx, ids) }

// Lead does a round as the chores that are led do theirs.
func (q *Queue) Lead(ctx context.Context, round func(context.Context) error) error {
	return q.lead(ctx, round)
}

// Guarded is exported for panics that come from elsewhere.
var Guarded = guarded
