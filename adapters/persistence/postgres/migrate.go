package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/pglock"
)

//go:embed migrations
var migrations embed.FS

// migrationLock is the key of the advisory lock that is held during a migration. Earlier releases took a session-level
// lock with the same key.
const migrationLock = lock.DefaultLockID

// migrationPatience is how long a process waits while another one migrates.
const migrationPatience = 5 * time.Minute

// Migrate brings the schema up to date. It takes an advisory lock, so that several processes may start at the same
// time: one process migrates, and the others wait and then find nothing to do.
func (db *DB) Migrate(ctx context.Context) error {
	if err := db.MigrateSchema(ctx, nil); err != nil {
		return err
	}
	return db.ContinueFeed(ctx)
}

// MigrateSchema is Migrate without ContinueFeed. It calls then, which may be nil, before it releases the advisory lock.
func (db *DB) MigrateSchema(ctx context.Context, then func(ctx context.Context) error) error {
	err := pglock.Wait(ctx, db.Pool, migrationLock, migrationPatience, func(ctx context.Context) error {
		if err := db.migrateStore(ctx); err != nil || then == nil {
			return err
		}
		return then(ctx)
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// IsLocked reports whether err means that another session holds a lock: a statement has waited for as long as
// lock_timeout allows, or was chosen to end a deadlock, or another process migrates.
func IsLocked(err error) bool {
	var refused *pgconn.PgError
	return errors.Is(err, pglock.ErrHeld) || errors.As(err, &refused) &&
		(refused.Code == "55P03" || refused.Code == "40P01")
}

// migrateStore executes the missing migrations. The caller holds the advisory lock.
func (db *DB) migrateStore(ctx context.Context) error {
	current, _, err := db.Version(ctx)
	if err != nil {
		return err
	}
	provider, err := db.provider(migrations, current)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	_, err = provider.Up(ctx)
	return err
}

// provider returns the migrations in files for a database whose schema has the version current. Each migration
// sets the lock timeout first. Without it, a migration through a pooler has no lock timeout. While such a migration
// waits for a lock, it blocks all later users of the table.
func (db *DB) provider(files fs.FS, current int64) (*goose.Provider, error) {
	limit := "SET LOCAL lock_timeout = '" + settings[lockTimeout] + "'"
	return gormstore.Migrations(goose.DialectPostgres, db.main.sql, files, current, limit)
}

// ContinueFeed lets the change feed continue after the data was restored from a dump into another cluster. The
// transaction ids of the new cluster start low. ContinueFeed therefore moves the positions of the feed past all
// positions that the old cluster has assigned.
//
// Only a migration calls ContinueFeed. If the service starts without migrating, an operator must therefore migrate once
// after a restore.
func (db *DB) ContinueFeed(ctx context.Context) error {
	_, err := db.Pool.Exec(ctx, `
		UPDATE feed SET cluster = here.system_identifier,
			shift = greatest(shift, (SELECT coalesce(max(change_tx), 0) FROM transactions),
				(SELECT coalesce(max(change_tx), 0) FROM events), (SELECT coalesce(max(feed_tx), 0) FROM subscriptions))
		FROM pg_control_system() here WHERE feed.cluster <> here.system_identifier`)
	if err != nil {
		return fmt.Errorf("continue the change feed: %w", err)
	}
	return nil
}

// Version returns the current version of the schema, which is 0 if the database is empty, and the version that this
// program needs.
func (db *DB) Version(ctx context.Context) (current, needed int64, err error) {
	return gormstore.Version(ctx, db.main.sql, "SELECT to_regclass('goose_db_version') IS NOT NULL", migrations)
}
