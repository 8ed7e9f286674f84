package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to date. It takes an advisory lock, so that several processes may
// start at once: one process migrates, and the others wait and then find nothing to do.
func (db *DB) Migrate(ctx context.Context) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db.sql, folder,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return db.continueFeed(ctx)
}

// continueFeed lets the change feed continue after a dump of the data was restored in another cluster.
// Transaction ids start again there, so continueFeed moves the positions of the feed past all positions of
// the old cluster. If the service is started without migrating after a restore, the operator must run the
// migration once.
func (db *DB) continueFeed(ctx context.Context) error {
	_, err := db.Pool.Exec(ctx, `
		UPDATE feed SET cluster = here.system_identifier,
			shift = greatest(shift, (SELECT coalesce(max(change_tx), 0) FROM transactions))
		FROM pg_control_system() here WHERE feed.cluster <> here.system_identifier`)
	if err != nil {
		return fmt.Errorf("continue the change feed: %w", err)
	}
	return nil
}

// Version returns the version of the schema (at), which is 0 if the database is empty, and the
// version that this program needs (needed).
func (db *DB) Version(ctx context.Context) (at, needed int64, err error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, 0, err
	}
	return gormstore.Version(ctx, db.sql, "SELECT to_regclass('goose_db_version') IS NOT NULL", folder)
}
