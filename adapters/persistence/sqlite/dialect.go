package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

var _ gormstore.Dialect = dialect{}

// dialect implements gormstore.Dialect on SQLite.
type dialect struct {
	db    *DB
	nudge gormstore.Nudge
}

// Transact waits for the only writing connection, and then for the lock on the file. The database stores no jobs for
// the enqueued pulls. Instead, Transact passes these pulls to the Nudge function after the commit.
//
// The commit and the last statement of ExecAtCommit are sent in one call of the driver. The context of this call must
// never end. If it ended, the driver might skip a statement without an error.
func (d dialect) Transact(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
	return d.transact(ctx, false, fn, first)
}

// transact is Transact. webhooks is true if the transaction stores webhooks (see writerQueue).
func (d dialect) transact(
	ctx context.Context, webhooks bool, fn func(tx gormstore.Tx) error, first []gormstore.Read,
) error {
	conn, release, err := d.db.writer(ctx, webhooks)
	if err != nil {
		return err
	}
	defer release()
	uninterrupted := context.WithoutCancel(ctx)
	if _, err := conn.ExecContext(uninterrupted, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			rollback(ctx, conn)
		}
	}()
	readAll := func(reads ...gormstore.Read) error {
		for _, r := range reads {
			if err := each(ctx, conn, r.SQL, r.Args, r.Columns, r.Take); err != nil {
				return err
			}
		}
		return nil
	}
	if err := readAll(first...); err != nil {
		return err
	}
	var queued []uuid.UUID
	var last statement
	err = fn(gormstore.Tx{
		DB: d.session(ctx, conn),
		Enqueue: func(_ uuid.UUID, pulls ...uuid.UUID) error {
			queued = append(queued, pulls...)
			return nil
		},
		ExecAtCommit: func(sql string, args ...any) (err error) {
			if last.sql != "" {
				_, err = conn.ExecContext(ctx, last.sql, last.args...)
			}
			last = statement{sql, args}
			return err
		},
		Read:    func(r gormstore.Read) error { return readAll(r) },
		ReadAll: readAll,
	})
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	if _, err := conn.ExecContext(uninterrupted, last.sql+"; COMMIT", last.args...); err != nil {
		return err
	}
	committed = true
	d.nudge.All(queued)
	return nil
}

// statement is a statement that returns no rows.
type statement struct {
	sql  string
	args []any
}

// session returns a GORM handle that uses the connection.
func (d dialect) session(ctx context.Context, conn *sql.Conn) *gorm.DB {
	db := d.db.DB.Session(&gorm.Session{NewDB: true, Context: ctx})
	db.Statement.ConnPool = conn
	return db
}

// rollback rolls back the connection's transaction. If that fails, it closes the connection.
func rollback(ctx context.Context, conn *sql.Conn) {
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the pool closes the connection
	}
}

// Snapshot uses a connection from the pool of snapshots. It begins the transaction with a separate statement, because
// the method BeginTx of the driver would take the write lock. During the transaction, the write-ahead log keeps the
// rows that the transaction reads.
//
// A database in memory has only one connection and no write-ahead log. With such a database, the transaction reads a
// copy, because fn may run long and may call other methods of the store.
func (d dialect) Snapshot(ctx context.Context, timeout time.Duration, fn func(tx gormstore.SnapshotTx) error) error {
	start, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	pool := d.db.snapshots
	if pool == nil {
		copied, err := d.db.copyMemory(start)
		if err != nil {
			return err
		}
		defer func() { _ = copied.Close() }()
		pool = copied
	}
	conn, err := pool.Conn(start)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(start, "BEGIN DEFERRED"); err != nil {
		return err
	}
	defer rollback(ctx, conn)
	return fn(gormstore.SnapshotTx{DB: d.session(ctx, conn), Read: func(ctx context.Context, r gormstore.Read) error {
		return each(ctx, conn, r.SQL, r.Args, r.Columns, r.Take)
	}})
}

// Query uses the pool of readers, so that it can run at the same time as the writer. A database in memory has no such
// pool, so Query uses the writer.
func (d dialect) Query(ctx context.Context, text string, args, columns []any, fn func() error) error {
	return each(ctx, cmp.Or(d.db.readers, d.db.Writer), text, args, columns, fn)
}

type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// each runs a query and calls fn for every row. Before each call, it fills the variables to which columns points.
func each(ctx context.Context, db querier, text string, args, columns []any, fn func() error) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// AnyOf passes the values as one JSON array. With one parameter per value, each number of values would need a different
// statement. In addition, SQLite limits the number of parameters.
func (dialect) AnyOf(column string, values []string) clause.Expr {
	list, _ := json.Marshal(values)
	return clause.Expr{SQL: column + " IN (SELECT value FROM json_each(?))", Vars: []any{string(list)}}
}

// DecimalSum sums the digits of the amounts in groups of 9 digits, as integers. SQLite has no exact decimals, and a sum
// of integers must not exceed 63 bits. An amount has at most 19 digits before the point, and 19 after it.
func (dialect) DecimalSum(column string) []gormstore.SumPart {
	const digits = 9
	sign := "CASE WHEN " + column + " LIKE '-%' THEN -1 ELSE 1 END"
	plain := "ltrim(" + column + ", '-')"
	point := "instr(" + plain + " || '.', '.')"
	before := "(substr('000000000000000000000000000', " + point + ") || substr(" + plain + ", 1, " + point + " - 1))"
	after := "(substr(" + plain + ", " + point + " + 1) || '000000000000000000000000000')"
	var parts []gormstore.SumPart
	add := func(text string, start int, exponent int32) {
		sql := fmt.Sprintf("CAST(sum(%s * CAST(substr(%s, %d, %d) AS INTEGER)) AS TEXT)", sign, text, start, digits)
		parts = append(parts, gormstore.SumPart{SQL: sql, Exponent: exponent})
	}
	for group := range int32(3) {
		add(before, int(group)*digits+1, 18-group*digits)
		add(after, int(group)*digits+1, -(group+1)*digits)
	}
	return parts
}

// HasTextIndex implements gormstore.Dialect.
func (dialect) HasTextIndex() string { return "true" }

// TextMatch searches the terms of the text as a phrase, which finds exactly the tenant's texts that contain it.
func (dialect) TextMatch(alias string, tenant uuid.UUID, folded string) clause.Expr {
	return clause.Expr{
		SQL:  alias + ".id IN (SELECT rowid FROM search_texts WHERE search_texts MATCH ?)",
		Vars: []any{`"` + searchTerms(tenant.String(), folded) + `"`},
	}
}

// TextContains implements gormstore.Dialect.
func (dialect) TextContains(column, text string) clause.Expr {
	return clause.Expr{SQL: "instr(" + column + ", ?) > 0", Vars: []any{text}}
}

// UTCDay implements gormstore.Dialect.
func (dialect) UTCDay(column string) string { return "date(" + column + " / 1000000, 'unixepoch')" }

// UnixSeconds implements gormstore.Dialect.
func (dialect) UnixSeconds(column string) string { return column + " / 1000000" }

// ContainsFold implements gormstore.Dialect. The function lower of SQLite changes ASCII letters only.
func (dialect) ContainsFold(column string, text []byte) clause.Expr {
	return clause.Expr{
		SQL:  "instr(CAST(lower(CAST(" + column + " AS TEXT)) AS BLOB), ?) > 0",
		Vars: []any{text},
	}
}

// AnnouncedRemovals implements gormstore.Dialect.
func (dialect) AnnouncedRemovals(name string) string {
	return "json_each(deliveries.scope, '$.removed') AS " + name
}

// EachAmount implements gormstore.Dialect.
func (dialect) EachAmount(name string, amounts []string) clause.Expr {
	list, _ := json.Marshal(amounts)
	return clause.Expr{SQL: "json_each(?) AS " + name, Vars: []any{string(list)}}
}

// ForUpdate returns "", because the transaction already holds the write lock.
func (dialect) Lock(string) string { return "" }

// LocksAcrossTenants implements gormstore.Dialect.
func (dialect) LocksAcrossTenants() bool { return true }

// TenantIs implements gormstore.Dialect.
func (dialect) TenantIs(column, value string) string { return gormstore.EqualUnindexed(column, value) }

// ReadChangeSeq increments a counter. The new value is the feed position of the current database transaction. There is
// one writer at a time, so positions are assigned in the order of commits.
func (dialect) ReadChangeSeq(
	tx gormstore.Tx, _ uuid.UUID, position *int64, values gormstore.Values, also ...gormstore.Read,
) error {
	read := values.Read(position, clause.Expr{SQL: "UPDATE feed SET tx = tx + 1 RETURNING tx"}, clause.Expr{})
	return tx.ReadAll(append([]gormstore.Read{read}, also...)...)
}

// LockTenant does nothing, because there is only one writer at a time.
func (dialect) LockTenant(*gorm.DB, uuid.UUID) error { return nil }

// JoinByHash does nothing, because SQLite supports only nested loops. It has no statistics and prefers the index with
// the most conditions.
func (dialect) JoinByHash(*gorm.DB) error { return nil }

// The statements that insert and change rows of the search index. Their parameter is a JSON array of rows. Each row is
// an array of the columns in this order.
const (
	insertIndexed = `INSERT INTO search_index
		(transaction_id, connection_id, date, amount, currency, status, folded, tenant_id, account_amount)
	SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
		value ->> 8
	FROM jsonb_each(?)`
	updateIndexed = `UPDATE search_index SET connection_id = value ->> 1, date = value ->> 2, amount = value ->> 3,
		currency = value ->> 4, status = value ->> 5, account_amount = value ->> 8
	FROM jsonb_each(?) WHERE transaction_id = value ->> 0 AND tenant_id = value ->> 7`
)

// ReplaceIndexed implements gormstore.Dialect. A row whose text does not change is updated, because its terms of
// search_texts would have to be deleted one by one. All rows are inserted with one statement, because SQLite writes the
// new terms to the database at the start of each statement, and many small writes must be merged later.
func (d dialect) ReplaceIndexed(tx *gorm.DB, tenant uuid.UUID, outdated, added []gormstore.IndexedRow) error {
	texts := make(map[uuid.UUID]string, len(outdated))
	for _, row := range outdated {
		texts[row.Transaction] = row.Folded
	}
	var updated, inserted []gormstore.IndexedRow
	for _, row := range added {
		if text, isStored := texts[row.Transaction]; isStored && text == row.Folded {
			updated = append(updated, row)
			delete(texts, row.Transaction)
		} else {
			inserted = append(inserted, row)
		}
	}
	deleted := slices.DeleteFunc(slices.Clone(outdated), func(row gormstore.IndexedRow) bool {
		_, isOutdated := texts[row.Transaction]
		return !isOutdated
	})
	if err := gormstore.DeleteIndexed(tx, d, tenant, deleted); err != nil {
		return err
	}
	if err := execIndexed(tx, updateIndexed, updated); err != nil {
		return err
	}
	return execIndexed(tx, insertIndexed, inserted)
}

// execIndexed runs a statement with rows of the search index.
func execIndexed(tx *gorm.DB, statement string, rows []gormstore.IndexedRow) error {
	if len(rows) == 0 {
		return nil
	}
	values := make([][9]string, len(rows))
	for i, r := range rows {
		values[i] = [9]string{
			r.Transaction.String(), r.Connection.String(), r.Date, r.Amount, r.Currency, r.Status, r.Folded,
			r.Tenant.String(), r.AccountAmount,
		}
	}
	list, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return tx.Exec(statement, string(list)).Error
}

// ReadByIndex does nothing. SQLite looks up ids by an index wherever it has one.
func (dialect) ReadByIndex(*gorm.DB) error { return nil }

// HasStatistics returns false: the service does not collect statistics on SQLite.
func (dialect) HasStatistics() bool { return false }

// ShareConnection returns a constant and takes no lock, because there is only one writer at a time.
func (dialect) ShareConnection(string) string { return "false" }

// ExcludeWriters does nothing, because there is one writer at a time.
func (dialect) ExcludeWriters(*gorm.DB, uuid.UUID, uuid.UUID) error { return nil }

// VisibleBefore returns the largest integer as the limit, so that no change is excluded. There is only one writer, so
// when a change can be read, every change at a lower position is committed.
func (dialect) VisibleBefore(clause.Expr) clause.Expr { return clause.Expr{SQL: "9223372036854775807"} }

// QueryTenant implements gormstore.Dialect.
func (d dialect) QueryTenant(
	ctx context.Context, _ uuid.UUID, sql string, args, columns []any, fn func() error,
) error {
	return d.Query(ctx, sql, args, columns, fn)
}

// FeedEnd returns a statement that reads the position of the last change. The position is the counter that
// ReadChangeSeq increments.
func (dialect) FeedEnd(uuid.UUID) clause.Expr { return clause.Expr{SQL: "SELECT tx FROM feed"} }

// FeedHold implements gormstore.Dialect. There is only one writer, so no other writer can delay the feed.
func (dialect) FeedHold() string { return "SELECT '', 0.0" }

// ReadOnly implements gormstore.Dialect.
func (dialect) ReadOnly() string { return "false" }

// EmptyWrite sets a number in the header of the file that only applications use; this service does not. SQLite writes
// the page even if the number is the same, which it does not do for an UPDATE.
func (dialect) EmptyWrite() string { return "PRAGMA user_version = 0" }

// ExecBoth executes the two statements in a transaction, with two calls of the driver. One statement cannot do both,
// because a WITH clause of SQLite may contain only queries.
//
// The context of the calls must never end. If it ended, the driver might skip a statement without an error. After each
// error, ExecBoth calls rollback. If the transaction has not begun, rollback fails and closes the connection.
func (d dialect) ExecBoth(
	ctx context.Context, query string, args []any, row gormstore.InsertedRow,
) (result sql.Result, err error) {
	conn, release, err := d.db.writer(ctx, false)
	if err != nil {
		return nil, err
	}
	defer release()
	defer func() {
		if err != nil {
			rollback(ctx, conn)
		}
	}()
	uninterrupted := context.WithoutCancel(ctx)
	result, err = conn.ExecContext(uninterrupted, "BEGIN IMMEDIATE; "+query, args...)
	if err != nil {
		return nil, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return nil, err
	}
	var last statement
	if n > 0 {
		last = statement{
			"INSERT INTO " + row.Into + " VALUES (?" + strings.Repeat(", ?", len(row.Values)-1) + ")",
			row.Values,
		}
	}
	_, err = conn.ExecContext(uninterrupted, last.sql+"; COMMIT", last.args...)
	return result, err
}

// RejectsStored returns false: UpsertTransactions does not fail if a row is already stored, because it writes every row
// by an upsert.
func (dialect) RejectsStored() bool { return false }
