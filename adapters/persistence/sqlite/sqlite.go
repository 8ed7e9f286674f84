// Package sqlite implements the stores in one SQLite file, an embedded database.
//
// SQLite allows one writer at a time, so all writes use the same connection. They wait for this connection, and
// therefore never cause SQLITE_BUSY for each other. Reads use other connections. With the write-ahead log, they do not
// wait for writes. When a commit returns, its changes are on disk.
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

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/stores"
)

// Config contains the location of the database, and limits for its use.
type Config struct {
	// DSN is "sqlite://path" or ":memory:". The path is absolute, or relative to the working directory. A database in
	// memory exists until Close.
	DSN string
	// Timeout bounds each store method. If it is zero, the limit is 4 s for storing a webhook delivery, and 10 s for
	// all other methods.
	Timeout time.Duration
	// InjectFault is a hook for tests; see gormstore.Options.
	InjectFault func() error
}

const (
	scheme   = "sqlite://"
	inMemory = ":memory:"
	// maxReaders is the maximum number of queries that run at the same time. A database in memory has no readers: one
	// connection reads and writes.
	maxReaders = 4
	// snapshotReaders is the maximum number of snapshots that are open at the same time. Package application writes
	// at most 8 account statements and closes at most 3 periods at the same time.
	snapshotReaders = 11
	// A file does not hang, unlike a database server. A caller that reaches this timeout was waiting for the only
	// writing connection. The timeout is long, because a late result is better than an early error.
	defaultTimeout = 10 * time.Second
	// A vendor waits 5 s for the response to a webhook (docs.pluggy.ai/docs/webhooks,
	// developers.belvo.com/docs/webhooks). The service should respond before that.
	receiveTimeout = 4 * time.Second
)

// DB is an open database.
type DB struct {
	// DB is a GORM handle that uses the writer.
	DB *gorm.DB
	// Writer is the only connection that writes. After the start of the process, only DB.writer uses it.
	Writer *sql.DB
	queue  writerQueue
	// checkpoints copies the write-ahead log; nil for a database in memory.
	checkpoints *checkpointer

	reader  *gorm.DB
	readers *sql.DB // nil for a database in memory
	// snapshots are the connections of Dialect.Snapshot; nil for a database in memory. Snapshots do not use readers,
	// because a caller that reads an account statement slowly can keep a snapshot open for a long time.
	snapshots *sql.DB
	anchor    *sql.Conn // keeps a database in memory alive; nil for a file
	config    Config    // a Timeout of 0 means the default timeouts
	store     *Store
}

// Store contains the stores of a database.
type Store = stores.Store

// Open opens the database, but does not migrate it. It creates the folder and the file if they are missing. Only the
// owner of the file may read a new file.
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
	db := &DB{config: c}
	if path == inMemory {
		err = db.openMemory(ctx)
	} else {
		err = db.openFile(ctx, path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openFile opens the writer and the readers of a file. The readers are read-only, so that tests detect a
// write that is sent to a reader by mistake.
func (db *DB) openFile(ctx context.Context, path string) (err error) {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	if db.DB, db.Writer, err = connect(ctx, name, 1); err == nil {
		db.reader, db.readers, err = connect(ctx, name+"_pragma=query_only(1)&", maxReaders)
	}
	if err == nil {
		_, db.snapshots, err = connect(ctx, name+"_pragma=query_only(1)&", snapshotReaders)
	}
	if err == nil {
		db.checkpoints = startCheckpoints(ctx, db)
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

// copyMemory returns a copy of a database in memory. The copy is deleted when its pool is closed.
func (db *DB) copyMemory(ctx context.Context) (*sql.DB, error) {
	name := "file:/" + rand.Text() + "?vfs=memdb"
	_, pool, err := connect(ctx, name+"&", 1) // the connection of the pool keeps the copy alive
	if err != nil {
		return nil, err
	}
	if _, err := db.Writer.ExecContext(ctx, "VACUUM INTO ?", name); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// Store returns the stores. It may be called only once. DB.Close also closes the store.
//
// After each commit, the stores call nudge with the pulls that the transaction has queued. The argument may be nil. If
// the process ends between a commit and this call, the pulls stay queued in the database.
func (db *DB) Store(nudge gormstore.Nudge) *Store {
	d := dialect{db: db, nudge: nudge}
	db.store = stores.New(gormstore.New(db.DB, gormstore.Options{
		Dialect: d, Reader: db.reader, Readers: maxReaders, Timeout: cmp.Or(db.config.Timeout, defaultTimeout),
		ReceiveTimeout: cmp.Or(db.config.Timeout, receiveTimeout), InjectFault: db.config.InjectFault,
	}))
	return db.store
}

// Close closes the store, then the connections.
func (db *DB) Close() error {
	if db.store != nil {
		db.store.Close()
	}
	if db.checkpoints != nil {
		db.checkpoints.stop()
	}
	var errs []error
	if db.anchor != nil {
		errs = append(errs, db.anchor.Close())
	}
	for _, pool := range []*sql.DB{db.snapshots, db.readers, db.Writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

// pathOf returns the path that the DSN contains, or ":memory:". It returns an error if the DSN has another form. The
// error states the expected form and never contains the path.
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

// create creates the folder and the file if they do not exist, because SQLite would create a file that
// everybody may read. SQLite creates its side files with the same mode as the file.
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

// pragmas are the settings of every connection:
//
//   - Readers run at the same time as the writer (WAL).
//   - A statement waits for a lock of another process (busy_timeout).
//   - Every commit is flushed to disk (synchronous).
//   - Deleted contents are overwritten (secure_delete), so that an erasure leaves nothing in the file.
//   - A transaction takes the write lock when it begins (immediate). If it took the lock later, it would fail if
//     another transaction had written in the meantime.
//
// The write-ahead log is copied into the file by a checkpointer, and only by a transaction if the checkpointer cannot
// keep it below 16,000 pages (64 MiB).
const pragmas = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)" +
	"&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(16000)&_pragma=secure_delete(1)&_txlock=immediate"

// connect opens a pool with this number of connections, and a GORM handle that uses the pool. GORM's logger is silent,
// because it would print the values of statements.
func connect(ctx context.Context, name string, connections int) (*gorm.DB, *sql.DB, error) {
	connector, err := newConnector(name + pragmas)
	if err != nil {
		return nil, nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	if err := pingRetryingBusy(ctx, pool); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	db, err := gorm.Open(dialector{pool}, &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, QueryFields: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return db, pool, nil
}

// openTimeout is how long Open waits for a database that another process has locked. openWait is the pause between two
// attempts.
const (
	openTimeout = 5 * time.Second
	openWait    = 20 * time.Millisecond
)

// pingRetryingBusy opens a connection of the pool, and retries while the database is locked. SQLite ignores
// busy_timeout when it changes a new file to the write-ahead log. If several processes open a new file at the same
// time, all but one get SQLITE_BUSY immediately.
func pingRetryingBusy(ctx context.Context, pool *sql.DB) error {
	deadline := time.Now().Add(openTimeout)
	for {
		err := pool.PingContext(ctx)
		if !IsBusy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(openWait):
		}
	}
}

// IsBusy reports whether err is SQLITE_BUSY: another process locks the database
// (https://www.sqlite.org/rescode.html#busy).
func IsBusy(err error) bool {
	const busy = 5
	var coded interface{ Code() int }
	return errors.As(err, &coded) && coded.Code()&0xff == busy
}
