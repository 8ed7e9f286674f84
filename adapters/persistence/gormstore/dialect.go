package gormstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// Dialect contains the operations that differ between the databases. Packages postgres and sqlite implement it. The
// methods return errors of the driver, which the store translates; the comments of the methods state exceptions. A
// method with a context returns an error if the context has ended.
type Dialect interface {
	// Transact runs fn once, in one transaction of the writer. It commits when fn returns nil, and otherwise rolls back
	// and returns the error of fn. Before fn, it runs the given reads in the same transaction, as Tx.ReadAll does. If
	// one of them fails, Transact returns the error and does not call fn.
	Transact(ctx context.Context, fn func(tx Tx) error, first ...Read) error

	// Snapshot runs fn in a read-only transaction on a connection for reads. The timeout bounds only the beginning of
	// the transaction: the wait for the connection, and the execution of BEGIN.
	Snapshot(ctx context.Context, timeout time.Duration, fn func(tx SnapshotTx) error) error

	// Query runs a SELECT outside of any transaction, with parameters $1, $2, …. For each row, it fills the variables
	// to which the elements of columns point, and calls fn. If fn returns an error, Query stops and returns this error.
	// After ErrStop, the database sends no further rows.
	//
	// The next row overwrites the variables, but not the contents of byte slices. fn may therefore retain the slices.
	Query(ctx context.Context, sql string, args, columns []any, fn func() error) error

	// QueryTenant is like Query, for a SELECT that reads only rows of one tenant.
	QueryTenant(ctx context.Context, tenant uuid.UUID, sql string, args, columns []any, fn func() error) error

	// AnyOf returns a condition that is true where the text column equals one of the values. One parameter
	// of the condition contains all values, so the text of the condition does not depend on their number.
	AnyOf(column string, values []string) clause.Expr

	// DecimalSum returns aggregate expressions from which the sum of a column of amounts is computed: multiply the
	// value of each expression by 10^exponent, and add the products. The value of an expression is a decimal text;
	// NULL means 0.
	DecimalSum(column string) []SumPart

	// HasTextIndex returns an SQL expression that is true if TextMatch uses an index.
	HasTextIndex() string

	// TextMatch returns a condition on a row of search_index of the tenant, whose alias is given. The condition is true
	// if the column folded contains the text, which has at least 3 characters.
	TextMatch(alias string, tenant uuid.UUID, folded string) clause.Expr

	// TextContains returns a condition that is true if the column contains the text. It uses no index.
	TextContains(column, text string) clause.Expr

	// UTCDay returns an SQL expression for the date (UTC, YYYY-MM-DD) of a column of times.
	UTCDay(column string) string

	// UnixSeconds returns an SQL expression for the whole seconds from 1970 (UTC) to a column of times, as an integer.
	UnixSeconds(column string) string

	// ContainsFold returns an SQL expression that is true where the column, whose values are bytes, contains the text.
	// The letters A to Z in the column count as lower case; the text must not contain them.
	ContainsFold(column string, text []byte) clause.Expr

	// Scrub removes the remains of deleted and replaced rows from the files of the database, if the database does not
	// do this by itself. Scrub may take long. It does nothing if there are no remains. It must not run in a
	// transaction.
	Scrub(ctx context.Context) error

	// AnnouncedRemovals returns a table expression that can be joined to the table deliveries. The alias of the
	// expression is the given name. The expression has one column, called value, and one row for each external id in
	// the delivery's scope that is announced as removed.
	AnnouncedRemovals(name string) string

	// EachAmount returns a table expression with one row for each of the amounts, which are decimal texts. The alias of
	// the expression is the given name. Its column, called value, has the type of the columns that contain amounts. One
	// parameter contains all amounts, so the text of the expression does not depend on their number.
	EachAmount(name string, amounts []string) clause.Expr

	// Lock returns the SQL that is appended to a SELECT to lock its rows with this strength, such as NoKeyUpdate; "" if
	// the database has only one writer.
	Lock(strength string) string

	// LocksAcrossTenants reports whether one statement can lock rows of several tenants.
	LocksAcrossTenants() bool

	// TenantIs returns the SQL condition that a column of tenant ids equals a value: a parameter such as "?", or
	// another such column. It is meant for a statement whose other conditions already determine the tenant. On one
	// server, the condition must not affect the choice of the index; see EqualUnindexed.
	TenantIs(column, value string) string

	// ReadChangeSeq sets *position to the position of tx in the change feed of the tenant. The position is not 0. In
	// the same statement, ReadChangeSeq reads the values. Then it runs the reads of also. It may send all of them
	// together, so their arguments must not depend on each other's rows. It may wait for other transactions of the
	// tenant before it runs the reads of also. Errors: Unavailable, if the transaction must be repeated later.
	ReadChangeSeq(tx Tx, tenant uuid.UUID, position *int64, values Values, also ...Read) error

	// ShareConnection returns an SQL expression that takes the shared lock of a connection (domain.Connection). The
	// lock is held until the transaction ends. ExcludeWriters waits for this lock.
	//
	// The parameter is an SQL expression for the id of the connection. The returned expression must be part of a SELECT
	// of rows of the connection's tenant. Its value is a boolean that callers must ignore.
	//
	// The SELECT itself may not see the changes of a transaction that called ExcludeWriters. Later statements of the
	// same transaction see them.
	ShareConnection(connection string) string

	// ExcludeWriters locks a connection of the tenant exclusively, until tx ends. It waits until all transactions that
	// hold the connection's shared lock (see ShareConnection) have ended. It does nothing if the database has only one
	// writer.
	ExcludeWriters(tx *gorm.DB, tenant, connection uuid.UUID) error

	// JoinByHash makes the later statements of tx join tables by hash where that is possible. It is meant for
	// statements that join all rows of a connection. If the planner's statistics are older than the connection, the
	// planner expects few rows. It might then choose a join that compares each row with all others. JoinByHash does
	// nothing if the database has no such planner.
	JoinByHash(tx *gorm.DB) error

	// ReplaceIndexed replaces rows of the search index of a tenant: outdated contains the stored rows that change or
	// are deleted, and added the new rows.
	ReplaceIndexed(tx *gorm.DB, tenant uuid.UUID, outdated, added []IndexedRow) error

	// ReadByIndex makes the later statements of tx read tables through their indexes. If a statement wants rows in
	// the order of an index, they are read in this order and not sorted. ReadByIndex is meant for statements that
	// look up many ids, or that read only the first of many rows in such an order.
	//
	// If the planner's statistics of a table are missing or old, its estimates may be wrong. It may read the whole
	// table to find many ids, or sort all rows to return the first ones. ReadByIndex does nothing if the database has
	// no such planner.
	ReadByIndex(tx *gorm.DB) error

	// HasStatistics reports whether the database plans statements by statistics, which may be missing or old.
	HasStatistics() bool

	// LockTenant waits until all other transactions that have called LockTenant for the tenant have ended, and makes
	// later callers wait until tx ends. It does nothing if the database has only one writer.
	LockTenant(tx *gorm.DB, tenant uuid.UUID) error

	// ReadOnly returns an SQL expression that is true while the database answers queries but rejects
	// writes.
	ReadOnly() string

	// EmptyWrite returns a statement that commits a change, but alters no value that anything reads.
	EmptyWrite() string

	// VisibleBefore returns an SQL expression. Its value is a position in the tenant's change feed. No transaction in
	// progress can still commit a change at a lower position. tenant is an expression for the id of the tenant: see
	// TenantParam for a statement that compares tenant_id with a parameter, and TenantColumn for other statements.
	VisibleBefore(tenant clause.Expr) clause.Expr

	// FeedEnd returns a statement that yields a position in the change feed of the tenant. Every change that is not yet
	// committed when the statement is executed has a higher position.
	FeedEnd(tenant uuid.UUID) clause.Expr

	// FeedHold returns a statement that finds the oldest open write transaction, which may delay the change feed. It
	// yields one row with the members of ports.FeedHold: the writer as text, and its age in seconds as a floating-point
	// number.
	FeedHold() string

	// ExecBoth executes a statement that inserts, updates or deletes at most one row and returns no rows. If the
	// statement has changed a row, ExecBoth also inserts the given row. Both changes are committed together.
	// RowsAffected of the result is 0 or 1.
	ExecBoth(ctx context.Context, query string, args []any, row InsertedRow) (sql.Result, error)

	// RejectsStored reports whether UpsertTransactions fails if a row of version 1 has an external id that is already
	// stored. In this case, the caller can write new rows without looking them up first.
	RejectsStored() bool

	// UpsertTransactions writes rows of one connection in the transaction tx. It overwrites stored rows with the same
	// external ids. All rows have the same tenant, connection, vendor, time, pull and feed position.
	//
	// If RejectsStored is true, rows of version 1 are only inserted. If such a row is already stored,
	// UpsertTransactions returns an error that wraps gorm.ErrDuplicatedKey, and the transaction must be rolled back.
	UpsertTransactions(tx *gorm.DB, rows []TransactionRow) error

	// InsertPrepared inserts rows into prepared_transactions, in the transaction tx.
	InsertPrepared(tx *gorm.DB, rows []TransactionRow) error

	// SaveMetadata replaces the metadata, the category and both hashes of a connection's rows, in the transaction tx.
	// It changes neither the versions of the rows nor their feed positions, because nothing else has changed. A zero
	// content hash and nil metadata are stored as NULL.
	SaveMetadata(tx *gorm.DB, tenant, connection uuid.UUID, rows []records.Refreshed) error

	// FindChanged returns the indexes of the raw transactions that are new or changed, in any order. A raw transaction
	// is unchanged only if the connection has a live row with its external id and the same non-zero content hash.
	// FindChanged runs outside of transactions.
	FindChanged(ctx context.Context, tenant, connection uuid.UUID, rawRows []domain.RawTransaction) ([]int, error)

	// Receive stores a batch of deliveries in one durable transaction. It returns a result for each delivery, in the
	// order of deliveries.
	//
	//   - If Receive returns an error, either nothing was stored or the response to the commit was lost.
	//   - If a result contains an error, the delivery was refused, or it repeats a stored delivery that could not be
	//     read.
	Receive(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
}

// TenantParam returns an SQL expression for the id of the tenant: a parameter.
func TenantParam(tenant uuid.UUID) clause.Expr {
	return clause.Expr{SQL: "?", Vars: []any{UUID(tenant)}}
}

// TenantColumn returns an SQL expression for the id of the tenant: a column.
func TenantColumn(name string) clause.Expr { return clause.Expr{SQL: name} }

// Values are SQL expressions whose values a statement reads in addition to others. The zero value contains none.
type Values struct {
	SQL     string // the expressions, separated by commas
	Args    []any  // the values of the question marks in SQL
	Columns []any  // pointers to the variables that are filled, one for each expression
}

// Read returns the statement that consists of before, the expressions, and after. It stores the last value that before
// selects in *position, and the values of the expressions in v.Columns.
func (v Values) Read(position *int64, before, after clause.Expr) Read {
	q := NewQueryOf(before)
	if v.SQL != "" {
		q.Add(", "+v.SQL, v.Args...)
	}
	q.AddExpr(after)
	return q.AsRead(append([]any{position}, v.Columns...), nothing)
}

// Nudge makes the workers of this process run pulls. It must not block. It may be nil.
type Nudge func(pulls ...domain.PullID)

// All passes each pull to the function, with one call per pull. It does nothing if the function is nil.
func (n Nudge) All(pulls []uuid.UUID) {
	if n == nil {
		return
	}
	for _, id := range pulls {
		n(domain.PullID{UUID: id})
	}
}

// SumPart is a part of the result of Dialect.DecimalSum.
type SumPart struct {
	SQL      string
	Exponent int32
}

// InsertedRow is a row that Dialect.ExecBoth inserts together with another change.
type InsertedRow struct {
	Into   string // the table and its columns, as in "t (a, b)"
	Values []any  // the values of the columns
}

// Tx is an open transaction.
type Tx struct {
	*gorm.DB
	// Enqueue makes workers run the pulls of the tenant when the transaction has committed. It has no effect if the
	// transaction is rolled back.
	Enqueue func(tenant uuid.UUID, pulls ...uuid.UUID) error
	// ExecAtCommit executes a statement with parameters $1, $2, … that returns no rows. The statement may be executed
	// as late as immediately before the commit. If it fails, either ExecAtCommit or Transact returns the error, and the
	// transaction is rolled back.
	ExecAtCommit func(sql string, args ...any) error
	// Read runs a SELECT in the transaction.
	Read func(Read) error
	// ReadAll runs several SELECTs, one after the other, and stops at the first error. If the database is on a server,
	// the SELECTs are sent together, so their arguments must not depend on each other's rows.
	ReadAll func(reads ...Read) error
}

// SnapshotTx is an open read-only transaction. All its reads see the state that the database had at the first read.
type SnapshotTx struct {
	*gorm.DB
	// Read runs a SELECT in the transaction. ctx bounds only this SELECT.
	Read func(ctx context.Context, r Read) error
}

// Rows runs a SELECT in the transaction. It is a QueryFunc.
func (tx SnapshotTx) Rows(ctx context.Context, text string, args, columns []any, take func() error) error {
	return tx.Read(ctx, Read{SQL: text, Args: args, Columns: columns, Take: take})
}

// Read is a SELECT with parameters $1, $2, …. The elements of Columns point to variables. For each row, these variables
// are filled, and then Take is called. See Dialect.Query for the details.
type Read struct {
	SQL     string
	Args    []any
	Columns []any
	Take    func() error
}
