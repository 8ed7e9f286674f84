package sqlite

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

//go:embed migrations
var migrations embed.FS

// migrateTries is the number of attempts without progress after which Migrate fails. migrateWait is the wait between
// two attempts.
const (
	migrateTries = 5
	migrateWait  = 100 * time.Millisecond
)

// Migrate brings the schema up to date. Several processes may call it at the same time. Each migration is one
// transaction.
//
// If two processes start the same migration, one of the processes fails. The next attempt of that process continues
// with the next migration. Migrate returns an error after migrateTries failed attempts in a row. The count starts again
// when the version of the schema has increased.
func (db *DB) Migrate(ctx context.Context) error {
	version, _, err := db.Version(ctx)
	if err != nil {
		return err
	}
	provider, err := gormstore.Migrations(goose.DialectSQLite3, db.Writer, migrations, version, "")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if version == 0 {
		if err := markScrubbed(ctx, db.Writer); err != nil {
			return fmt.Errorf("mark the new database: %w", err)
		}
	}
	for tries := 0; tries < migrateTries; tries++ {
		if _, err = provider.Up(ctx); err == nil {
			return nil
		}
		if at, _, readErr := db.Version(ctx); readErr == nil && at > version {
			version, tries = at, 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(migrateWait):
		}
	}
	return fmt.Errorf("migrate: %w", err)
}

// Version returns the current version of the schema, which is 0 if the database is empty, and the version that this
// program needs.
func (db *DB) Version(ctx context.Context) (current, needed int64, err error) {
	const exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version')"
	return gormstore.Version(ctx, db.Writer, exists, migrations)
}
