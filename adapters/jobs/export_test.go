package jobs

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Lead calls the function round while it holds the leader lock. The full-table maintenance tasks use the same lock.
func Lead(ctx context.Context, pool *pgxpool.Pool, round func(context.Context) error) error {
	return leader(pool)(ctx, round)
}
