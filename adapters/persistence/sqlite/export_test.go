package sqlite

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
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

// AttachedDeliveries returns the SELECT with which a claim reads the deliveries of its pull.
func AttachedDeliveries(pull domain.Pull, maxBytes int) clause.Expr {
	return gormstore.AttachedDeliveries(dialect{}, pull, maxBytes)
}

// Scrub runs Dialect.Scrub.
func (db *DB) Scrub(ctx context.Context) error { return dialect{db: db}.Scrub(ctx) }
