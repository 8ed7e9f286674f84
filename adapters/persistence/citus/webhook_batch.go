package citus

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive implements gormstore.Dialect. It stores the deliveries of each node in separate transactions, because a
// transaction over several nodes would be a two-phase commit. An error on one node does not affect the deliveries of
// other nodes.
func (d dialect) Receive(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	tenants, err := d.tenantsOf(ctx, deliveries)
	if err != nil {
		return nil, err
	}
	b := nodeBatch{dialect: d, all: deliveries, tenants: tenants, results: make([]gormstore.Result, len(deliveries))}
	byNode, placement := map[*node]map[*shard][]int{}, d.cluster.current()
	for i := range deliveries {
		tenant, ok := tenants[deliveries[i].Token]
		if !ok {
			b.results[i] = domain.RefusedWebhook()
			continue
		}
		n, s := d.cluster.coordinator, d.cluster.shardIn(ctx, placement, tenant)
		if s != nil {
			n = s.node
		}
		if byNode[n] == nil {
			byNode[n] = map[*shard][]int{}
		}
		byNode[n][s] = append(byNode[n][s], i)
	}
	var wg sync.WaitGroup
	for n, byShard := range byNode {
		wg.Go(func() { b.receive(ctx, n, byShard) })
	}
	wg.Wait()
	return b.results, nil
}

// serverOf returns the address of the node that stores the rows of the token's tenant, or "" if the node is not known
// without a query. See gormstore.Options.
func (d dialect) serverOf(p gormstore.PendingDelivery) string {
	if n := d.cluster.nodeOfToken(p.Token); n != nil {
		return n.address
	}
	return ""
}

// nodeBatch is a batch of webhook deliveries in a distributed database.
type nodeBatch struct {
	dialect
	all     []gormstore.PendingDelivery
	tenants map[domain.TokenHash]uuid.UUID
	results []gormstore.Result
}

// receive stores the deliveries of a node and sets their results. byShard contains the indexes of the deliveries for
// each shard. receive tries three ways, the fastest one first:
//
//   - all shards at once,
//   - one shard at a time,
//   - with the planner of Citus (the most general way).
func (b nodeBatch) receive(ctx context.Context, n *node, byShard map[*shard][]int) {
	parts := b.partsOf(byShard)
	lost := b.attachOnShards(ctx, n, parts)
	if lost != nil && b.mayRoute(lost) {
		lost = nil
	}
	routed := map[uuid.UUID][]int{}
	for _, p := range parts {
		if p.stored {
			continue
		}
		err := lost
		if err == nil {
			err = b.insertOnShard(ctx, n, p)
		}
		switch {
		case err == nil:
		case lost == nil && b.mayRoute(err):
			for _, i := range p.indexes {
				tenant := b.tenants[b.all[i].Token]
				routed[tenant] = append(routed[tenant], i)
			}
		default:
			b.fail(ctx, p.indexes, err)
		}
	}
	if len(routed) == 0 {
		return
	}
	err := gormstore.RetryOnConflict(func() error { return b.insertByTenant(ctx, n, routed) })
	if err != nil {
		for _, indexes := range routed {
			b.fail(ctx, indexes, err)
		}
	}
}

// fail sets err as the result of the deliveries with these indexes.
func (b nodeBatch) fail(ctx context.Context, indexes []int, err error) {
	err = gormstore.Translate(ctx, err)
	for _, i := range indexes {
		b.results[i] = gormstore.Result{Err: err}
	}
}

// insertByTenant stores the deliveries of tenants whose rows are on the node, in one transaction, and sets their
// results. byTenant contains the indexes of each tenant's deliveries. The tenants are stored in the order of their ids,
// so that two transactions never deadlock.
func (b nodeBatch) insertByTenant(ctx context.Context, n *node, byTenant map[uuid.UUID][]int) error {
	tenants := domain.SortedKeys(byTenant, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	var created newPulls
	err := pgx.BeginTxFunc(ctx, n.Pool, pgx.TxOptions{BeginQuery: b.db.BeginSQL()}, func(tx pgx.Tx) error {
		created = newPulls{}
		for _, tenant := range tenants {
			indexes := byTenant[tenant]
			own := make([]gormstore.PendingDelivery, len(indexes))
			for k, i := range indexes {
				own[k] = b.all[i]
			}
			receipt := routedTo(ctx, tx, tenant)
			receipt.Enqueue = created.add
			stored, err := receipt.Store(own)
			if err != nil {
				return err
			}
			for k, i := range indexes {
				b.results[i] = stored[k]
			}
		}
		return nil
	})
	if err == nil {
		b.nudgeAll(created)
	}
	return err
}

// newPulls contains the pulls that a transaction has created, and their tenants.
type newPulls map[uuid.UUID]uuid.UUID

// add is the function gormstore.Tx.Enqueue of the transaction.
func (n newPulls) add(tenant uuid.UUID, pulls ...uuid.UUID) error {
	for _, pull := range pulls {
		n[pull] = tenant
	}
	return nil
}

// nudgeAll makes workers run the new pulls.
func (d dialect) nudgeAll(created newPulls) {
	for pull, tenant := range created {
		d.pullTenants.Set(pull, tenant)
	}
	d.nudge.All(slices.Collect(maps.Keys(created)))
}

// tenantsOf returns the tenants of the deliveries' tokens, by token hash. The tenant of a token never changes, so it
// is remembered. A remembered token may have been revoked; the transaction that stores the delivery finds that out.
// The tenants of the other tokens are read from webhook_tokens, of which each node has a copy. The result omits those
// of the other tokens that are revoked or not stored.
func (d dialect) tenantsOf(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) (map[domain.TokenHash]uuid.UUID, error) {
	tenants := make(map[domain.TokenHash]uuid.UUID, len(deliveries))
	var unknown [][]byte
	for i := range deliveries {
		token := &deliveries[i].Token
		if tenant, ok := d.cluster.tokenTenants.Get(*token); ok {
			tenants[*token] = tenant
		} else {
			unknown = append(unknown, token[:])
		}
	}
	if len(unknown) == 0 {
		return tenants, nil
	}
	var hash []byte
	var tenant uuid.UUID
	const sql = "SELECT hash, tenant_id FROM webhook_tokens WHERE hash = ANY($1) AND revoked_at IS NULL"
	read := func(n *node) error {
		return n.Query(ctx, sql, []any{unknown}, []any{&hash, &tenant}, func() error {
			token := domain.TokenHash(hash)
			tenants[token] = tenant
			d.cluster.tokenTenants.Set(token, tenant)
			return nil
		})
	}
	err := read(d.cluster.anyNode())
	if err != nil { // the node may have failed, but the coordinator has a copy, too
		err = read(d.cluster.coordinator)
	}
	return tenants, err
}
