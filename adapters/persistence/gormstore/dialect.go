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

// Dialect contains the operations that differ between the databases. Packages postgres and sqlite implement
// it. Unless a method says otherwise, its errors are those of the driver; the store translates them. Each
// method that takes a context returns an error if the context has ended.
type Dialect interface {
	// Transact runs fn once, in one transaction of the writer. It commits when fn returns nil,
	// and otherwise rolls back and returns the error of fn.
	Transact(ctx context.Context, fn func(tx Tx) error) error

	// Snapshot runs fn in a read-only transaction on a connection for reads. timeout bounds the wait for the
	// connection and the begin of the transaction.
	Snapshot(ctx context.Context, timeout time.Duration, fn func(tx SnapshotTx) error) error

	// Query runs a SELECT outside of any transaction, with parameters $1, $2, …. For each row it fills
	// columns and calls take; an error of take ends the query and is returned. The next row overwrites the
	// variables that columns point to, but not the contents of byte slices, which take may retain.
	Query(ctx context.Context, sql string, args, columns []any, take func() error) error

	// QueryBatched is Query for reads of few rows. The dialect may send the read in one batch with the
	// reads of other callers. If one read of a batch fails, its error is returned only to its own
	// caller.
	QueryBatched(ctx context.Context, sql string, args, columns []any, take func() error) error

	// AnyOf returns a condition that is true where the text column equals one of the values. One parameter
	// of the condition contains all values, so the text of the condition does not depend on their number.
	AnyOf(column string, values []string) clause.Expr

	// Contains returns an SQL expression that is true where the column, whose values are bytes, contains one of the
	// texts.
	Contains(column string, texts [][]byte) clause.Expr

	// Scrub removes the remains of deleted and replaced rows from the files of the database, if the database does not
	// do this by itself. It may take long, and does nothing if nothing is left. It must not run in a transaction.
	Scrub(ctx context.Context) error

	// AnnouncedRemovals returns a table expression to be joined to deliveries. Its alias is name. It has one column,
	// called value, with the external ids that the scope of the delivery announces as removed.
	AnnouncedRemovals(name string) string

	// AttachedDeliveries returns a SELECT of ask, received_at and id of the deliveries that are attached to
	// the queued pull and whose scopes have at most maxBytes. Its cost may depend on the number of deliveries
	// received since the pull was queued, but not on the number of earlier ones.
	AttachedDeliveries(pull domain.Pull, maxBytes int) clause.Expr

	// ForUpdate returns the SQL that is appended to a SELECT to lock its rows; "" if the database has
	// only one writer.
	ForUpdate() string

	// Distributed reports whether the tables are distributed over several servers by tenant. A statement that locks
	// rows, joins tables or resolves a conflict must then compare tenant_id with a parameter, and a unique index over
	// columns of a tenant's rows contains tenant_id as its last column. See tenantIs and uniqueColumns.
	Distributed() bool

	// ChangeSeq returns a statement that yields the position of the current transaction in the change feed of the
	// tenant, and the value of the SQL expression also, whose parameters are args.
	ChangeSeq(tenant uuid.UUID, also string, args ...any) clause.Expr

	// ShareConnection returns an SQL expression that locks a connection until the transaction ends, so that
	// ExcludeWriters waits for the transaction. It must be part of a SELECT of rows of the connection's tenant.
	// connection is an SQL expression for the id of the connection.
	// The value of the expression is a boolean without a meaning. What ExcludeWriters protects is visible
	// only to later statements of the transaction.
	ShareConnection(connection string) string

	// ExcludeWriters locks a connection of the tenant for the transaction tx, and waits until every transaction that
	// has evaluated ShareConnection for it has ended. It does nothing if the database has only one writer.
	ExcludeWriters(tx *gorm.DB, tenant, connection uuid.UUID) error

	// ReadOnly returns an SQL expression that is true while the database answers queries but rejects
	// writes.
	ReadOnly() string

	// VisibleBefore returns an SQL expression for a feed position. Every change of the tenant at a lower position is
	// either already committed or will never be. In a statement about several tenants, tenant is a column
	// with the id of the tenant; it is "" in a statement that compares tenant_id with a parameter.
	VisibleBefore(tenant string) string

	// FeedEnd returns a statement that yields a position in the change feed of the tenant. Every change that is not
	// committed when the statement is executed gets a higher position.
	FeedEnd(tenant uuid.UUID) clause.Expr

	// FeedHold returns a statement that yields one row with the members of ports.FeedHold: the writer as
	// text, and its age in seconds as a floating-point number.
	FeedHold() string

	// ExecBoth executes an INSERT, UPDATE or DELETE of at most one row, which returns no rows, and inserts another
	// row if the query changed one. Either both are committed or none. The number of rows of the result is 0 or 1.
	ExecBoth(ctx context.Context, query string, args []any, row InsertedRow) (sql.Result, error)

	// RejectsStored reports whether UpsertTransactions fails when a row of version 1 is stored already. If
	// it is true, a page that is assumed to be new needs no lookup before the write.
	RejectsStored() bool

	// UpsertTransactions inserts rows of one connection, or overwrites the stored rows with the same
	// external ids, in the transaction tx. All rows have the same tenant, connection, vendor, time,
	// pull and position in the change feed. If RejectsStored is true, rows of version 1 are only
	// inserted. Errors: one that wraps gorm.ErrDuplicatedKey if such a row is stored already; the
	// transaction must then be rolled back.
	UpsertTransactions(tx *gorm.DB, rows []TransactionRow) error

	// SaveMetadata replaces the metadata and the content hashes of the rows with these ids in a connection of the
	// tenant, in the transaction tx. It is used for rows without an edit, so it does not change versions and positions
	// in the change feed. Nil hashes and nil metadata are stored as NULL. All slices have the same length.
	SaveMetadata(tx *gorm.DB, tenant, connection uuid.UUID, ids []uuid.UUID, metadata, hashes [][]byte) error

	// FindChanged returns the indexes in seen of the raw transactions that are new or changed, in any
	// order. A raw transaction is unchanged only if the connection has a live row with its external id
	// and the same non-zero content hash. FindChanged runs outside of transactions.
	FindChanged(ctx context.Context, tenant, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error)

	// Receive stores a batch of deliveries in one durable transaction and returns a result for each
	// delivery, in the order of deliveries. An error means that nothing was stored, or that the
	// response to the commit was lost. An error in a result means that this delivery was refused, or
	// that its event was stored before and the stored delivery could not be read.
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
	// ExecAtCommit executes a statement, with parameters $1, $2, …, that returns no rows. It may execute it only
	// immediately before the commit. The error of the statement is returned by ExecAtCommit or by Transact, and the
	// transaction is rolled back.
	ExecAtCommit func(sql string, args ...any) error
	// Read runs a SELECT in the transaction.
	Read func(Read) error

	recorded *recordedObjects // nil if the transaction stores no audit entries
}

// SnapshotTx is an open read-only transaction. All its reads see the database as of the first one.
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
