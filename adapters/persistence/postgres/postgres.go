// Package postgres implements the stores on PostgreSQL (13 or newer).
//
// GORM and pgx share one pool of connections. Most statements run through GORM. Three kinds of statements run directly
// through pgx:
//
//   - statements that receive webhooks
//   - frequent reads
//   - large writes
//
// pgx prepares each statement once per connection. Through a pooler, pgx only remembers the types of the parameters and
// results.
//
// No statement relies on the state of a session, so that the store also works through a pooler in transaction mode.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/stores"
)

// Config names the database and limits how it is used.
type Config struct {
	// URL is a URL "postgres://…" in the form that libpq accepts.
	URL string
	// MaxConns bounds the connections of this process; zero means 16. If the URL has pool_max_conns, which must be at
	// least 3, the smaller number counts.
	MaxConns int
	// Timeout bounds each store method; zero means gormstore.DefaultTimeout.
	Timeout time.Duration
	// Pooled means that the URL belongs to a pooler in transaction mode. The store then uses neither session state nor
	// startup parameters that a pooler refuses. It uses named prepared statements only if the URL requests them with
	// default_query_exec_mode.
	Pooled bool
	// Tracer is called for each statement; it may be nil.
	Tracer pgx.QueryTracer
}

const (
	defaultConns = 16
	// minConns is the smallest pool that works: LISTEN occupies one connection, an advisory lock another one, and the
	// work under the lock needs a third.
	minConns = 3
)

// The names of settings of the server.
const (
	lockTimeout = "lock_timeout"
	idleTimeout = "idle_in_transaction_session_timeout"
	jit         = "jit"
)

// settings are the default parameters of each connection. The URL may override them. The two timeouts limit how long a
// connection can block others, for example if its process has ended. jit is off, because the statements are short. If
// the planner expects too many rows, it compiles a statement, which takes longer than running it. Through a pooler, the
// two timeouts and jit are set in each transaction.
var settings = map[string]string{
	"application_name": "aggregator-connections",
	lockTimeout:        "10s",
	idleTimeout:        "60s",
	jit:                "off",
}

// pooledParams are the startup parameters that every pooler passes on to the server.
var pooledParams = []string{"application_name", "client_encoding", "DateStyle", "TimeZone"}

// execModeParam is the parameter of a URL with which pgx chooses between named prepared statements and other protocols.
const execModeParam = "default_query_exec_mode"

// poolSizeParam is the parameter of a URL with the size of the pool.
const poolSizeParam = "pool_max_conns"

// DB is an open database.
type DB struct {
	// DB is a GORM handle that uses the pool.
	DB *gorm.DB
	// Pool is the pool of connections. Code that uses pgx directly shares it.
	Pool *pgxpool.Pool

	main   *Server                           // the server of the URL
	server func(ctx context.Context) *Server // returns the server to which the statements of ctx are sent

	begin   string // the statement that begins a transaction
	limits  string // the statements that set the timeouts of a transaction after it has begun; "" without a pooler
	timeout time.Duration
	store   *Store
}

// Store contains the stores of a database.
type Store = stores.Store

// Open connects to the database, but does not migrate it.
//
// If the URL must be corrected, the error is an InvalidURL. Any other error is from the server, and is meant only for
// the operator. It contains the user, the host and the database, but never the password.
func Open(ctx context.Context, c Config) (*DB, error) {
	config, limits, err := parse(c)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("create the pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return newDB(pool, limits, c.Timeout)
}

// InvalidURL is the error of Open for a URL that must be corrected. Its text lacks the subject, for example "is not a
// PostgreSQL URL"; the caller adds the name of the setting. The text contains no part of the URL except the names of
// parameters.
type InvalidURL string

// Error implements error.
func (e InvalidURL) Error() string { return string(e) }

// parse returns the configuration of the pool, and the statements that set the limits of each transaction.
func parse(c Config) (config *pgxpool.Config, limits string, err error) {
	config, err = pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, "", InvalidURL("is not a PostgreSQL URL") // the error of pgx is omitted, because it quotes the URL
	}
	size := int32(min(max(cmp.Or(c.MaxConns, defaultConns), minConns), 1<<15))
	if strings.Contains(c.URL, poolSizeParam+"=") {
		if config.MaxConns < minConns {
			return nil, "", InvalidURL("must have a " + poolSizeParam + " of at least " + strconv.Itoa(minConns))
		}
		size = min(size, config.MaxConns)
	}
	config.MaxConns = size
	config.ConnConfig.Tracer = c.Tracer
	noticeLostServers(config.ConnConfig)
	params := config.ConnConfig.RuntimeParams
	for name, value := range settings {
		if _, given := params[name]; !given {
			params[name] = value
		}
	}
	if !c.Pooled {
		return config, "", nil
	}
	for _, name := range []string{lockTimeout, idleTimeout, jit} {
		limits += "; SET LOCAL " + name + " = '" + strings.ReplaceAll(params[name], "'", "''") + "'"
		delete(params, name)
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.ContainsFunc(pooledParams, func(known string) bool { return strings.EqualFold(known, name) }) {
			return nil, "", InvalidURL("contains the parameter " + name +
				", which a pooler in transaction mode does not pass on")
		}
	}
	if !strings.Contains(c.URL, execModeParam+"=") {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return config, limits, nil
}

// newDB opens a GORM handle that uses the pool. database/sql keeps no idle connections, because the pool
// keeps them. limits are the statements that set the limits of each transaction.
func newDB(pool *pgxpool.Pool, limits string, timeout time.Duration) (*DB, error) {
	db := &DB{Pool: pool, main: NewServer(pool), begin: "begin" + limits, limits: limits, timeout: timeout}
	db.server = func(context.Context) *Server { return db.main }
	var err error
	db.DB, err = gorm.Open(postgres.New(postgres.Config{Conn: routedPool{db}}), &gorm.Config{
		SkipDefaultTransaction: true, QueryFields: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Store returns the stores. After each commit, the stores call nudge with the pulls that the transaction has queued.
// The argument may be nil. Store may be called only once. DB.Close also closes the store.
func (db *DB) Store(nudge gormstore.Nudge) *Store {
	return db.StoreWith(gormstore.Options{Dialect: db.Dialect(nudge), OnReadOnly: db.Pool.Reset})
}

// StoreWith is Store for a dialect that embeds Dialect. It sets o.Timeout and o.Readers.
func (db *DB) StoreWith(o gormstore.Options) *Store {
	o.Timeout, o.Readers = db.timeout, int(db.Pool.Config().MaxConns)
	db.store = stores.New(gormstore.New(db.DB, o))
	return db.store
}

// BeginSQL returns the statement that begins a transaction with the timeouts of the database.
func (db *DB) BeginSQL() string { return db.begin }

// Close closes the store, then the pool.
func (db *DB) Close() error {
	if db.store != nil {
		db.store.Close()
	}
	return db.main.Close()
}
