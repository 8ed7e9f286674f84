// Package sqlite implements the stores in one SQLite file: the embedded database.
//
// SQLite has one writer at a time, and so has this package: writes queue for one connection and never
// get SQLITE_BUSY from each other, while reads have a pool of their own and do not wait for writes
// (write-ahead log). A commit is on disk when it returns.
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

// Config names the database and bounds its use.
type Config struct {
	// DSN is "sqlite://path", relative to the working directory or absolute, or ":memory:" for a
	// database that exists until Close.
	DSN string
	// Readers is how many queries may run at once; zero means 4. A database in memory is read and
	// written through one connection.
	Readers int
	// Timeout bounds each store method; zero means 10 s, and 4 s for the receipt of a webhook.
	Timeout time.Duration
}

const (
	scheme         = "sqlite://"
	inMemory       = ":memory:"
	defaultReaders = 4
	// A file does not hang as a server does: a caller that waits here waits for the one writer, which is
	// better than an error.
	defaultTimeout = 10 * time.Second
	// A vendor waits 5 s for the response to a webhook (docs.pluggy.ai/docs/webhooks,
	// developers.belvo.com/docs/webhooks), and should have a definite one by then.
	receiveTimeout = 4 * time.Second
)

// DB is an open database.
type DB struct {
	// DB is GORM on the writer.
	DB *gorm.DB
	// Writer is the only connection that writes.
	Writer *sql.DB

	reader  *gorm.DB
	readers *sql.DB   // nil for a database in memory
	anchor  *sql.Conn // only for a database in memory, which exists as long as a connection to it does
	timeout time.Duration
	tokens  tokenCache // guarded by the writer's connection
	store   *gormstore.Store
}

// Enqueue inserts the jobs of pulls in the transaction that created the pulls.
type Enqueue func(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error

// Open opens the database and creates what is missing: the folder, and the file, which only its owner
// may read. It does not migrate.
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

// openFile makes the readers read-only, so that a write which is sent to them by mistake fails in tests.
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

// openMemory names the database, so that it survives a broken connection: a second connection keeps it
// open.
func (db *DB) openMemory(ctx context.Context) (err error) {
	if db.DB, db.Writer, err = connect(ctx, "file:/"+rand.Text()+"?vfs=memdb&", 2); err != nil {
		return err
	}
	db.reader = db.DB
	db.anchor, err = db.Writer.Conn(ctx)
	return err
}

// Store returns the stores. enqueue may be nil: then pulls have no jobs. Store may be called only once;
// Close closes the store, too.
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

// pathOf parses the DSN. Errors name the expected form, never the path.
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

// create creates folder and file before SQLite does, which would let everybody read them. SQLite
// creates its side files with the mode of the file.
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

// pragmas: readers run concurrently with the writer, locks of other processes are waited for, and every
// commit is flushed. A transaction takes the write lock when it begins, because one that takes it later
// fails if another came first. The log is copied into the file every 4,000 pages (16 MiB), not 1,000:
// indexes over connections change the same pages again and again, and each is then copied once.
const pragmas = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate"

// connect opens a pool of the given size and GORM on it. GORM's logger is silent, because it would print
// values.
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
	// The driver compiles a statement at each use, so preparing statements gains nothing.
	db, err := gorm.Open(sqlite.Dialector{Conn: pool}, &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, QueryFields: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return db, pool, nil
}
