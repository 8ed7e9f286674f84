package citus

import (
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// In a distributed database, the rows of a tenant can move to another server: when their shard is moved, a standby
// takes over, or a server is restored. The transaction ids of the new server may be lower than those of the old one.
// Each tenant therefore has its own row in tenant_feeds, on the same server as its other rows. See the migration for
// its columns.
//
// These rules keep the feed complete:
//
//   - The row of a tenant in tenant_feeds names a server and its timeline. A transaction uses the column shift only
//     if it runs on this server and timeline. Otherwise it first calls raiseFeed.
//   - raiseFeed sets shift such that all later positions are at least the old value of the column reserved. All
//     earlier positions are lower.
//   - If the row names another server, a reader gets all changes below reserved, because all writers of that server
//     have ended. A transaction with a position holds a lock of Citus, and the move of a shard waits for this lock.

// systemID is an SQL expression that identifies a server. It is the same on a primary server and on its standbys.
const systemID = "(pg_control_system()).system_identifier"

// timeline is an SQL expression for the number of the server's timeline. The number changes with each promotion of a
// standby and each recovery to a point in time. It must not be evaluated on a standby.
const timeline = "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer"

// reservation is the number of positions that raiseFeed reserves.
const reservation = 1 << 40

// ownID is an SQL expression for the id of the current database transaction. oldestRunning is an SQL expression for the
// id of the oldest database transaction of the server that is still running.
const (
	ownID         = "pg_current_xact_id()::text::bigint"
	oldestRunning = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
)

// ReadChangeSeq implements gormstore.Dialect. If the row of the tenant in tenant_feeds must be raised first,
// ReadChangeSeq raises it and reads the position again.
func (d dialect) ReadChangeSeq(
	tx gormstore.Tx, tenant uuid.UUID, position *int64, values gormstore.Values, also ...gormstore.Read,
) error {
	read := changeSeq(tenant, position, values)
	if err := tx.Read(read); err != nil {
		return err
	}
	if *position == 0 {
		if err := raiseFeed(tx, tenant); err != nil {
			return err
		}
		if err := tx.Read(read); err != nil {
			return err
		}
		if *position == 0 {
			return errors.New("the transaction has no position in the change feed")
		}
	}
	if len(also) == 0 {
		return nil
	}
	return tx.ReadAll(also...)
}

// changeSeq returns the statement that reads the position of the transaction, and the values. The position is 0 if
// raiseFeed must be called first.
//
// The UPDATE never finds a row. It only makes Citus take the lock that every writer takes. The move of a shard waits
// for this lock, and therefore for the end of the transaction. A SELECT would not take the lock.
func changeSeq(tenant uuid.UUID, position *int64, values gormstore.Values) gormstore.Read {
	ofTenant := []any{plainID(tenant)}
	return values.Read(position, clause.Expr{
		SQL: "WITH locked AS (UPDATE tenant_feeds SET shift = shift WHERE tenant_id = ? AND reserved < 0 RETURNING 1)" +
			" SELECT coalesce(max(CASE WHEN server = " + systemID + " AND timeline = " + timeline +
			" AND shift + " + ownID + " < reserved THEN shift + " + ownID + " END), 0)",
		Vars: ofTenant,
	}, clause.Expr{SQL: " FROM tenant_feeds WHERE tenant_id = ?", Vars: ofTenant})
}

// VisibleBefore implements gormstore.Dialect. If the tenant is a column, a condition on this column that is always true
// makes Citus evaluate the whole expression on the servers that store the rows, and not on the coordinator.
//
// A tenant without a row has only positions from before the distribution. Its first position after the distribution
// begins at the shift of the table feed.
func (dialect) VisibleBefore(tenant clause.Expr) clause.Expr {
	condition := "true"
	if len(tenant.Vars) == 0 {
		condition = tenant.SQL + " IS NOT NULL"
	}
	return clause.Expr{
		SQL: "coalesce((SELECT CASE WHEN f.server = " + systemID + " THEN least(f.shift + " + oldestRunning +
			", f.reserved) ELSE f.reserved END FROM tenant_feeds f WHERE f.tenant_id = " + tenant.SQL + ")," +
			" (SELECT shift + " + oldestRunning + " FROM feed WHERE " + condition + "))",
		Vars: tenant.Vars,
	}
}

// FeedEnd implements gormstore.Dialect.
func (d dialect) FeedEnd(tenant uuid.UUID) clause.Expr {
	visible := d.VisibleBefore(gormstore.TenantParam(tenant))
	return onServerOf(tenant, "SELECT "+visible.SQL+" - 1 FROM feed", visible.Vars...)
}

// FeedHold returns a statement that finds the oldest transaction of all workers; see postgres.Dialect.FeedHold.
func (d dialect) FeedHold() string {
	return `SELECT split_part(result, ' ', 1), split_part(result, ' ', 2)::float8 FROM run_command_on_workers(
		$hold$SELECT writer || ' ' || age FROM (` + d.Dialect.FeedHold() + `) AS hold (writer, age)$hold$)
		WHERE success ORDER BY 2 DESC LIMIT 1`
}

// feedState is the state of a tenant's feed and of its server.
type feedState struct {
	server, shift, reserved int64
	timeline                int32

	here         int64 // system identifier of the server
	hereTimeline int32
	own, oldest  int64 // ids of the current and the oldest running transaction
	common       int64 // column shift of the table feed
	prepared     bool  // whether a prepared transaction has not ended
}

// selectFeedState selects and locks the row of the tenant $1.
const selectFeedState = "SELECT f.server, f.timeline, f.shift, f.reserved, " + systemID + ", " + timeline + ", " +
	ownID + ", " + oldestRunning + ", (SELECT shift FROM feed)," +
	" EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())" +
	" FROM tenant_feeds f WHERE f.tenant_id = $1 FOR UPDATE"

// raiseFeed gives this transaction and all later transactions of the tenant higher feed positions than all earlier
// transactions. It may wait for other transactions of the tenant. Errors: Unavailable, if the transaction must be
// repeated later.
func raiseFeed(tx gormstore.Tx, tenant uuid.UUID) error {
	s, err := readFeedState(tx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		err = tx.Exec("INSERT INTO tenant_feeds (tenant_id, server, timeline, shift, reserved) VALUES (?, 0, 0, 0, 0)"+
			" ON CONFLICT (tenant_id) DO NOTHING", tenant).Error
		if err == nil {
			s, err = readFeedState(tx, tenant)
		}
	}
	if err != nil {
		return err
	}
	if err := s.raise(); err != nil {
		return err
	}
	return tx.Exec("UPDATE tenant_feeds SET server = ?, timeline = ?, shift = ?, reserved = ? WHERE tenant_id = ?",
		s.server, s.timeline, s.shift, s.reserved, tenant).Error
}

// readFeedState locks the row of the tenant and reads it. Errors: pgx.ErrNoRows.
func readFeedState(tx gormstore.Tx, tenant uuid.UUID) (s feedState, err error) {
	err = pgx.ErrNoRows
	failed := tx.Read(gormstore.Read{
		SQL: selectFeedState, Args: []any{plainID(tenant)},
		Columns: []any{
			&s.server, &s.timeline, &s.shift, &s.reserved, &s.here, &s.hereTimeline, &s.own, &s.oldest, &s.common,
			&s.prepared,
		},
		Take: func() error {
			err = nil
			return nil
		},
	})
	if failed != nil {
		err = failed
	}
	return s, err
}

// errPrepared is the error of a writer on a server that has taken over, while a transaction of its predecessor is still
// prepared for a two-phase commit. Citus ends such transactions within a minute.
var errPrepared = errors.New("a prepared transaction of the database has not ended")

// raise computes the new row of the tenant.
func (s *feedState) raise() error {
	switch {
	case s.server == s.here && s.timeline == s.hereTimeline:
		if s.shift+s.own < s.reserved {
			return nil // another transaction has updated the row
		}
	case s.reserved == 0: // the first position of the tenant
		s.shift = s.common
	case s.server == s.here && s.prepared:
		return gormstore.Unavailable(errPrepared) // later positions would hide those of the prepared transaction
	default:
		s.shift = s.reserved - s.oldest
	}
	s.server, s.timeline = s.here, s.hereTimeline
	s.reserved = s.shift + s.own + reservation
	return nil
}
