package postgres

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Receive stores the deliveries as one batch, as the store's committer does with waiting deliveries.
func (db *DB) Receive(ctx context.Context, nudge Nudge,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return dialect{db: db, nudge: nudge}.Receive(ctx, deliveries)
}

// ChangeSeq returns a statement and the arguments of the statement. The statement returns the position of the current
// transaction in the tenant's change feed. It is meant for a distributed database.
func (db *DB) ChangeSeq(tenant uuid.UUID) (string, []any) {
	q := dialect{db: db}.ChangeSeq(tenant, "0")
	return strings.Replace("SELECT position FROM ("+q.SQL+") AS own (position, also)", "?", "$1", 1), q.Vars
}

// Traced is like Open, but calls tracer for every statement and does not apply the settings of Open.
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
	db, err := newDB(pool, "", c.Timeout)
	if err == nil {
		db.distribute = c.Distribute
	}
	return db, err
}

// Distributed reports whether the tables are distributed.
func (db *DB) Distributed() bool { return db.distributed }

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
	text := up + "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout;\n"
	folder := lockTimeoutFS{fstest.MapFS{"99999_seen.sql": {Data: []byte(text)}}}
	provider, err := goose.NewProvider(goose.DialectPostgres, db.sql, folder, goose.WithDisableGlobalRegistry(true))
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
