package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

var _ gormstore.Dialect = Dialect{}

// Dialect implements gormstore.Dialect on PostgreSQL. The dialect of another package may embed it and override methods.
type Dialect struct {
	// PlainTenant makes TenantIs return a plain comparison. It is meant for a database that finds the server of a
	// statement by this comparison.
	PlainTenant bool

	db    *DB
	nudge gormstore.Nudge
}

// Dialect returns the dialect of the database. After each commit, it calls nudge with the pulls that the transaction
// has queued. The argument may be nil.
func (db *DB) Dialect(nudge gormstore.Nudge) Dialect { return Dialect{db: db, nudge: nudge} }

// Transact begins the transaction with pgx, on a connection from GORM's pool. After the commit, it passes the enqueued
// pulls to the Nudge function.
//
// The start of the transaction and the first reads are sent in one batch, and so are the statements of ExecAtCommit and
// the commit. If one of the statements fails, the server skips the rest of the batch, including the commit.
func (d Dialect) Transact(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
	conn, err := d.db.server(ctx).sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = raw(conn, func(c *pgx.Conn) error { return Rollback(ctx, c) }) }()
	err = raw(conn, func(c *pgx.Conn) error { return d.begin(ctx, c, first) })
	if err != nil {
		return err
	}
	session := d.session(ctx, conn)
	var last pgx.Batch
	session.ExecAtCommit = func(sql string, args ...any) error {
		last.Queue(sql, args...)
		return nil
	}
	var queued []uuid.UUID
	session.Enqueue = func(_ uuid.UUID, pulls ...uuid.UUID) error {
		queued = append(queued, pulls...)
		return nil
	}
	err = fn(session)
	if err != nil {
		return err
	}
	err = raw(conn, func(c *pgx.Conn) error { return commit(ctx, c, &last) })
	if err == nil {
		d.nudge.All(queued)
	}
	return err
}

// begin begins a transaction and runs the first reads. With a pooler, the transaction begins with several statements,
// which cannot be part of a batch.
func (d Dialect) begin(ctx context.Context, c *pgx.Conn, first []gormstore.Read) error {
	if len(first) > 0 && d.db.limits == "" {
		var batch pgx.Batch
		batch.Queue(d.db.begin)
		return sendReads(ctx, c, &batch, first)
	}
	if _, err := c.Exec(ctx, d.db.begin); err != nil {
		return err
	}
	return sendReads(ctx, c, &pgx.Batch{}, first)
}

// sendReads appends the reads to the batch, sends the batch, and processes the rows.
func sendReads(ctx context.Context, c *pgx.Conn, batch *pgx.Batch, reads []gormstore.Read) error {
	for _, r := range reads {
		batch.Queue(r.SQL, r.Args...).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, r.Columns, r.Take)
			return err
		})
	}
	if batch.Len() == 0 {
		return nil
	}
	return c.SendBatch(ctx, batch).Close()
}

// commit executes the last statements and commits the transaction.
func commit(ctx context.Context, c *pgx.Conn, last *pgx.Batch) error {
	last.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" { // the response of the server if an earlier statement has failed
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return c.SendBatch(ctx, last).Close()
}

// Snapshot uses the isolation level REPEATABLE READ, in which all statements share one snapshot.
func (d Dialect) Snapshot(ctx context.Context, timeout time.Duration, fn func(tx gormstore.SnapshotTx) error) error {
	start, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := d.db.server(ctx).sql.Conn(start)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	err = raw(conn, func(c *pgx.Conn) error {
		_, err := c.Exec(start, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"+d.db.limits)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = raw(conn, func(c *pgx.Conn) error { return Rollback(ctx, c) }) }()
	return fn(gormstore.SnapshotTx{
		DB: d.session(ctx, conn).DB,
		Read: func(ctx context.Context, r gormstore.Read) error {
			return d.session(ctx, conn).Read(r)
		},
	})
}

// rollbackTimeout bounds a rollback, because the server may have stopped responding. After the timeout, pgx
// closes the connection, which makes the server roll back.
const rollbackTimeout = time.Second

// Rollback ends the transaction of the connection; it does nothing if the transaction is already committed. It does
// not end with the caller's context, because the server must roll back even if the caller no longer waits.
func Rollback(ctx context.Context, c *pgx.Conn) error {
	const idle = 'I' // the status of a connection without an open transaction
	if c.PgConn().TxStatus() == idle {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_, err := c.Exec(ctx, "ROLLBACK")
	return err
}

// session returns a gormstore.Tx on the connection: statements run through GORM, and reads run through pgx.
func (d Dialect) session(ctx context.Context, conn *sql.Conn) gormstore.Tx {
	db := d.db.DB.Session(&gorm.Session{NewDB: true, Context: ctx})
	db.Statement.ConnPool = conn
	return gormstore.Tx{
		DB: db,
		Read: func(r gormstore.Read) error {
			return raw(conn, func(c *pgx.Conn) error {
				rows, _ := c.Query(ctx, r.SQL, r.Args...) // the error of Query is returned by ForEachRow
				_, err := pgx.ForEachRow(rows, r.Columns, r.Take)
				return err
			})
		},
		ReadAll: func(reads ...gormstore.Read) error {
			return raw(conn, func(c *pgx.Conn) error { return sendReads(ctx, c, &pgx.Batch{}, reads) })
		},
	}
}

// Query implements gormstore.Dialect.
func (d Dialect) Query(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return d.db.server(ctx).Query(ctx, sql, args, columns, fn)
}

// QueryTenant implements gormstore.Dialect.
func (d Dialect) QueryTenant(
	ctx context.Context, _ uuid.UUID, sql string, args, columns []any, fn func() error,
) error {
	return d.Query(ctx, sql, args, columns, fn)
}

// maxAttempts limits how often a query is sent. A query is sent again only if its connection turned out to be broken
// before anything was sent. For GORM's statements, database/sql makes the same number of attempts.
const maxAttempts = 3

// query runs a SELECT directly through pgx, which prepares each statement once per connection and reads results in
// binary form. For each row it fills the variables in columns and calls fn. See Dialect.Query for ErrStop.
func (s *Server) query(ctx context.Context, sql string, args, columns []any, fn func() error) (err error) {
	for range maxAttempts {
		if err = s.queryOnce(ctx, sql, args, columns, fn); err == nil || !pgconn.SafeToRetry(err) {
			break
		}
	}
	return err
}

// queryOnce sends the query once.
func (s *Server) queryOnce(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return s.withConn(ctx, func(conn *pgxpool.Conn) error {
		rows, _ := conn.Query(ctx, sql, args...) // ForEachRow returns the error of Query
		_, err := pgx.ForEachRow(rows, columns, func() error {
			err := fn()
			if errors.Is(err, gormstore.ErrStop) {
				CancelQuery(ctx, rows.Conn())
			}
			return err
		})
		return err
	})
}

// CancelQuery asks the server to end the query that the connection executes. Without it, pgx would read all remaining
// rows before it reuses the connection. An error is ignored: the rows are then read, which takes longer.
//
// The server has received the request when CancelQuery returns. The request can therefore not end a later query.
func CancelQuery(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = conn.PgConn().CancelRequest(ctx)
}

// raw calls fn with the pgx connection that a database/sql connection uses.
func raw(conn *sql.Conn, fn func(c *pgx.Conn) error) error {
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return errors.New("the connection pool is not one of pgx")
		}
		return fn(c.Conn())
	})
}

// AnyOf passes the values as one array. It passes a pointer to the slice, because GORM would
// expand the slice itself to a list of parameters.
func (Dialect) AnyOf(column string, values []string) clause.Expr {
	return clause.Expr{SQL: column + " = ANY(?)", Vars: []any{&values}}
}

// DecimalSum implements gormstore.Dialect.
func (Dialect) DecimalSum(column string) []gormstore.SumPart {
	return []gormstore.SumPart{{SQL: "CAST(sum(" + column + ") AS text)"}}
}

// HasTextIndex implements gormstore.Dialect. The migration creates the index only if it can create the extension
// pg_trgm; an operator can create it later.
func (Dialect) HasTextIndex() string {
	return "to_regclass('search_index_folded') IS NOT NULL"
}

// likeEscaper escapes the characters that have a meaning in a pattern.
var likeEscaper = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// TextMatch implements gormstore.Dialect.
func (Dialect) TextMatch(alias string, _ uuid.UUID, folded string) clause.Expr {
	return clause.Expr{SQL: alias + ".folded LIKE ?", Vars: []any{"%" + likeEscaper.Replace(folded) + "%"}}
}

// TextContains implements gormstore.Dialect.
func (Dialect) TextContains(column, text string) clause.Expr {
	return clause.Expr{SQL: "strpos(" + column + ", ?) > 0", Vars: []any{text}}
}

// UTCDay implements gormstore.Dialect.
func (Dialect) UTCDay(column string) string {
	return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
}

// UnixSeconds implements gormstore.Dialect.
func (Dialect) UnixSeconds(column string) string {
	return "floor(extract(epoch FROM " + column + "))::bigint"
}

// ContainsFold compares the bytes in their escaped form, because PostgreSQL has no lower() for bytes. The escaped form
// consists of ASCII characters only, and each byte is escaped by itself. The text is passed in hex, because GORM would
// expand bytes after a parenthesis to a list of numbers.
func (Dialect) ContainsFold(column string, text []byte) clause.Expr {
	return clause.Expr{
		SQL:  "position(encode(decode(?, 'hex'), 'escape') IN lower(encode(" + column + `, 'escape') COLLATE "C")) > 0`,
		Vars: []any{hex.EncodeToString(text)},
	}
}

// Scrub does nothing. PostgreSQL keeps old versions of rows until a VACUUM, but no query and no dump contains them.
func (Dialect) Scrub(context.Context) error { return nil }

// AnnouncedRemovals implements gormstore.Dialect. The result has no rows if the JSON of the delivery's scope has no
// member "removed", because json_array_elements_text returns no rows for NULL.
func (Dialect) AnnouncedRemovals(name string) string {
	return "json_array_elements_text(CAST(deliveries.scope AS json) -> 'removed') AS " + name + " (value)"
}

// EachAmount implements gormstore.Dialect.
func (Dialect) EachAmount(name string, amounts []string) clause.Expr {
	return clause.Expr{
		SQL: "unnest(CAST(CAST(? AS text[]) AS numeric[])) AS " + name + " (value)", Vars: []any{&amounts},
	}
}

// Lock implements gormstore.Dialect.
func (Dialect) Lock(strength string) string { return " FOR " + strength }

// LocksAcrossTenants implements gormstore.Dialect.
func (Dialect) LocksAcrossTenants() bool { return true }

// TenantIs implements gormstore.Dialect.
func (d Dialect) TenantIs(column, value string) string {
	if d.PlainTenant {
		return column + " = " + value
	}
	return gormstore.EqualUnindexed(column, value)
}

// ReadChangeSeq uses the id of the database transaction as the position in the change feed. PostgreSQL assigns the id
// when the transaction first writes. Transactions that write later have higher ids.
func (Dialect) ReadChangeSeq(
	tx gormstore.Tx, _ uuid.UUID, position *int64, values gormstore.Values, also ...gormstore.Read,
) error {
	read := values.Read(position, clause.Expr{SQL: "SELECT shift + " + ownID}, clause.Expr{SQL: " FROM feed"})
	return tx.ReadAll(append([]gormstore.Read{read}, also...)...)
}

// ownID is an SQL expression for the id of the current database transaction.
const ownID = "pg_current_xact_id()::text::bigint"

// connectionLocks is the first key of the advisory locks of connections. The second key is a hash of the connection's
// id. Connections with the same hash wait for each other, which is rare and harmless.
const connectionLocks = "3601"

// ShareConnection returns an SQL expression that takes a shared advisory lock. PostgreSQL releases the lock at the
// end of the transaction, so the lock also works through a pooler in transaction mode. Taking the lock writes
// nothing. The lock is taken on the server that evaluates the expression, which is the server with the tenant's rows.
func (Dialect) ShareConnection(connection string) string {
	return "pg_advisory_xact_lock_shared(" + connectionLocks + ", hashtext(" + connection + "::text)) IS NULL"
}

// ExcludeWriters implements gormstore.Dialect.
func (Dialect) ExcludeWriters(tx *gorm.DB, tenant, connection uuid.UUID) error {
	return tx.Exec("SELECT pg_advisory_xact_lock("+connectionLocks+
		", hashtext(id::text)) FROM connections WHERE id = ? AND tenant_id = ?", connection, tenant).Error
}

// JoinByHash implements gormstore.Dialect. It also forces PostgreSQL to plan prepared statements again, because their
// plans may come from an earlier transaction.
func (Dialect) JoinByHash(tx *gorm.DB) error {
	return tx.Exec("SELECT set_config('enable_nestloop', 'off', true), " +
		"set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)").Error
}

// ReplaceIndexed implements gormstore.Dialect. It uses COPY, because with so many rows an INSERT would spend most of
// its time on its parameters.
func (d Dialect) ReplaceIndexed(tx *gorm.DB, tenant uuid.UUID, outdated, added []gormstore.IndexedRow) error {
	if err := gormstore.DeleteIndexed(tx, d, tenant, outdated); err != nil || len(added) == 0 {
		return err
	}
	conn, ok := tx.Statement.ConnPool.(*sql.Conn)
	if !ok {
		return errors.New("rows are indexed outside of a transaction")
	}
	encoded := encodeIndexed(added)
	return raw(conn, func(c *pgx.Conn) error {
		_, err := c.PgConn().CopyFrom(tx.Statement.Context, bytes.NewReader(encoded), copyIndexed)
		return err
	})
}

// ReadByIndex implements gormstore.Dialect. It also forces PostgreSQL to plan prepared statements again, because a
// plan from an earlier transaction might read the whole table. It disables parallel workers, because starting them
// takes longer than running such a statement.
func (Dialect) ReadByIndex(tx *gorm.DB) error {
	return tx.Exec("SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), " +
		"set_config('enable_sort', 'off', true), " +
		"set_config('max_parallel_workers_per_gather', '0', true), " +
		"set_config('plan_cache_mode', 'force_custom_plan', true)").Error
}

// HasStatistics implements gormstore.Dialect.
func (Dialect) HasStatistics() bool { return true }

// tenantLocks is the first key of the advisory locks of tenants. The second key is a hash of the tenant's id.
const tenantLocks = "3602"

// LockTenant implements gormstore.Dialect.
func (Dialect) LockTenant(tx *gorm.DB, tenant uuid.UUID) error {
	return tx.Exec(LockTenantSQL, tenant.String()).Error
}

// LockTenantSQL is the SELECT with which LockTenant locks a tenant. Its parameter is the text of the tenant's id.
const LockTenantSQL = "SELECT pg_advisory_xact_lock(" + tenantLocks + ", hashtext(?))"

// VisibleBefore returns an SQL expression for a feed position. The position is the id of the oldest database
// transaction that is still running, plus the column shift of the table feed. Every transaction with a lower id has
// ended, with a commit or a rollback. The ids are assigned for the whole cluster, so the feed also waits for writers of
// other databases in the cluster.
func (Dialect) VisibleBefore(clause.Expr) clause.Expr { return clause.Expr{SQL: visibleBefore} }

const visibleBefore = "(SELECT shift + " + oldestRunning + " FROM feed)"

// oldestRunning is an SQL expression for the id of the oldest database transaction that is still running.
const oldestRunning = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

// FeedEnd returns a statement that reads the current end of the feed. All changes of database transactions that are
// still running have higher positions.
func (Dialect) FeedEnd(uuid.UUID) clause.Expr {
	return clause.Expr{SQL: "SELECT " + visibleBefore + " - 1 FROM feed"}
}

// FeedHold returns a statement that finds the oldest open database transaction that has written. The transaction may
// belong to another database of the cluster, or be a prepared transaction.
//
// The statement returns two columns:
//
//   - The id of the transaction. The feed withholds the changes of later transactions until this transaction ends. If
//     no later transaction has ended yet, the id is empty. Every role can read the id.
//   - The age of the transaction in seconds. If the role is not a member of pg_read_all_stats, the age ignores open
//     transactions of other roles.
func (Dialect) FeedHold() string {
	return `SELECT
		CASE WHEN pg_snapshot_xmin(now) < pg_snapshot_xmax(now) THEN pg_snapshot_xmin(now)::text ELSE '' END,
		coalesce((SELECT greatest(extract(epoch FROM clock_timestamp() - min(opened)), 0) FROM (
			SELECT xact_start FROM pg_stat_activity WHERE backend_xid IS NOT NULL
			UNION ALL SELECT prepared FROM pg_prepared_xacts) AS writers (opened)), 0)::float8
	FROM pg_current_snapshot() AS now`
}

// ReadOnly returns an expression that is true on a standby server and in a read-only transaction. After a switch-over,
// a connection may still be open although its server is now the standby.
func (Dialect) ReadOnly() string {
	return "pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
}

// EmptyWrite updates a table of one row, which is in every database.
func (Dialect) EmptyWrite() string { return "UPDATE feed SET shift = shift" }

// ExecBoth sends the given query and the INSERT of the row as one statement, to save a round trip. The query is in the
// WITH clause. The INSERT takes effect only if the query has changed a row.
func (d Dialect) ExecBoth(
	ctx context.Context, query string, args []any, row gormstore.InsertedRow,
) (sql.Result, error) {
	parameters := make([]string, len(row.Values))
	for i := range parameters {
		parameters[i] = "$" + strconv.Itoa(len(args)+i+1)
	}
	return d.db.server(ctx).sql.ExecContext(ctx, "WITH changed AS ("+query+" RETURNING 1) INSERT INTO "+row.Into+
		" SELECT "+strings.Join(parameters, ", ")+" WHERE EXISTS (SELECT FROM changed)",
		slices.Concat(args, row.Values)...)
}

// RejectsStored returns true, because new rows are written by COPY, which fails for a row that is
// stored already.
func (Dialect) RejectsStored() bool { return true }
