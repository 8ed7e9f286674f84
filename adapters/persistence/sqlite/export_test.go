package sqlite

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Receive stores the deliveries as one batch. The committer of the store calls the same method of the dialect.
func (db *DB) Receive(ctx context.Context, nudge gormstore.Nudge,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return dialect{db: db, nudge: nudge}.Receive(ctx, deliveries)
}

// Transact runs fn in a transaction in the same way as the methods of the store.
func (db *DB) Transact(
	ctx context.Context, nudge gormstore.Nudge, fn func(tx gormstore.Tx) error, first ...gormstore.Read,
) error {
	return dialect{db: db, nudge: nudge}.Transact(ctx, fn, first...)
}

// MaxInsertRows is exported for tests whose batches must take more than one INSERT.
const MaxInsertRows = maxInsertRows

// AttachedDeliveries returns the SELECT with which a claim reads the deliveries of its pull.
var AttachedDeliveries = dialect{}.AttachedDeliveries

// Scrub runs Dialect.Scrub.
func (db *DB) Scrub(ctx context.Context) error { return dialect{db: db}.Scrub(ctx) }
