package sqlite

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Receive stores the knocks as one group, as the store's committer does with what waits.
func (db *DB) Receive(ctx context.Context, enqueue Enqueue, knocks []gormstore.Knock) ([]gormstore.Result, error) {
	return dialect{db: db, enqueue: enqueue}.receive(ctx, knocks)
}

// InsertBatch is exported for groups that take more than one statement.
const InsertBatch = insertBatch
