package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// How often a migration is tried, and the wait in between.
const (
	migrateTries = 5
	migrateWait  = 100 * time.Millisecond
)

// Migrate brings the schema up to date. Several processes may do so at once: a migration
// is one transaction, so that of two who find it missing one applies it, and the other,
// which fails, finds it applied when it looks again.
func (db *DB) Migrate(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	for range migrateTries {
		if _, err = provider.Up(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(migrateWait):
		}
	}
	return fmt.Errorf("migrate: %w", err)
}

func (db *DB) provider() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.Writer, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}

// Version tells at which version the schema is, 0 when it is empty, and which one this
// program needs.
func (db *DB) Version(ctx context.Context) (at, needed int64, err error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, 0, err
	}
	return gormstore.Version(ctx, db.Writer, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version')", folder)
}
