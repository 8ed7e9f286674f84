package gormstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Dialect contains the operations that differ between the databases. Packages postgres and sqlite implement it. Unless
// the comment of a method says otherwise, the method returns the errors of the driver, and the store translates them.
// Each method that takes a context returns an error if the context has ended.
type Dialect interface {
	// Transact runs fn once, in one transaction of the writer. It commits when fn returns nil,
	// and otherwise rolls back and returns the error of fn.
	Transact(ctx context.Context, fn func(tx Tx) error) error

	// Snapshot runs fn in a read-only transaction on a connection for reads. The timeout bounds the wait for the
	// connection and the statement that begins the transaction.
	Snapshot(ctx context.Context, timeout time.Duration, fn func(tx SnapshotTx) error) error

	// Query runs a SELECT outside of any transaction, with parameters $1, $2, …. For each row, it fills the variables
	// to which the elements of columns point, and calls take. If take returns an error, the query ends and Query
	// returns this error. The next row overwrites the variables, but not the contents of byte slices, so take may
	// retain the slices.
	Query(ctx context.Context, sql string, args, columns []any, take func() error) error

	// QueryBatched is like Query, but is meant for reads of few rows. The dialect may send the read in one batch with
	// the reads of other callers. If one read of a batch fails, only the caller of that read gets the error.
	QueryBatched(ctx context.Context, sql string, args, columns []any, take func() error) error

	// AnyOf returns a condition that is true where the text column equals one of the values. One parameter
	// of the condition contains all values, so the text of the condition does not depend on their number.
	AnyOf(column string, values []string) clause.Expr

	// Contains returns an SQL expression that is true where the column, whose values are bytes, contains one of the
	// texts.
	Contains(column string, texts [][]byte) clause.Expr

	// Scrub removes the remains of deleted and replaced rows from the files of the database, if the database does not
	// do this by itself. Scrub may take long. It does nothing if there are no remains. It must not run in a
	// transaction.
	Scrub(ctx context.Context) error

	// AnnouncedRemovals returns a table expression with the given alias (name) that can be joined to the table
	// deliveries. The expression has one column, called value. For a delivery, this column contains the external ids
	// that the delivery's scope announces as removed.
	AnnouncedRemovals(name string) string

	// AttachedDeliveries returns a SELECT of the columns ask, received_at and id of the deliveries that are attached to
	// the queued pull and whose scopes have at most maxBytes bytes. Its cost may depend on the number of deliveries
	// received since the pull was queued, but not on the number of earlier ones.
	AttachedDeliveries(pull domain.Pull, maxBytes int) clause.Expr

	// ForUpdate returns the SQL that is appended to a SELECT to lock its rows; "" if the database has
	// only one writer.
	ForUpdate() string

	// Distributed reports whether the tables are distributed over several servers by tenant. In such a database, a
	// statement that locks rows, joins tables or has a conflict clause must compare tenant_id with a parameter. A
	// unique index over the rows of a tenant has tenant_id as its last column. See tenantIs and uniqueColumns.
	Distributed() bool

	// ChangeSeq returns a statement that yields two values: the position of the current transaction in the change feed
	// of the tenant, and the value of another SQL expression (also), whose parameters are args.
	ChangeSeq(tenant uuid.UUID, also string, args ...any) clause.Expr

	// ShareConnection returns an SQL expression that takes a shared lock of a connection until the transaction ends, so
	// that ExcludeWriters waits for the transaction. The expression must be part of a SELECT of rows of the
	// connection's tenant. The id of the connection is given as an SQL expression (connection). The value of the
	// returned expression is a boolean without a meaning. Changes that were made under ExcludeWriters are visible only
	// to later statements of the transaction, not to the SELECT that takes the lock.
	ShareConnection(connection string) string

	// ExcludeWriters locks a connection of the tenant for the transaction tx. It waits until every transaction that has
	// evaluated ShareConnection for the connection has ended. It does nothing if the database has only one writer.
	ExcludeWriters(tx *gorm.DB, tenant, connection uuid.UUID) error

	// ReadOnly returns an SQL expression that is true while the database answers queries but rejects
	// writes.
	ReadOnly() string

	// VisibleBefore returns an SQL expression for a feed position. Every change of the tenant at a lower position
	// either is already committed or will never be committed. In a statement about several tenants, the argument tenant
	// is the name of a column with the id of the tenant. It is "" in a statement that compares tenant_id with a
	// parameter.
	VisibleBefore(tenant string) string

	// FeedEnd returns a statement that yields a position in the change feed of the tenant. Every change that is not yet
	// committed when the statement is executed has a higher position.
	FeedEnd(tenant uuid.UUID) clause.Expr

	// FeedHold returns a statement that finds the oldest open write transaction, which may delay the change feed. It
	// yields one row with the members of ports.FeedHold: the writer as text, and its age in seconds as a floating-point
	// number.
	FeedHold() string

	// ExecBoth executes a statement (query) that inserts, updates or deletes at most one row and returns no rows. If
	// the statement has changed a row, ExecBoth also inserts another row (row). Either both changes are committed or
	// neither is. The result's RowsAffected is 0 or 1.
	ExecBoth(ctx context.Context, query string, args []any, row InsertedRow) (sql.Result, error)

	// RejectsStored reports whether UpsertTransactions fails if it gets a row of version 1 whose external id is already
	// stored. If so, a page of rows that are assumed to be new can be written without a lookup.
	RejectsStored() bool

	// UpsertTransactions inserts rows of one connection in the transaction tx, or overwrites the stored rows with the
	// same external ids. All rows have the same tenant, connection, vendor, time, pull and position in the change feed.
	// If RejectsStored is true, rows of version 1 are only inserted. If a row of version 1 is stored already,
	// UpsertTransactions then returns an error that wraps gorm.ErrDuplicatedKey, and the transaction must be rolled
	// back.
	UpsertTransactions(tx *gorm.DB, rows []TransactionRow) error

	// SaveMetadata replaces the metadata and the content hashes of the rows with these ids in a connection of the
	// tenant, in the transaction tx. It is used for rows whose content has not changed otherwise. It therefore changes
	// neither their versions nor their positions in the change feed. Nil hashes and nil metadata are stored as NULL.
	// All slices have the same length.
	SaveMetadata(tx *gorm.DB, tenant, connection uuid.UUID, ids []uuid.UUID, metadata, hashes [][]byte) error

	// FindChanged returns the indexes of those raw transactions in the slice seen that are new or changed. The indexes
	// are in any order. A raw transaction is unchanged only if the connection has a live row with its external id and
	// the same non-zero content hash. FindChanged runs outside of transactions.
	FindChanged(ctx context.Context, tenant, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error)

	// Receive stores a batch of deliveries in one durable transaction and returns a result for each delivery, in the
	// order of deliveries. If Receive returns an error, either nothing was stored or the response to the commit was
	// lost. If a single result contains an error, its delivery was refused, or its event was stored before and the
	// stored delivery could not be read.
	Receive(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
}

// InsertedRow is a row for ExecBoth.
type InsertedRow struct {
	Into   string // the table and its columns, as in "t (a, b)"
	Values []any  // the values of the columns
}

// Tx is an open transaction.
type Tx struct {
	*gorm.DB
	// Enqueue makes workers run the pulls when the transaction has committed. It has no effect if the
	// transaction is rolled back.
	Enqueue func(pulls ...uuid.UUID) error
	// ExecAtCommit executes a statement with parameters $1, $2, … that returns no rows. The statement may be executed
	// as late as immediately before the commit. If it fails, either ExecAtCommit or Transact returns the error, and the
	// transaction is rolled back.
	ExecAtCommit func(sql string, args ...any) error
	// Read runs a SELECT in the transaction.
	Read func(Read) error

	recorded *recordedObjects // nil if the transaction stores no audit entries
}

// SnapshotTx is an open read-only transaction. All its reads see the state that the database had at the first read.
type SnapshotTx struct {
	*gorm.DB
	// Read runs a SELECT in the transaction. ctx bounds only this SELECT.
	Read func(ctx context.Context, r Read) error
}

// Read is a SELECT with parameters $1, $2, …. For each row that it returns, the variables that
// Columns point to are filled and Take is called, as by Dialect.Query.
type Read struct {
	SQL     string
	Args    []any
	Columns []any
	Take    func() error
}
