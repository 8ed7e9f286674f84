package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Receive stores the deliveries as one batch, as the store's committer does with those that wait.
func (db *DB) Receive(ctx context.Context, enqueue Enqueue,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return dialect{db: db, enqueue: enqueue}.Receive(ctx, deliveries)
}

// Traced is Open without its settings, and with a tracer that sees every statement.
func Traced(ctx context.Context, c Config, tracer pgx.QueryTracer) (*DB, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return newDB(pool, c.Timeout)
}
