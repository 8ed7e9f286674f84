package postgres

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// tenantsAtOnce is the number of tenants of one batch whose deliveries are stored concurrently.
const tenantsAtOnce = 4

// receiveByTenant stores a batch in a distributed database, with one transaction for each tenant. A transaction over
// several tenants would be a two-phase commit on several servers. An error for one tenant does not affect the other
// tenants.
func (d dialect) receiveByTenant(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	tenants, err := d.tenantsOf(ctx, deliveries)
	if err != nil {
		return nil, err
	}
	results := make([]gormstore.Result, len(deliveries))
	byTenant := map[uuid.UUID][]int{}
	for i := range deliveries {
		if tenant, ok := tenants[deliveries[i].Token]; ok {
			byTenant[tenant] = append(byTenant[tenant], i)
		} else {
			results[i] = domain.RefusedWebhook()
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, tenantsAtOnce)
	for tenant, indexes := range byTenant {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			d.receiveOfTenant(ctx, tenant, deliveries, indexes, results)
		})
	}
	wg.Wait()
	return results, nil
}

// receiveOfTenant stores the deliveries with these indexes and sets their results.
func (d dialect) receiveOfTenant(
	ctx context.Context, tenant uuid.UUID, all []gormstore.PendingDelivery, indexes []int, results []gormstore.Result,
) {
	own := make([]gormstore.PendingDelivery, len(indexes))
	for n, i := range indexes {
		own[n] = all[i]
	}
	var stored []gormstore.Result
	err := retryOnConflict(func() (err error) {
		stored, err = d.insertBatch(ctx, tenant, own)
		return err
	})
	err = gormstore.Translate(ctx, err)
	for n, i := range indexes {
		if err != nil {
			results[i].Err = err
		} else {
			results[i] = stored[n]
		}
	}
}

// tenantsOf returns the tenants of the deliveries' live tokens, by token hash. It reads the coordinator's copy of the
// tokens.
func (d dialect) tenantsOf(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) (map[domain.TokenHash]uuid.UUID, error) {
	hashes := make([][]byte, len(deliveries))
	for i := range deliveries {
		hashes[i] = deliveries[i].Token[:]
	}
	tenants := make(map[domain.TokenHash]uuid.UUID, len(deliveries))
	var hash []byte
	var tenant uuid.UUID
	const sql = "SELECT hash, tenant_id FROM webhook_tokens WHERE hash = ANY($1) AND revoked_at IS NULL"
	err := query(ctx, d.db.Pool, sql, []any{hashes}, []any{&hash, &tenant}, func() error {
		tenants[domain.TokenHash(hash)] = tenant
		return nil
	})
	return tenants, err
}

// ofTenant returns the condition " AND column = $n", and args with the tenant appended as the parameter $n, if the
// database is distributed. Otherwise it returns an empty condition and args unchanged.
func (d dialect) ofTenant(column string, tenant uuid.UUID, args ...any) (string, []any) {
	if !d.db.distributed {
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
		rows, err := db.Query(ctx, distributedViewSQL, n.Token[:], n.Reference, digest[:], gormstore.MaxHolders,
			plainID(tenant))
		if err != nil {
			return err
		}
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

// distributedViewSQL is the variant of viewSQL for one reference $2 of the tenant $5.
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

// insertValues inserts rows of constants. Citus sends such an INSERT directly to the server of the tenant. For an
// INSERT … SELECT, Citus would first read the rows on the coordinator.
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
	inserted, err := tx.Query(ctx, text.String(), args...)
	if err != nil {
		return err
	}
	var id uuid.UUID
	_, err = pgx.ForEachRow(inserted, []any{&id}, func() error {
		fn(id)
		return nil
	})
	return err
}
