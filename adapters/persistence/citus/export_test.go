package citus

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Receive stores the deliveries as one batch, like the store's committer.
func (db *DB) Receive(ctx context.Context, nudge gormstore.Nudge,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return db.dialect(nudge).Receive(ctx, deliveries)
}

// OnlyRoute makes the store send all statements through the planner of Citus.
func (db *DB) OnlyRoute() { db.cluster.onlyRouted.Store(true) }

// LoadPlacement reads the placement of the shards.
func (db *DB) LoadPlacement() { db.cluster.load() }

// ServerOf returns the address of the server that stores a delivery with the token, or "" if it is not known.
func (db *DB) ServerOf(token domain.TokenHash) string {
	return db.dialect(nil).serverOf(gormstore.PendingDelivery{IncomingDelivery: ports.IncomingDelivery{Token: token}})
}

// ChangeSeq returns the position of the transaction in the tenant's change feed. It returns 0 if the feed must be
// raised first.
func ChangeSeq(ctx context.Context, tx pgx.Tx, tenant uuid.UUID) (position int64, err error) {
	q := changeSeq(tenant, &position, gormstore.Values{})
	err = tx.QueryRow(ctx, q.SQL, q.Args...).Scan(q.Columns...)
	return position, err
}

// Pools returns the connection pools of all servers that have been used.
func (db *DB) Pools() []*pgxpool.Pool {
	pools := []*pgxpool.Pool{db.Pool}
	db.cluster.mu.Lock()
	defer db.cluster.mu.Unlock()
	for _, n := range db.cluster.nodes {
		pools = append(pools, n.Pool)
	}
	return pools
}

// Placed is a cluster with its own pool, for tests of the placement of shards.
type Placed struct{ c *cluster }

// NewPlaced returns a cluster that reaches its coordinator through the pool. It also reads the placement.
func NewPlaced(pool *pgxpool.Pool, onUnreachable func(address string, err error)) Placed {
	p := Placed{newCluster(postgres.NewServer(pool), onUnreachable)}
	p.Load()
	return p
}

// Load reads the placement.
func (p Placed) Load() { p.c.load() }

// Port returns the port of the server to which statements about the tenant are sent.
func (p Placed) Port(ctx context.Context, tenant uuid.UUID) uint16 {
	return p.c.nodeOfTenant(ctx, tenant).Pool.Config().ConnConfig.Port
}

// Close closes the pools of the nodes and the pool of the coordinator.
func (p Placed) Close() error { return errors.Join(p.c.close(), p.c.coordinator.Close()) }

// FeedServer identifies a server and its timeline, which changes when a standby takes over.
type FeedServer struct {
	ID       int64
	Timeline int32
}

// RaiseFeedRow returns the columns shift and reserved of a tenant's row in tenant_feeds after a call of raiseFeed.
// here is the server of the writer that calls raiseFeed. The other arguments are the state before the call:
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

// ReceiveRouted stores a batch of webhooks of one tenant in a transaction, with the statements that Citus plans. The
// database need not be distributed. It returns the new pulls, too.
func ReceiveRouted(
	ctx context.Context, pool *pgxpool.Pool, tenant uuid.UUID, batch []gormstore.PendingDelivery,
) (results []gormstore.Result, pulls []domain.PullID, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		receipt := routedTo(ctx, tx, tenant)
		receipt.Enqueue = func(_ uuid.UUID, created ...uuid.UUID) error {
			for _, id := range created {
				pulls = append(pulls, domain.PullID{UUID: id})
			}
			return nil
		}
		results, err = receipt.Store(batch)
		return err
	})
	return results, pulls, err
}
