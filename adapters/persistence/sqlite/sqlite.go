// Package sqlite implements the stores in one SQLite file, an embedded database.
//
// SQLite has one writer at a time, and this package therefore has only one connection that writes.
// Writes queue for this connection, so that they never get SQLITE_BUSY because of each other.
// Reads have a pool of connections of their own and do not wait for writes, because SQLite's
// write-ahead log is used. When a commit returns, it is on disk.
package sqlite

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Config names the database and limits how it is used.
type Config struct {
	// DSN is "sqlite://path", with a path that is absolute or relative to the working directory; or
	// ":memory:" for a database in memory that exists until Close.
	DSN string
	// Readers is the maximum number of queries that run at once; zero means 4. A database in memory
	// has no readers: one connection reads and writes.
	Readers int
	// Timeout bounds each store method; zero means 10 s, and 4 s for the receipt of a webhook.
	Timeout time.Duration
}

const (
	scheme         = "sqlite://"
	inMemory       = ":memory:"
	defaultReaders = 4
	// A file does not hang in the way a server can. A caller that waits here is waiting for the one
	// writer, and waiting is better than an error.
	defaultTimeout = 10 * time.Second
	// A vendor waits 5 s for the response to a webhook (docs.pluggy.ai/docs/webhooks,
	// developers.belvo.com/docs/webhooks). By then the vendor should have a definite response.
	receiveTimeout = 4 * time.Second
)

// DB is an open database.
type DB struct {
	// DB is GORM over the writer.
	DB *gorm.DB
	// Writer is the only connection that writes.
	Writer *sql.DB

	reader  *gorm.DB
	readers *sql.DB   // nil for a database in memory
	anchor  *sql.Conn // nil for a file; a database in memory exists as long as a connection to it does
	timeout time.Duration
	tokens  tokenCache // used only by the holder of the writer's connection
	store   *gormstore.Store
}

// Enqueue inserts the jobs of pulls in the transaction that created the pulls.
type Enqueue func(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error

// Open opens the database. It creates the folder and the file if they are missing; only the owner
// of the file may read it. It does not migrate.
func Open(ctx context.Context, c Config) (*DB, error) {
	path, err := pathOf(c.DSN)
	if err != nil {
		return nil, err
	}
	if path != inMemory {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("create the database file: %w", err)
		}
	}
	db := &DB{timeout: cmp.Or(c.Timeout, defaultTimeout)}
	if path == inMemory {
		err = db.openMemory(ctx)
	} else {
		err = db.openFile(ctx, path, c.Readers)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openFile opens the writer and the readers of a file. The readers are read-only, so that a write
// that is sent to a reader by mistake fails in tests.
func (db *DB) openFile(ctx context.Context, path string, readers int) (err error) {
	if readers == 0 {
		readers = defaultReaders
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	if db.DB, db.Writer, err = connect(ctx, name, 1); err == nil {
		db.reader, db.readers, err = connect(ctx, name+"_pragma=query_only(1)&", readers)
	}
	return err
}

// openMemory opens a database in memory. It names the database and opens a second
// connection to it, which keeps the database alive if the first connection breaks.
func (db *DB) openMemory(ctx context.Context) (err error) {
	if db.DB, db.Writer, err = connect(ctx, "file:/"+rand.Text()+"?vfs=memdb&", 2); err != nil {
		return err
	}
	db.reader = db.DB
	db.anchor, err = db.Writer.Conn(ctx)
	return err
}

// Store returns the stores. enqueue may be nil; pulls then get no jobs. Store may be called only
// once. DB.Close also closes the store.
func (db *DB) Store(enqueue Enqueue) *gormstore.Store {
	d := dialect{db: db, enqueue: enqueue}
	db.store = gormstore.New(db.DB, gormstore.Options{Dialect: d, Reader: db.reader, Timeout: db.timeout,
		ReceiveTimeout: min(db.timeout, receiveTimeout)})
	return db.store
}

// Close closes the store, then the connections.
func (db *DB) Close() error {
	if db.store != nil {
		db.store.Close()
	}
	var errs []error
	if db.anchor != nil {
		errs = append(errs, db.anchor.Close())
	}
	for _, pool := range []*sql.DB{db.readers, db.Writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

// pathOf returns the path in the DSN, or ":memory:". Errors: a DSN of another form; the error
// names the expected form, and never contains the path.
func pathOf(dsn string) (string, error) {
	path := strings.TrimPrefix(dsn, scheme)
	switch path {
	case inMemory:
		return path, nil
	case "", dsn:
		return "", errors.New(`must be "sqlite://path" or ":memory:"`)
	}
	return filepath.Clean(path), nil
}

// create creates the folder and the file, unless they exist. It does so before SQLite would create
// the file in a form that everybody may read. SQLite creates its side files with the same mode as
// the file.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// pragmas are the settings of every connection. Readers run at the same time as the writer (WAL),
// a lock of another process is waited for (busy_timeout), and every commit is flushed to disk
// (synchronous). A transaction takes the write lock when it begins (immediate), because a
// transaction that takes it later fails if another transaction has written in the meantime.
//
// The log is copied into the file every 4,000 pages (16 MiB) instead of every 1,000 pages. Indexes
// over connections change the same pages again and again, and with fewer copies of the log each of
// these pages is copied less often.
const pragmas = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate"

// connect opens a pool of that many connections, and GORM over it. GORM's logger is silent,
// because it would print the values of statements.
func connect(ctx context.Context, name string, connections int) (*gorm.DB, *sql.DB, error) {
	pool, err := sql.Open(sqlite.DriverName, name+pragmas)
	if err != nil {
		return nil, nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	if err := pool.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	// Prepared statements would gain nothing, because the driver compiles a statement at each use.
	db, err := gorm.Open(sqlite.Dialector{Conn: pool}, &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, QueryFields: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return db, pool, nil
}
