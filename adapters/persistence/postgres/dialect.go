package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// dialect is what differs from SQLite.
type dialect struct {
	db      *DB
	enqueue Enqueue
}

// seams hands the differences to the shared stores.
func (d dialect) seams() gormstore.Dialect {
	// The horizon: every transaction with an id below the oldest one that still runs has
	// ended, and what it wrote can be read or never will be. Ids are the cluster's: writers
	// of other databases are waited for too.
	return gormstore.Dialect{
		Transact: d.transact, Page: d.page, Query: d.query, Lookup: newGatherer(d).query, AnyOf: anyOf, ChangeSeq: stamp, ForUpdate: " FOR UPDATE",
		Strict: true, SaveTransactions: save, SaveContentHashes: saveSources, FindChanged: d.strange, Receive: d.Receive, Joined: joined,
		// So is a standby in a switch-over; a connection may outlive the change.
		ReadOnly:      "pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean",
		VisibleBefore: "(SELECT shift + pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM feed)",
	}
}

// transact begins the transaction with pgx on a connection of GORM's, so that both can
// write in it: the stores through GORM, the queue of jobs through pgx.
func (d dialect) transact(ctx context.Context, fn func(tx gormstore.Tx) error) error {
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
		ctx, cancel := leaving(ctx)
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

// rollbackTime bounds a rollback, for the server may have stopped answering: pgx closes a
// connection that it has waited on in vain, and the server then rolls back by itself.
const rollbackTime = time.Second

// leaving is the time that a rollback has, whether the caller's has ended or not.
func leaving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
}

// session is GORM, and reads beside it, on the connection.
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

// attempts bounds how often a query is sent anew because its connection had broken before;
// database/sql does as much for GORM.
const attempts = 3

// query goes to pgx directly: the statement is prepared once a connection, and what comes
// back is read in its binary form.
func (d dialect) query(ctx context.Context, sql string, args, columns []any, take func() error) (err error) {
	for range attempts {
		rows, _ := d.db.Pool.Query(ctx, sql, args...) // its error is the rows' too
		if _, err = pgx.ForEachRow(rows, columns, take); err == nil || !pgconn.SafeToRetry(err) {
			break
		}
	}
	return err
}

// jobs runs the queue's insert in the transaction.
func (d dialect) jobs(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	if d.enqueue == nil || len(pulls) == 0 {
		return nil
	}
	return d.enqueue(ctx, tx, pulls)
}

// raw hands out the pgx connection below a database/sql one.
func raw(conn *sql.Conn, fn func(c *pgx.Conn) error) error {
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return errors.New("the pool is not of pgx")
		}
		return fn(c.Conn())
	})
}

// anyOf passes one array; behind a pointer, because GORM spreads a plain slice.
func anyOf(column string, values []string) clause.Expr {
	return clause.Expr{SQL: column + " = ANY(?)", Vars: []any{&values}}
}

// stamp takes the transaction's id, which PostgreSQL hands out in the order of first
// writes, as its place in the feed.
const stamp = "SELECT shift + pg_current_xact_id()::text::bigint FROM feed"

// joined looks at the index over pulls.
func joined(pull domain.Pull) clause.Expr {
	return clause.Expr{SQL: "SELECT ask, received_at, id FROM deliveries WHERE pull_id = ?", Vars: []any{pull.ID.UUID}}
}
