package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

var _ gormstore.Dialect = dialect{}

// dialect implements gormstore.Dialect on PostgreSQL.
type dialect struct {
	db      *DB
	enqueue Enqueue
	reads   *readBatcher
}

// Transact begins the transaction with pgx on a connection of GORM's, so that both can write in it:
// the stores through GORM, the job queue through pgx.
func (d dialect) Transact(ctx context.Context, fn func(tx gormstore.Tx) error) error {
	conn, err := d.db.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var tx pgx.Tx
	err = raw(conn, func(c *pgx.Conn) (err error) {
		tx, err = c.Begin(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := rollbackContext(ctx)
		defer cancel()
		_ = raw(conn, func(*pgx.Conn) error { return tx.Rollback(ctx) })
	}()
	session := d.session(ctx, conn)
	session.Enqueue = func(pulls ...uuid.UUID) error {
		return raw(conn, func(*pgx.Conn) error { return d.jobs(ctx, tx, pulls) })
	}
	err = fn(session)
	if err != nil {
		return err
	}
	return raw(conn, func(*pgx.Conn) error { return tx.Commit(ctx) })
}

// rollbackTimeout bounds a rollback, because the server may have stopped responding: pgx closes a
// connection on which it timed out, and the server then rolls back by itself.
const rollbackTimeout = time.Second

// rollbackContext returns the context of a rollback, which runs even if the caller's has ended.
func rollbackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
}

// session returns GORM, and reads by pgx, on the connection.
func (d dialect) session(ctx context.Context, conn *sql.Conn) gormstore.Tx {
	db := d.db.DB.Session(&gorm.Session{NewDB: true, Context: ctx})
	db.Statement.ConnPool = conn
	return gormstore.Tx{DB: db, Read: func(r gormstore.Read) error {
		return raw(conn, func(c *pgx.Conn) error {
			rows, _ := c.Query(ctx, r.SQL, r.Args...) // its error is the rows' too
			_, err := pgx.ForEachRow(rows, r.Columns, r.Take)
			return err
		})
	}}
}

// Query implements gormstore.Dialect.
func (d dialect) Query(ctx context.Context, sql string, args, columns []any, take func() error) error {
	return query(ctx, d.db.Pool, sql, args, columns, take)
}

// QueryBatched implements gormstore.Dialect.
func (d dialect) QueryBatched(ctx context.Context, sql string, args, columns []any, take func() error) error {
	return d.reads.query(ctx, sql, args, columns, take)
}

// maxAttempts bounds how often a query is sent, if its connection turns out to be broken before the
// query was sent; database/sql retries as often for GORM.
const maxAttempts = 3

// query calls pgx directly: the statement is prepared once per connection, and results are scanned in
// their binary form.
func query(ctx context.Context, pool *pgxpool.Pool, sql string, args, columns []any, take func() error) (err error) {
	for range maxAttempts {
		rows, _ := pool.Query(ctx, sql, args...) // its error is the rows' too
		if _, err = pgx.ForEachRow(rows, columns, take); err == nil || !pgconn.SafeToRetry(err) {
			break
		}
	}
	return err
}

// jobs inserts the jobs of pulls in the transaction, if the store has a job queue.
func (d dialect) jobs(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	if d.enqueue == nil || len(pulls) == 0 {
		return nil
	}
	return d.enqueue(ctx, tx, pulls)
}

// raw calls fn with the pgx connection below a database/sql one.
func raw(conn *sql.Conn, fn func(c *pgx.Conn) error) error {
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return errors.New("the connection pool is not one of pgx")
		}
		return fn(c.Conn())
	})
}

// AnyOf passes the values as one array; by pointer, because GORM expands a plain slice.
func (dialect) AnyOf(column string, values []string) clause.Expr {
	return clause.Expr{SQL: column + " = ANY(?)", Vars: []any{&values}}
}

// ForUpdate implements gormstore.Dialect.
func (dialect) ForUpdate() string { return " FOR UPDATE" }

// ChangeSeq uses the transaction's id, which PostgreSQL assigns in the order of first writes, as its
// position in the change feed.
func (dialect) ChangeSeq() string {
	return "SELECT shift + pg_current_xact_id()::text::bigint FROM feed"
}

// VisibleBefore is derived from the oldest transaction that still runs: every transaction with a lower
// id has ended, and its changes are visible or never will be. Ids belong to the whole cluster, so the
// feed also waits for writers of other databases.
func (dialect) VisibleBefore() string {
	return "(SELECT shift + pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM feed)"
}

// ReadOnly is true on a standby, too: a connection may survive a switch-over.
func (dialect) ReadOnly() string {
	return "pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
}

// RejectsStored returns true: new rows are written by COPY, which does not overwrite.
func (dialect) RejectsStored() bool { return true }

// AttachedDeliveries reads the index over pulls.
func (dialect) AttachedDeliveries(pull domain.Pull) clause.Expr {
	return clause.Expr{SQL: "SELECT ask, received_at, id FROM deliveries WHERE pull_id = ?", Vars: []any{pull.ID.UUID}}
}
