package postgres

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Receive stores the deliveries as one batch, like the store's committer.
func (db *DB) Receive(ctx context.Context, nudge gormstore.Nudge,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return db.Dialect(nudge).Receive(ctx, deliveries)
}

// TransactionLimits returns the lock timeout and the idle timeout of the store's transactions.
func (db *DB) TransactionLimits(t testing.TB) (lock, idle string) {
	t.Helper()
	err := pgx.BeginTxFunc(t.Context(), db.Pool, pgx.TxOptions{BeginQuery: db.begin}, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(),
			"SELECT current_setting($1), current_setting($2)", lockTimeout, idleTimeout).Scan(&lock, &idle)
	})
	if err != nil {
		t.Fatal(err)
	}
	return lock, idle
}

// MigrationLockTimeout returns the lock timeout that is in effect during a migration.
func (db *DB) MigrationLockTimeout(t testing.TB) (limit string) {
	t.Helper()
	const text = "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout;\n"
	provider, err := db.provider(fstest.MapFS{"migrations/99999_seen.sql": {Data: []byte(text)}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Pool.QueryRow(t.Context(), "SELECT lock_timeout FROM seen").Scan(&limit); err != nil {
		t.Fatal(err)
	}
	return limit
}

// ConnectTimeout returns the connect timeout of the connections to a URL.
func ConnectTimeout(url string) (time.Duration, error) {
	config, _, err := parse(Config{URL: url})
	if err != nil {
		return 0, err
	}
	return config.ConnConfig.ConnectTimeout, nil
}

// PoolSize returns the maximum number of connections of the pool.
func PoolSize(c Config) (int32, error) {
	config, _, err := parse(c)
	if err != nil {
		return 0, err
	}
	return config.MaxConns, nil
}
