package postgres

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Receive stores the deliveries as one batch, like the store's committer.
func (db *DB) Receive(ctx context.Context, nudge gormstore.Nudge,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return dialect{db: db, nudge: nudge}.Receive(ctx, deliveries)
}

// ServerOf returns the address of the server that stores a delivery with the token, or "" if it is not known.
func (db *DB) ServerOf(token domain.TokenHash) string {
	return dialect{db: db}.ServerOf(gormstore.PendingDelivery{IncomingDelivery: ports.IncomingDelivery{Token: token}})
}

// ChangeSeq returns the position of the transaction in the tenant's change feed. It returns 0 if RaiseFeed must be
// called first.
func (db *DB) ChangeSeq(ctx context.Context, tx pgx.Tx, tenant uuid.UUID) (position int64, err error) {
	q := gormstore.NewQueryOf(dialect{db: db}.ChangeSeq(tenant, "0"))
	var ignored int
	err = tx.QueryRow(ctx, q.String(), q.Args...).Scan(&position, &ignored)
	return position, err
}

// Traced is like Open, but calls tracer for every statement and does not apply the settings of Open.
func Traced(ctx context.Context, c Config, tracer pgx.QueryTracer) (*DB, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	db, err := newDB(pool, "", c.Timeout)
	if err == nil {
		db.distribute = c.Distribute
	}
	return db, err
}

// Pools returns the connection pools of all servers that have been used.
func (db *DB) Pools() []*pgxpool.Pool {
	pools := []*pgxpool.Pool{db.Pool}
	if db.cluster != nil {
		db.cluster.mu.Lock()
		defer db.cluster.mu.Unlock()
		for _, n := range db.cluster.nodes {
			pools = append(pools, n.pool)
		}
	}
	return pools
}

// Distributed reports whether the tables are distributed.
func (db *DB) Distributed() bool { return db.distributed }

// TransactionLimits returns the lock timeout and the idle timeout of the store's transactions.
func (db *DB) TransactionLimits(t testing.TB) (lock, idle string) {
	t.Helper()
	err := pgx.BeginTxFunc(t.Context(), db.Pool, pgx.TxOptions{BeginQuery: db.begin}, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(),
			"SELECT current_setting($1), current_setting($2)", lockTimeout, idleTimeout).Scan(&lock, &idle)
	})
	if err != nil {
		t.Fatal(err)
	}
	return lock, idle
}

// MigrationLockTimeout returns the lock timeout that is in effect during a migration.
func (db *DB) MigrationLockTimeout(t testing.TB) (limit string) {
	t.Helper()
	const text = "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout;\n"
	provider, err := db.provider(fstest.MapFS{"migrations/99999_seen.sql": {Data: []byte(text)}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Pool.QueryRow(t.Context(), "SELECT lock_timeout FROM seen").Scan(&limit); err != nil {
		t.Fatal(err)
	}
	return limit
}

// ConnectTimeout returns the connect timeout of the connections to a URL.
func ConnectTimeout(url string) (time.Duration, error) {
	config, _, err := parse(Config{URL: url})
	if err != nil {
		return 0, err
	}
	return config.ConnConfig.ConnectTimeout, nil
}

// Placed is a cluster with its own pool, for tests of the placement of shards.
type Placed struct{ c *cluster }

// NewPlaced returns a cluster that reaches its coordinator through the pool. It also reads the placement.
func NewPlaced(pool *pgxpool.Pool, onUnreachable func(address string, err error)) Placed {
	p := Placed{newCluster(newNode(pool), onUnreachable)}
	p.Load()
	return p
}

// Load reads the placement.
func (p Placed) Load() { p.c.load() }

// Port returns the port of the server to which statements about the tenant are sent.
func (p Placed) Port(ctx context.Context, tenant uuid.UUID) uint16 {
	return p.c.nodeOfTenant(ctx, tenant).pool.Config().ConnConfig.Port
}

// Close closes the pools of the nodes and the pool of the coordinator.
func (p Placed) Close() error { return errors.Join(p.c.close(), p.c.coordinator.close()) }

// FeedServer identifies a server and its timeline, which changes when a standby takes over.
type FeedServer struct {
	ID       int64
	Timeline int32
}

// RaiseFeedRow returns the columns shift and reserved of a tenant's row in tenant_feeds after a call of RaiseFeed.
// here is the server of the writer that calls RaiseFeed. The other arguments are the state before the call:
//
//   - row is the server in the stored row.
//   - shift and reserved are columns of the stored row.
//   - own is the id of the writer's transaction, and oldest is the id of the oldest running transaction.
//   - common is the column shift of the table feed.
//   - prepared reports whether a prepared transaction has not ended.
func RaiseFeedRow(row, here FeedServer, shift, reserved, own, oldest, common int64, prepared bool) (
	newShift, newReserved int64, err error,
) {
	s := feedState{
		server: row.ID, timeline: row.Timeline, shift: shift, reserved: reserved, here: here.ID,
		hereTimeline: here.Timeline, own: own, oldest: oldest, common: common, prepared: prepared,
	}
	err = s.raise()
	return s.shift, s.reserved, err
}
