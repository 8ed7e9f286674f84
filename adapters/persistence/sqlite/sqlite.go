// Package sqlite keeps everything in one SQLite file: the embedded database.
//
// SQLite has one writer at a time. So has this package: writes queue for one connection
// and never meet SQLITE_BUSY among themselves, while reads have a pool of their own and
// do not wait for them (write-ahead log). A commit is on disk when it returns.
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

// Config says which database, and how it is used.
type Config struct {
	// DSN is "sqlite://path", relative to the working directory or absolute, or
	// ":memory:" for a database that ends with Close.
	DSN string
	// Readers is how many queries may run at once; zero means 4. A database in memory is
	// read and written by one connection.
	Readers int
	// Patience bounds each store method; zero means 10 s, and 4 s for a receipt.
	Timeout time.Duration
}

const (
	scheme         = "sqlite://"
	inMemory       = ":memory:"
	defaultReaders = 4
	// A file does not hang as a server does: who waits here waits for the one writer, and
	// that is better than to be sent away.
	defaultPatience = 10 * time.Second
	// A vendor waits 5 s for its answer (docs.pluggy.ai/docs/webhooks,
	// developers.belvo.com/docs/webhooks), and should have a plain one by then.
	doorPatience = 4 * time.Second
)

// DB is an open database.
type DB struct {
	// DB is GORM over the writer.
	DB *gorm.DB
	// Writer is the one connection that writes.
	Writer *sql.DB

	reader   *gorm.DB
	readers  *sql.DB   // nil in memory
	anchor   *sql.Conn // in memory only: the database lives as long as a connection does
	patience time.Duration
	tokens   tokenCache // guarded by the writer's connection
	store    *gormstore.Store
}

// Enqueue inserts the jobs of pulls in the transaction that made them.
type Enqueue func(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error

// Open opens the database and creates what is missing: the folder, and the file, which
// only its owner may read. Nothing is migrated yet.
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
	db := &DB{patience: cmp.Or(c.Timeout, defaultPatience)}
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

// openFile keeps readers from writing, so that a write which strays there fails in tests.
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

// openMemory gives the database a name, so that a connection which breaks does not take
// it along: a second one holds it.
func (db *DB) openMemory(ctx context.Context) (err error) {
	if db.DB, db.Writer, err = connect(ctx, "file:/"+rand.Text()+"?vfs=memdb&", 2); err != nil {
		return err
	}
	db.reader = db.DB
	db.anchor, err = db.Writer.Conn(ctx)
	return err
}

// Store gives the stores. enqueue may be nil: then pulls have no jobs. To be called once;
// Close ends the store too.
func (db *DB) Store(enqueue Enqueue) *gormstore.Store {
	d := dialect{db: db, enqueue: enqueue}
	db.store = gormstore.New(db.DB, gormstore.Options{Dialect: d.seams(), Reader: db.reader, Timeout: db.patience, ReceiveTimeout: min(db.patience, doorPatience)})
	return db.store
}

// Close ends the store, then the connections.
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

// pathOf reads the DSN. Errors say the form, never the path.
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

// create makes folder and file before SQLite does, which would let everybody read them.
// SQLite gives its side files the mode of the file.
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

// pragmas: readers beside the writer, patience with other processes, and a flush for
// every commit. A transaction takes the write lock as it begins, because one that takes
// it later fails when another came first. The log is copied into the file every 4,000
// pages (16 MiB), not 1,000: indexes over connections change the same pages again and
// again, and each is then copied once.
const pragmas = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate"

// connect opens a pool of the given size under GORM, whose logger is silent: it would print
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
	// The driver compiles a statement at each use, so that preparing them gains nothing.
	db, err := gorm.Open(sqlite.Dialector{Conn: pool}, &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, QueryFields: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return db, pool, nil
}
