package gormstore

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DefaultPatience is how long a store method that somebody waits for waits for the
// database by default: a database that hangs is away, and callers are promised to hear of
// that within 2 s.
const DefaultTimeout = 1500 * time.Millisecond

// workPatience is for methods that the service calls for itself. A busy database may take
// long over a large page, and nobody waits for the answer.
const workPatience = 10 * time.Second

// Tx is a transaction under way, and the way to put a pull's job into it.
type Tx struct {
	*gorm.DB
	// Enqueue inserts the jobs of pulls; they are there once the transaction commits.
	Enqueue func(pulls ...uuid.UUID) error
	// Read runs a SELECT.
	Read func(Read) error
}

// Dialect is what differs between the databases. Every member is required.
type Dialect struct {
	// Transact runs fn as one transaction of the writer: committed when fn gives nil,
	// else rolled back.
	Transact func(ctx context.Context, fn func(tx Tx) error) error
	// Page is Transact for a page of a pull. It begins with the opening and, unless fn
	// fails, ends with fn's write: each goes along with what begins or commits the
	// transaction where the database can. Tx.Enqueue is nil.
	Page func(ctx context.Context, o Opening, fn func(tx Tx) (Write, error)) error
	// Query runs a SELECT outside of any transaction, with parameters $1, $2, …, and for
	// each row fills columns and calls take; an error of take ends it. What columns point to
	// is written anew for the next row, but bytes are take's to keep.
	Query func(ctx context.Context, sql string, args, columns []any, take func() error) error
	// Lookup is Query for what touches few rows; it may be sent together with others' reads.
	Lookup func(ctx context.Context, sql string, args, columns []any, take func() error) error
	// AnyOf is a condition that holds where the text column is one of the values, with one
	// parameter whatever their number.
	AnyOf func(column string, values []string) clause.Expr
	// Joined is a SELECT of ask, received_at and id of the deliveries that joined the queued
	// pull. How many it looks at may grow with what came since the pull was queued, not with
	// what came before.
	Joined func(pull domain.Pull) clause.Expr
	// ForUpdate ends a SELECT that locks its rows; "" with one writer.
	ForUpdate string
	// Stamp is SQL that gives the transaction's place in the change feed.
	ChangeSeq string
	// Shut is an SQL expression that holds where the database answers, but takes no writes.
	ReadOnly string
	// Horizon is an SQL expression: places below it are complete.
	VisibleBefore string
	// SaveTransactions writes rows of one connection, each in the place of the one with its
	// external id. Where Strict, rows of version 1 take no place: one that is there already is
	// a violated key.
	Strict           bool
	SaveTransactions func(tx *gorm.DB, rows []TransactionRow) error
	// SaveSources gives rows, by their ids, other sources; an empty one is NULL.
	SaveContentHashes func(tx *gorm.DB, ids []uuid.UUID, sources [][]byte) error
	// Strange gives the places of the sightings that are no live row of the connection with
	// the same source, which is not zero. It runs outside of transactions.
	FindChanged func(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error)
	// Receive stores knocks as one durable transaction, and gives a result for each in
	// their order. An error means that nothing was stored, or that the answer to the commit
	// was lost; an error of a result, that the knock was not let in, or that its event was
	// stored before and cannot be told.
	Receive func(ctx context.Context, knocks []PendingDelivery) ([]Result, error)
}

// Options of a Store.
type Options struct {
	Dialect Dialect
	// Reader answers queries outside of transactions; nil uses the writer.
	Reader *gorm.DB
	// Patience bounds each method, beside the caller's context; what takes longer is
	// Unavailable. Zero means DefaultPatience, and longer for the service's own work.
	Timeout time.Duration
	// Door bounds a receipt likewise; zero means as long as any other method.
	ReceiveTimeout time.Duration
}

// Store is a database behind the ports. Its views are the stores.
type Store struct {
	writer   *gorm.DB
	reader   *gorm.DB
	dialect  Dialect
	patience time.Duration
	atWork   time.Duration // the patience of background
	commits  *committer
}

// New gives the stores over a migrated database. Close stops what New starts.
func New(writer *gorm.DB, o Options) *Store {
	s := &Store{writer: writer, reader: o.Reader, dialect: o.Dialect, patience: o.Timeout, atWork: o.Timeout}
	if s.reader == nil {
		s.reader = writer
	}
	if s.patience == 0 {
		s.patience, s.atWork = DefaultTimeout, workPatience
	}
	s.commits = newCommitter(cmp.Or(o.ReceiveTimeout, s.patience), o.Dialect.Receive)
	return s
}

// Close commits the receipts that wait, refuses new ones, and returns when nothing runs
// any more. The database stays open.
func (s *Store) Close() { s.commits.close() }

// Ping says whether the database answers a query, and takes writes. Errors: Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	var shut bool
	err := s.read(ctx, func(db *gorm.DB) error { return db.Raw("SELECT " + s.dialect.ReadOnly).Scan(&shut).Error })
	if err == nil && shut {
		return Unavailable(errors.New("the database takes no writes"))
	}
	return err
}

// read runs a query outside of any transaction.
func (s *Store) read(ctx context.Context, fn func(db *gorm.DB) error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return fn(s.reader.WithContext(ctx)) })
}

// write runs one statement, which is atomic by itself.
func (s *Store) write(ctx context.Context, fn func(db *gorm.DB) error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return fn(s.writer.WithContext(ctx)) })
}

// change runs a transaction. fn runs once: what the database asks to have repeated is
// Unavailable, and the caller's to repeat.
func (s *Store) change(ctx context.Context, fn func(tx Tx) error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return s.dialect.Transact(ctx, fn) })
}

// background is the store for the service's own work, with more patience.
func (s *Store) background() *Store {
	patient := *s
	patient.patience = s.atWork
	return &patient
}

// bounded is the one way into the database: a deadline before it, translated errors behind.
func (s *Store) bounded(ctx context.Context, fn func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	return Translate(ctx, fn(bounded))
}

// first reads one row, and answers NotFound where there is none.
func first[R any](query *gorm.DB) (R, error) {
	var rows []R
	if err := query.Limit(1).Find(&rows).Error; err != nil {
		return *new(R), err
	}
	if len(rows) == 0 {
		return *new(R), domain.NotFoundError()
	}
	return rows[0], nil
}

// locked is a row lock; a database with one writer has no need of it and drops it.
func locked(db *gorm.DB, strength string) *gorm.DB {
	return db.Clauses(clause.Locking{Strength: strength})
}

// Lock strengths. Deletion locks its connection for update, so that keyShare waits for
// it and then sees the deletion; a write of the connection's health does not wait.
const (
	forUpdate = "UPDATE"
	keyShare  = "KEY SHARE"
)

// list runs a page's query and tells where the next page begins. It asks for one row more
// than the page holds: whether there is one says whether there is a next page.
func list[R, T any](query *gorm.DB, limit int, item func(R) T, position func(T) domain.Position) (domain.Page[T], error) {
	var rows []R
	if err := query.Limit(limit + 1).Find(&rows).Error; err != nil {
		return domain.Page[T]{}, err
	}
	page := domain.Page[T]{Items: make([]T, 0, min(len(rows), limit))}
	for _, row := range rows[:min(len(rows), limit)] {
		page.Items = append(page.Items, item(row))
	}
	if len(rows) > limit {
		page.Next = position(page.Items[limit-1])
	}
	return page, nil
}

// newestFirst orders by a time and the id, both descending, behind a position. The pair is
// compared as one, which an index over both follows. Errors: Invalid on cursor.
func newestFirst(query *gorm.DB, at, id string, after domain.Position) (*gorm.DB, error) {
	query = query.Order(at + " DESC, " + id + " DESC")
	if after.IsZero() {
		return query, nil
	}
	key, err := domain.ParseTimeKey(after.Key)
	if err != nil {
		return nil, err
	}
	return query.Where("("+at+", "+id+") < (?, ?)", instant{key}, after.ID), nil
}

// rowsOf runs a statement and gives how many rows it changed.
func rowsOf(done *gorm.DB) (int, error) { return int(done.RowsAffected), done.Error }

// storable says whether a column of text could hold the value: PostgreSQL refuses NUL and
// what is not UTF-8, even to compare with. No row has such a text, so none is found by it.
func storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// optional is NULL for the nil UUID.
func optional(id uuid.UUID) uuid.NullUUID {
	return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil}
}
