// Package citus implements the stores on PostgreSQL with the extension Citus (12.1), which distributes the tables over
// several servers by tenant. It is meant for a service that outgrows one server.
//
// The package embeds the dialect of package postgres and overrides what differs on several servers:
//
//   - A statement about one tenant compares tenant_id with a parameter, by which Citus finds the rows (TenantIs). It is
//     sent to the server with the rows of the tenant (nodes.go).
//   - The most frequent statements name the tables of a shard directly (shard.go).
//   - Webhooks are stored separately on each server (webhook_batch.go, shard_batch.go).
//   - The position in the change feed comes from the server of the tenant (tenant_feed.go).
package citus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
)

// Config contains the settings of a distributed database.
type Config struct {
	// Distribute makes Migrate distribute the tables over the workers of the cluster. The database must be the one on
	// the coordinator. A database whose tables are already distributed is recognised without this setting.
	Distribute bool
	// OnUnreachable is called when a node of the cluster cannot be reached at its address. It is not called again
	// before the node has been reached. Meanwhile, the statements for the node go through the coordinator.
	// OnUnreachable may be nil.
	OnUnreachable func(address string, err error)
}

// DB is an open database whose tables are distributed, or will be by Migrate.
type DB struct {
	*postgres.DB

	config  Config
	store   *postgres.Store
	cluster *cluster // nil as long as the tables are not distributed
}

// Open finds out whether the tables of db are distributed. It returns nil if they are not, and if Migrate is not to
// distribute them. Otherwise, Close of the returned DB also closes db.
func Open(ctx context.Context, db *postgres.DB, c Config) (*DB, error) {
	distributed, err := areDistributed(ctx, db)
	if err != nil || !distributed && !c.Distribute {
		return nil, err
	}
	d := &DB{DB: db, config: c}
	if distributed {
		d.connect()
	}
	return d, nil
}

// connect makes the store send the statements of a tenant to the tenant's node.
func (db *DB) connect() {
	db.cluster = newCluster(db.Main(), db.config.OnUnreachable)
	db.Route(func(ctx context.Context) *postgres.Server { return db.cluster.nodeOf(ctx).Server })
}

// Migrate brings the schema up to date, and distributes the tables that are not distributed yet. Several processes may
// call it at the same time. It does not continue the change feed after a restore in another cluster (see
// postgres.DB.ContinueFeed), because the servers have no common transaction ids.
func (db *DB) Migrate(ctx context.Context) error {
	if err := db.MigrateSchema(ctx, db.distributeTables); err != nil {
		return err
	}
	if db.cluster == nil {
		db.connect()
	}
	return nil
}

// Store returns the stores. See postgres.DB.Store.
func (db *DB) Store(nudge gormstore.Nudge) *postgres.Store {
	if db.cluster == nil { // the schema is up to date, but nothing has distributed the tables
		return db.DB.Store(nudge)
	}
	d := db.dialect(nudge)
	db.store = db.StoreWith(gormstore.Options{
		Dialect: d, PullTenants: d.pullTenants, ServerOf: d.serverOf, OnReadOnly: db.cluster.reset,
	})
	return db.store
}

// Close closes the store and the pools of all nodes.
func (db *DB) Close() error {
	if db.cluster == nil {
		return db.DB.Close()
	}
	if db.store != nil {
		db.store.Close()
	}
	return errors.Join(db.cluster.close(), db.DB.Close())
}

// dialect implements gormstore.Dialect on a distributed database.
type dialect struct {
	postgres.Dialect

	db          *DB
	cluster     *cluster
	nudge       gormstore.Nudge
	pullTenants *gormstore.Remembered[uuid.UUID, uuid.UUID] // see gormstore.Options
}

func (db *DB) dialect(nudge gormstore.Nudge) dialect {
	d := dialect{
		Dialect: db.Dialect(nudge), db: db, cluster: db.cluster, nudge: nudge,
		pullTenants: &gormstore.Remembered[uuid.UUID, uuid.UUID]{},
	}
	d.PlainTenant = true
	return d
}

// LocksAcrossTenants implements gormstore.Dialect. Citus cannot lock rows of several servers with one statement.
func (dialect) LocksAcrossTenants() bool { return false }

// LockTenant implements gormstore.Dialect. It takes the lock on the server that stores the tenant's rows.
func (dialect) LockTenant(tx *gorm.DB, tenant uuid.UUID) error {
	lock := onServerOf(tenant, postgres.LockTenantSQL, tenant.String())
	return tx.Exec(lock.SQL, lock.Vars...).Error
}

// onServerOf returns the given SELECT as an expression that runs on the tenant's server. The SELECT reads the state of
// the server's transactions or takes a lock of the server. Each server has its own transaction ids and locks.
//
// onServerOf adds a condition on the tenant that is always true. It makes Citus send the whole statement to the
// tenant's server, in the same transaction as the other statements about the tenant.
func onServerOf(tenant uuid.UUID, statement string, args ...any) clause.Expr {
	statement += " WHERE (SELECT count(*) FROM (SELECT FROM connections WHERE tenant_id = ? LIMIT 1) AS own) >= 0"
	return clause.Expr{SQL: statement, Vars: append(args, plainID(tenant))}
}

// UpsertTransactions implements gormstore.Dialect. If a COPY violates a unique key, Citus reports an internal error
// with the message of the server that stores the rows.
func (d dialect) UpsertTransactions(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	err := d.Dialect.UpsertTransactions(tx, rows)
	const internalError = "XX000"
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && e.Code == internalError &&
		strings.Contains(e.Message, "duplicate key value violates unique constraint") {
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	}
	return err
}

// plainID is an id in the form that pgx encodes fastest. See package postgres.
type plainID = [16]byte
