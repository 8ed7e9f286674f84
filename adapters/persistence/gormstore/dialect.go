package gormstore

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Dialect is what differs between the databases. Packages postgres and sqlite implement it.
// Errors are the driver's own unless a method says otherwise; the store translates them.
// Each method that takes a context returns an error once that has ended.
type Dialect interface {
	// Transact runs fn once, in one transaction of the writer. It commits when fn returns nil,
	// and otherwise rolls back and returns the error of fn.
	Transact(ctx context.Context, fn func(tx Tx) error) error

	// PageTransaction runs the work of one page in one transaction. It commits when all of the
	// page's reads, Write and the last statement succeed; otherwise it rolls back and returns
	// the first error. The Enqueue of the Tx that it passes to Write is nil.
	PageTransaction(ctx context.Context, page Page) error

	// Query runs a SELECT outside of any transaction, with parameters $1, $2, …. For each row it
	// fills columns and calls take; an error of take ends the query and is returned. The variables
	// that columns point to are overwritten by the next row, but take may retain byte slices.
	Query(ctx context.Context, sql string, args, columns []any, take func() error) error

	// QueryBatched is Query for reads of few rows. The dialect may send it in one batch with the
	// reads of other callers; the failure of one read is never returned to another.
	QueryBatched(ctx context.Context, sql string, args, columns []any, take func() error) error

	// AnyOf returns a condition that holds where the text column equals one of the values. It has
	// one parameter, however many values there are.
	AnyOf(column string, values []string) clause.Expr

	// AttachedDeliveries returns a SELECT of ask, received_at and id of the deliveries that are
	// attached to the queued pull. The number of rows it reads may grow with the deliveries that were
	// received since the pull was queued, not with earlier ones.
	AttachedDeliveries(pull domain.Pull) clause.Expr

	// ForUpdate returns the SQL that ends a SELECT which locks its rows; "" if there is only one
	// writer.
	ForUpdate() string

	// ChangeSeq returns a statement that yields the position of the current transaction in the
	// change feed.
	ChangeSeq() string

	// ReadOnly returns an SQL expression that is true while the database answers but rejects writes.
	ReadOnly() string

	// VisibleBefore returns an SQL expression for a feed position: every change at a lower position
	// is committed, or never will be.
	VisibleBefore() string

	// RejectsStored reports whether UpsertTransactions fails when a row of version 1 is stored
	// already. Then a page that is assumed to be new needs no lookup first.
	RejectsStored() bool

	// UpsertTransactions inserts rows of one connection, or overwrites those with the same external
	// id, in the transaction tx. All rows have the same tenant, connection, vendor, time, pull and
	// position in the change feed. If RejectsStored, rows of version 1 are only inserted. Errors: one
	// that wraps gorm.ErrDuplicatedKey if such a row is stored; the transaction must then end.
	UpsertTransactions(tx *gorm.DB, rows []TransactionRow) error

	// SaveContentHashes replaces the content hashes of the rows with these ids, in the transaction
	// tx; an empty hash is stored as NULL. Both slices have the same length.
	SaveContentHashes(tx *gorm.DB, ids []uuid.UUID, hashes [][]byte) error

	// FindChanged returns the indexes of those raw transactions that have no live row of the
	// connection with the same non-zero content hash, in any order. It runs outside of transactions.
	FindChanged(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error)

	// Receive stores a batch of deliveries as one durable transaction and returns a result for each,
	// in their order. An error means that nothing was stored, or that the response to the commit was
	// lost. The error of a result means that this delivery was refused, or that its event was stored
	// before and could not be read.
	Receive(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
}

// Tx is an open transaction.
type Tx struct {
	*gorm.DB
	// Enqueue inserts the jobs of pulls; workers see them once the transaction commits.
	Enqueue func(pulls ...uuid.UUID) error
	// Read runs a SELECT.
	Read func(Read) error
}

// Read is a SELECT with parameters $1, $2, …. For each of its rows Columns are filled and Take is
// called, as by Dialect.Query.
type Read struct {
	SQL     string
	Args    []any
	Columns []any
	Take    func() error
}

// Page is the work of one page of a pull inside its transaction. A database with round trips
// pipelines it: the reads are sent with BEGIN, and the last statement with COMMIT.
type Page struct {
	// Reads run first, in their order.
	Reads []Read
	// Prepare runs once, before the results of Reads are awaited; nil for nothing to prepare.
	Prepare func()
	// Write runs after Reads and returns the transaction's last statement.
	Write func(tx Tx) (Statement, error)
}

// Statement is a write with parameters $1, $2, ….
type Statement struct {
	SQL  string
	Args []any
}
