// Package postgres implements the stores on PostgreSQL (13 or newer).
//
// GORM and pgx share one pool of connections. The stores use GORM for most statements. Three kinds of
// statements run directly through pgx: those that receive webhooks, frequent reads, and large writes. pgx
// prepares statements once per connection. Small reads that arrive while other reads are running are sent
// in one batch.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Config names the database and limits how it is used.
type Config struct {
	// URL is a URL "postgres://…" in the form that libpq accepts.
	URL string
	// MaxConns bounds the connections of this process; zero means 16.
	MaxConns int
	// Timeout bounds each store method; zero means gormstore.DefaultTimeout.
	Timeout time.Duration
}

const (
	defaultConns   = 16
	connectTimeout = 5 * time.Second
)

// settings limit how long other connections can be blocked by a connection whose client is gone, or by a
// lock that is not released. The URL may override them.
var settings = map[string]string{
	"application_name":                    "aggregator-connections",
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "60s",
}

// DB is an open database.
type DB struct {
	// DB is a GORM handle that uses the pool.
	DB *gorm.DB
	// Pool is the pool of connections. Code that uses pgx directly shares it.
	Pool *pgxpool.Pool

	sql     *sql.DB
	timeout time.Duration
	store   *gormstore.Store
}

// Enqueue inserts the jobs of pulls in the transaction that created the pulls.
type Enqueue func(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error

// Open connects to the database. It does not migrate. Errors: the server's own error. It contains the user,
// the host and the database, but never the password, and is meant only for the operator.
func Open(ctx context.Context, c Config) (*DB, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("is not a PostgreSQL URL") // the error of pgx is omitted, because it quotes the URL
	}
	config.MaxConns = defaultConns
	if c.MaxConns > 0 {
		config.MaxConns = int32(min(c.MaxConns, 1<<15))
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	for name, value := range settings {
		if _, given := config.ConnConfig.RuntimeParams[name]; !given {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("create the pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return newDB(pool, c.Timeout)
}

// newDB opens a GORM handle that uses the pool. database/sql keeps no idle connections, because the pool
// keeps them.
func newDB(pool *pgxpool.Pool, timeout time.Duration) (*DB, error) {
	db := &DB{Pool: pool, sql: stdlib.OpenDBFromPool(pool), timeout: timeout}
	var err error
	db.DB, err = gorm.Open(postgres.New(postgres.Config{Conn: db.sql}), &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, QueryFields: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Store returns the stores. enqueue may be nil; pulls then get no jobs. Store may be called only
// once. DB.Close also closes the store.
func (db *DB) Store(enqueue Enqueue) *gormstore.Store {
	d := dialect{db: db, enqueue: enqueue, reads: newReadBatcher(db.Pool)}
	db.store = gormstore.New(db.DB, gormstore.Options{Dialect: d, Timeout: db.timeout})
	return db.store
}

// Close closes the store, then the pool.
func (db *DB) Close() error {
	if db.store != nil {
		db.store.Close()
	}
	err := db.sql.Close()
	db.Pool.Close()
	return err
}
