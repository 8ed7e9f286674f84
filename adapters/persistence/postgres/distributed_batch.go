package postgres

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// receiveByNode stores a batch in a distributed database. It stores the deliveries of each node in separate
// transactions, because a transaction over several nodes would be a two-phase commit. An error on one node does not
// affect the deliveries of other nodes.
func (d dialect) receiveByNode(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	tenants, err := d.tenantsOf(ctx, deliveries)
	if err != nil {
		return nil, err
	}
	b := nodeBatch{dialect: d, all: deliveries, tenants: tenants, results: make([]gormstore.Result, len(deliveries))}
	byNode, placement := map[*node]map[*shard][]int{}, d.db.cluster.current()
	for i := range deliveries {
		tenant, ok := tenants[deliveries[i].Token]
		if !ok {
			b.results[i] = domain.RefusedWebhook()
			continue
		}
		n, s := d.db.cluster.coordinator, d.db.cluster.shardIn(ctx, placement, tenant)
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

// ServerOf implements gormstore.Dialect. It returns the address of the node that stores the rows of the token's
// tenant, or "" if the node is not known without a query.
func (d dialect) ServerOf(p gormstore.PendingDelivery) string {
	if d.db.distributed {
		if n := d.db.cluster.nodeOfToken(p.Token); n != nil {
			return n.address
		}
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
	err := retryOnConflict(func() error { return b.insertByTenant(ctx, n, routed, b.all, b.results) })
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
func (d dialect) insertByTenant(
	ctx context.Context, n *node, byTenant map[uuid.UUID][]int, all []gormstore.PendingDelivery,
	results []gormstore.Result,
) error {
	tenants := slices.SortedFunc(maps.Keys(byTenant), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	var pulls []uuid.UUID
	err := pgx.BeginTxFunc(ctx, n.pool, pgx.TxOptions{BeginQuery: d.db.begin}, func(tx pgx.Tx) error {
		for _, tenant := range tenants {
			indexes := byTenant[tenant]
			own := make([]gormstore.PendingDelivery, len(indexes))
			for k, i := range indexes {
				own[k] = all[i]
			}
			stored, created, err := d.insertIn(ctx, tx, tenant, own)
			if err != nil {
				return err
			}
			pulls = append(pulls, created...)
			for k, i := range indexes {
				results[i] = stored[k]
			}
		}
		return nil
	})
	if err == nil {
		d.nudge.All(pulls)
	}
	return err
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
		if tenant, ok := d.db.cluster.tokenTenants.get(*token); ok {
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
		return query(ctx, n.pool, sql, []any{unknown}, []any{&hash, &tenant}, func() error {
			token := domain.TokenHash(hash)
			tenants[token] = tenant
			d.db.cluster.tokenTenants.set(token, tenant)
			return nil
		})
	}
	err := read(d.db.cluster.anyNode())
	if err != nil { // the node may have failed, but the coordinator has a copy, too
		err = read(d.db.cluster.coordinator)
	}
	return tenants, err
}

// ofTenant returns the condition " AND column = $n", and args with the tenant appended as the parameter $n, if the
// database is distributed. Otherwise it returns an empty condition and args unchanged.
func (d dialect) ofTenant(column string, tenant uuid.UUID, args ...any) (string, []any) {
	if !d.routed() {
		return "", args
	}
	return " AND " + column + " = $" + strconv.Itoa(len(args)+1), append(args, plainID(tenant))
}

// readDistributedView is the variant of readView for a distributed database. It adds the rows to the view. Each of its
// statements compares the tenant with a parameter, so that Citus sends it to the server of the tenant.
func (d dialect) readDistributedView(
	ctx context.Context, db querier, tenant uuid.UUID, named []gormstore.NamedReference, view domain.WebhookView,
) error {
	for _, n := range named {
		digest := domain.DigestOfReference(n.Reference)
		// CollectRows returns the error of Query.
		rows, _ := db.Query(ctx, distributedViewSQL, n.Token[:], n.Reference, digest[:], gormstore.MaxHolders,
			plainID(tenant))
		bound, err := pgx.CollectRows(rows, scanBound)
		if err != nil {
			return err
		}
		for _, r := range bound {
			r.Hash = n.Token
			r.Add(view, n.Reference)
		}
	}
	return nil
}

// distributedViewSQL is the variant of viewSQL for one token ($1) of the tenant $5, with one account reference ($2).
const distributedViewSQL = `
SELECT 1, t.id, t.tenant_id, t.vendor, t.source_hash, c.id = t.connection_id, c.id, c.base_url, c.account_ref,
	c.created_at, p.id, l.token_id,
	EXISTS (SELECT FROM account_references r WHERE r.digest = $3 AND r.tenant_id = $5 AND r.erased)
FROM webhook_tokens t
JOIN connections c ON c.tenant_id = $5 AND c.deleted_at IS NULL AND (c.id = t.connection_id
	OR $2 <> '' AND c.vendor = t.vendor AND lower(c.account_ref COLLATE "C") = lower($2 COLLATE "C"))
LEFT JOIN pulls p ON p.connection_id = c.id AND p.tenant_id = $5 AND p.state = 'queued'
LEFT JOIN last_webhook_tokens l ON l.connection_id = c.id AND l.tenant_id = $5
WHERE t.hash = $1 AND t.tenant_id = $5 AND t.revoked_at IS NULL
ORDER BY c.id <> t.connection_id, c.created_at, c.id LIMIT $4 + 1`

// insertDeliveryValues is the variant of insertDeliveries for a distributed database. It uses insertValues.
func insertDeliveryValues(ctx context.Context, tx querier, planned []*domain.PlannedDelivery) error {
	rows := make([][]any, len(planned))
	columns := newDeliveryRows(planned)
	for i := range planned {
		rows[i] = []any{
			columns.ids[i], columns.tenants[i], columns.connections[i], columns.vendors[i], columns.events[i],
			columns.eventIDs[i], columns.fingerprints[i], columns.bodies[i], columns.scopes[i], columns.statuses[i],
			columns.pulls[i], columns.received[i],
		}
	}
	return insertValues(ctx, tx, `INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id,
			fingerprint, body, scope, status, pull_id, received_at)`,
		" ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id", rows,
		func(id uuid.UUID) { columns.byID[id].Inserted = true })
}

// insertPullValues is the variant of insertMissing for a distributed database. It uses insertValues.
func insertPullValues(
	ctx context.Context,
	tx querier,
	missing []*domain.PlannedDelivery,
) (created []uuid.UUID, err error) {
	rows := make([][]any, len(missing))
	for i, p := range missing {
		rows[i] = []any{
			plainID(p.Pull.UUID), plainID(p.Tenant.UUID), plainID(p.Connection.UUID), string(p.Vendor),
			string(domain.TriggerWebhook), p.Trace, "queued", "", "", 0, 0, 0, 0, 0, 0, 0, "", p.ReceivedAt,
		}
	}
	err = insertValues(ctx, tx, `INSERT INTO pulls (id, tenant_id, connection_id, vendor, trigger, trace, state, scope,
			progress, seen_accounts, seen_rows, added, modified, removed, unchanged, attempts, last_error, created_at)`,
		" ON CONFLICT (connection_id, tenant_id) WHERE state = 'queued' DO NOTHING RETURNING id", rows,
		func(id uuid.UUID) { created = append(created, id) })
	return created, err
}

// insertValues inserts rows with INSERT … VALUES. Citus sends such an INSERT directly to the server of the tenant.
// For an INSERT … SELECT, Citus would first read the rows on the coordinator.
//
// The statement consists of three parts: head, the rows, and tail. It must return ids, and insertValues calls fn with
// each id. The number of rows in a statement is a power of two, so that a connection prepares only a few different
// statements.
func insertValues(
	ctx context.Context, tx querier, head, tail string, rows [][]any, fn func(id uuid.UUID),
) error {
	for size := maxValues; len(rows) > 0; size /= 2 {
		for len(rows) >= size {
			if err := insertRows(ctx, tx, head, tail, rows[:size], fn); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// maxValues is the maximum number of rows in one INSERT of insertValues.
const maxValues = 256

func insertRows(
	ctx context.Context, tx querier, head, tail string, rows [][]any, fn func(id uuid.UUID),
) error {
	var text strings.Builder
	text.WriteString(head)
	args := make([]any, 0, len(rows)*len(rows[0]))
	for i, row := range rows {
		text.WriteString(map[bool]string{true: " VALUES (", false: ", ("}[i == 0])
		for j, value := range row {
			if j > 0 {
				text.WriteString(", ")
			}
			args = append(args, value)
			text.WriteString("$" + strconv.Itoa(len(args)))
		}
		text.WriteString(")")
	}
	text.WriteString(tail)
	inserted, _ := tx.Query(ctx, text.String(), args...) // ForEachRow returns the error of Query
	var id uuid.UUID
	_, err := pgx.ForEachRow(inserted, []any{&id}, func() error {
		fn(id)
		return nil
	})
	return err
}
