package gormstore

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DefaultTimeout limits the store methods for which an API caller waits. The API promises to report an unavailable
// database within 2 s. A database that does not respond is treated as unavailable.
const DefaultTimeout = 1500 * time.Millisecond

// defaultWorkTimeout limits the methods that the service calls for its own work, such as pulls. It is longer than
// DefaultTimeout, because no API caller waits, and because a busy database may need a long time for a large page.
const defaultWorkTimeout = 10 * time.Second

// Options contains the options of a Store.
type Options struct {
	Dialect Dialect
	// Reader runs queries outside of transactions. If Reader is nil, the writer runs them.
	Reader *gorm.DB
	// Readers is the number of connections that run queries outside of transactions. One tenant uses at most three
	// quarters of them. If Readers is zero, there is no such limit.
	Readers int
	// Timeout bounds each method, in addition to the caller's context. A method that takes longer returns Unavailable.
	// If Timeout is zero, the limit is DefaultTimeout for methods that serve API callers, and 10 s for background work
	// such as pulls.
	Timeout time.Duration
	// ReceiveTimeout bounds the storing of a webhook delivery. If ReceiveTimeout is zero, the limit is Timeout. If both
	// are zero, the limit is DefaultTimeout.
	ReceiveTimeout time.Duration
	// PullTenants remembers the tenants of pulls that this process has queued or listed, so that a statement about the
	// pull can name its tenant. It may be nil; the Store then creates one.
	PullTenants *Remembered[uuid.UUID, uuid.UUID]
	// ServerOf returns a name of the server that stores the delivery; "" if the server is not known without a query.
	// Deliveries with different names are stored in different batches. ServerOf may be nil if there is only one server.
	ServerOf func(d PendingDelivery) string
	// OnReadOnly is called when PingWrite finds that the database accepts no writes, for example because its server has
	// become a standby. It may be nil.
	OnReadOnly func()
	// InjectFault is a hook for tests: it is called before the store uses the database, in the goroutine of the store
	// method. If it returns an error, the method does not use the database, and returns this error. A method that uses
	// the database several times calls InjectFault each time. It is nil in production.
	InjectFault func() error
}

// Core runs the SQL statements of all stores. The types that implement interfaces of package ports embed a Core, in
// this package and in the packages records, eventlog and erasing.
type Core struct {
	Dialect Dialect
	// PullTenants contains the tenants of pulls that this process has queued or listed. Such a pull may have been
	// deleted since.
	PullTenants *Remembered[uuid.UUID, uuid.UUID]
	// Timeout bounds each of the methods that run statements. WorkTimeout is the timeout of Background.
	Timeout, WorkTimeout time.Duration

	writer      *gorm.DB
	reader      *gorm.DB
	changes     *tenantTurns // nil for background work
	reads       *tenantTurns // nil for background work
	injectFault func() error
}

// Store contains the core, and the stores of applications, connections, tokens, link sessions, deliveries, idempotency
// keys and audit entries. Methods such as Connections and Tokens each return the implementation of one port. The other
// ports are implemented by the packages records, eventlog and erasing, which use Core.
type Store struct {
	core       *Core
	commits    *committers
	onReadOnly func()
}

// New returns the stores on a database whose schema is up to date. It starts goroutines, which Close stops.
func New(writer *gorm.DB, o Options) *Store {
	c := &Core{
		writer: writer, reader: o.Reader, Dialect: o.Dialect, PullTenants: o.PullTenants,
		Timeout: o.Timeout, WorkTimeout: o.Timeout, changes: newTenantTurns(changesOfTenant),
		reads: newTenantTurns(o.Readers * 3 / 4), injectFault: o.InjectFault,
	}
	if c.PullTenants == nil {
		c.PullTenants = &Remembered[uuid.UUID, uuid.UUID]{}
	}
	if c.reader == nil {
		c.reader = writer
	}
	if c.Timeout == 0 {
		c.Timeout, c.WorkTimeout = DefaultTimeout, defaultWorkTimeout
	}
	return &Store{
		core: c, onReadOnly: o.OnReadOnly,
		commits: &committers{
			timeout: cmp.Or(o.ReceiveTimeout, c.Timeout), receive: o.Dialect.Receive, serverOf: o.ServerOf,
			byLane: map[lane]*committer{},
		},
	}
}

// Core returns the core of the store.
func (s *Store) Core() *Core { return s.core }

// Close makes the store refuse new deliveries, stores the deliveries that already wait, and returns when all goroutines
// of the store have ended. It does not close the database.
func (s *Store) Close() { s.commits.close() }

// Ping checks that the database answers a query. Errors: Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	return s.core.Read(ctx, func(db *gorm.DB) error { return db.Exec("SELECT 1").Error })
}

// PingWrite checks that the database accepts a write. Errors: Unavailable, and internal errors, for example without the
// privilege to write.
func (s *Store) PingWrite(ctx context.Context) error {
	var readOnly bool
	err := s.core.Read(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT " + s.core.Dialect.ReadOnly()).Scan(&readOnly).Error
	})
	if err == nil && readOnly {
		if s.onReadOnly != nil {
			s.onReadOnly()
		}
		return Unavailable(errors.New("the database is read-only"))
	}
	if err != nil {
		return err
	}
	return s.core.Write(ctx, func(db *gorm.DB) error { return db.Exec(s.core.Dialect.EmptyWrite()).Error })
}

// Read calls fn, which runs queries, outside of any transaction. It returns the error of fn, converted by Translate.
func (c *Core) Read(ctx context.Context, fn func(db *gorm.DB) error) error {
	return c.boundedRead(ctx, func(ctx context.Context) error { return fn(c.reader.WithContext(ctx)) })
}

// Write calls fn outside of any transaction. fn executes one statement that returns no rows; a single statement is
// atomic by itself.
func (c *Core) Write(ctx context.Context, fn func(db *gorm.DB) error) error {
	return c.Bounded(ctx, func(ctx context.Context) error { return fn(c.writer.WithContext(ctx)) })
}

// Change runs fn once, in a transaction. If the database reports that the transaction must be retried, Change returns
// Unavailable, and the caller of the store must retry. If an operator requested the change, fn calls Tx.Record last.
//
// If the context is for one tenant (ports.ForTenant), the change waits for its turn among the tenant's changes.
//
// The compiler would copy the closure into each caller, which makes the binary 100 KB larger.
//
//go:noinline
func (c *Core) Change(ctx context.Context, fn func(tx Tx) error) error {
	return c.Bounded(ctx, func(ctx context.Context) error {
		release, err := c.changes.acquire(ctx)
		if err != nil {
			return err
		}
		defer release()
		return c.Dialect.Transact(ctx, func(tx Tx) error {
			enqueue := tx.Enqueue
			tx.Enqueue = func(tenant uuid.UUID, pulls ...uuid.UUID) error {
				for _, pull := range pulls {
					c.PullTenants.Set(pull, tenant)
				}
				return enqueue(tenant, pulls...)
			}
			return fn(tx)
		})
	})
}

// maxDeadlocks is the maximum number of times that ChangeAgain runs a transaction.
const maxDeadlocks = 3

// deadlockPause is the shortest pause that ChangeAgain makes before it repeats a transaction. The longest pause is
// three times as long.
const deadlockPause = 20 * time.Millisecond

// ChangeAgain is like Change, but repeats the transaction after a deadlock. Therefore fn may run more than once.
//
// A deadlock is possible with a batch of webhooks. The batch locks the queued pulls of several connections. It locks
// some of these pulls after it has inserted deliveries. Another transaction may hold one of these pulls and wait for
// the batch. A deadlock is also possible between the deletion of a connection and the end of one of its pulls.
//
// The pause before each repetition lets the other transaction of the deadlock take its lock. Without a pause, the same
// deadlock could occur again.
func (c *Core) ChangeAgain(ctx context.Context, fn func(tx Tx) error) (err error) {
	for attempt := range maxDeadlocks {
		if attempt > 0 {
			pause(ctx, deadlockPause+rand.N(2*deadlockPause))
		}
		if err = c.Change(ctx, fn); !isDeadlock(err) {
			return err
		}
	}
	return err
}

// pause returns after the duration d, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Background returns a copy of the core with the longer timeout of background work, for which no API caller waits. The
// callers limit themselves how much of this work runs at the same time.
func (c *Core) Background() *Core {
	background := *c
	background.Timeout, background.changes, background.reads = c.WorkTimeout, nil, nil
	return &background
}

// Snapshot runs fn in a read-only transaction, as Dialect.Snapshot does. It returns errors that are not translated.
func (c *Core) Snapshot(ctx context.Context, timeout time.Duration, fn func(tx SnapshotTx) error) error {
	if err := c.Fault(); err != nil {
		return err
	}
	return c.Dialect.Snapshot(ctx, timeout, fn)
}

// ReadInOrder is like Read, for statements that read the first of many rows in the order of an index; see
// Dialect.ReadByIndex.
func (c *Core) ReadInOrder(ctx context.Context, fn func(tx SnapshotTx) error) error {
	return c.boundedRead(ctx, func(ctx context.Context) error {
		if !c.Dialect.HasStatistics() {
			return fn(SnapshotTx{DB: c.reader.WithContext(ctx), Read: func(ctx context.Context, r Read) error {
				return c.Dialect.Query(ctx, r.SQL, r.Args, r.Columns, r.Take)
			}})
		}
		return c.Dialect.Snapshot(ctx, c.Timeout, func(tx SnapshotTx) error {
			tx.DB = tx.DB.WithContext(ctx)
			if err := c.Dialect.ReadByIndex(tx.DB); err != nil {
				return err
			}
			return fn(tx)
		})
	})
}

// Fault returns the error of Options.InjectFault; nil if there is no such hook. A method that uses the database without
// another method of Core calls Fault first.
func (c *Core) Fault() error {
	if c.injectFault == nil {
		return nil
	}
	return c.injectFault()
}

// Bounded runs fn, which uses the database, with a timeout. It returns the error of fn, converted by Translate.
func (c *Core) Bounded(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := c.Fault(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return Translate(ctx, fn(bounded))
}

// boundedRead is Bounded for queries outside of transactions, which wait for their turn among those of the tenant.
func (c *Core) boundedRead(ctx context.Context, fn func(ctx context.Context) error) error {
	return c.Bounded(ctx, func(ctx context.Context) error {
		release, err := c.reads.acquire(ctx)
		if err != nil {
			return err
		}
		defer release()
		return fn(ctx)
	})
}

// TimeParam returns the time in the form that the driver of the database accepts; nil for the zero time.
func (c *Core) TimeParam(t time.Time) any { return At(t).Param(c.reader.Name()) }

// First returns the first row of the query. Errors: NotFound if the query finds no row.
func First[R any](query *gorm.DB) (R, error) {
	var rows []R
	if err := query.Limit(1).Find(&rows).Error; err != nil {
		return *new(R), err
	}
	if len(rows) == 0 {
		return *new(R), domain.NotFoundError()
	}
	return rows[0], nil
}

// Locked adds a row lock to a query. SQLite has one writer and does not need the lock; its GORM
// driver drops the clause.
func Locked(db *gorm.DB, strength string) *gorm.DB {
	return db.Clauses(clause.Locking{Strength: strength})
}

// The strengths of row locks, the strongest first:
//
//   - A deletion locks its connection with ForUpdate. A claim locks its pull with ForUpdate.
//   - A transaction that writes the health of a connection locks the connection with NoKeyUpdate. This lock does not
//     conflict with KeyShare.
//   - A transaction that attaches deliveries to a queued pull locks the pull with share. A claim waits for this lock.
//   - A transaction that needs a live connection locks the connection with KeyShare. It waits for a deletion, and then
//     finds the connection deleted.
const (
	ForUpdate   = "UPDATE"
	NoKeyUpdate = "NO KEY UPDATE"
	Share       = "SHARE"
	KeyShare    = "KEY SHARE"
)

// List runs the query of a page, and returns the items with the position of the next page. It reads one row more than
// the page may contain: if that row exists, there is a next page. It reads all of these rows into memory before it
// limits the page to its maximum size in bytes. A list whose rows may be large must therefore use Paged.
func List[R, T any](query *gorm.DB, page domain.PageRequest, item func(R) T,
	position func(T) domain.Position,
) (domain.Page[T], error) {
	var rows []R
	if err := query.Limit(page.Limit + 1).Find(&rows).Error; err != nil {
		return domain.Page[T]{}, err
	}
	found := domain.PageBuilder[T]{Request: page}
	for _, row := range rows {
		if found.Complete() || found.Full() {
			return domain.Page[T]{Items: found.Items, Next: position(found.Items[len(found.Items)-1])}, nil
		}
		found.Add(item(row))
	}
	return domain.Page[T]{Items: found.Items}, nil
}

// NewestFirst orders the query by a time column and an id column, both descending, and restricts it to the rows after a
// position. The columns are compared as a pair, so that an index over both can be used. Errors: Invalid on "cursor".
func NewestFirst(query *gorm.DB, timeColumn, id string, position domain.Position) (*gorm.DB, error) {
	query = query.Order(timeColumn + " DESC, " + id + " DESC")
	if position.IsZero() {
		return query, nil
	}
	key, err := domain.ParseTimeKey(position.Key)
	if err != nil {
		return nil, err
	}
	return query.Where("("+timeColumn+", "+id+") < (?, ?)", Instant{key}, position.ID), nil
}

// RowsAffected returns how many rows a statement changed, and its error.
func RowsAffected(done *gorm.DB) (int, error) { return int(done.RowsAffected), done.Error }

// Storable reports whether a text column can contain the text. PostgreSQL rejects a text with NUL or invalid UTF-8,
// even in a comparison. No row contains such a text, so it need not be looked up.
func Storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// Optional returns id as the value of a column, which is NULL if id is the nil UUID.
func Optional(id uuid.UUID) uuid.NullUUID {
	return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil}
}
