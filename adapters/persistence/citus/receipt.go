package citus

import (
	"bytes"
	"context"

	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// querier is a transaction, a pool, or a shardQuerier.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// receipt runs the statements that store webhooks and create the missing pulls. There are two kinds of receipts:
//
//   - The statements name the tables of a shard. The deliveries may then belong to several tenants of the shard.
//   - Citus plans the statements. They then compare the tenant with a parameter, by which Citus finds the shard.
type receipt struct {
	db     querier
	tenant uuid.UUID // zero if the statements name the tables of a shard
}

// routedTo returns a receipt for deliveries of one tenant whose statements are planned by Citus.
func routedTo(db querier, tenant uuid.UUID) receipt { return receipt{db, tenant} }

// onShard returns a receipt whose statements name the tables of a shard.
func onShard(db querier, s *shard) receipt { return receipt{db: shardQuerier{db, s}} }

// ofTenant returns the condition " AND column = $n", and args with the tenant appended as the parameter $n. If the
// statements name the tables of a shard, it returns an empty condition and args unchanged.
func (r receipt) ofTenant(column string, args ...any) (string, []any) {
	if r.tenant == uuid.Nil {
		return "", args
	}
	return " AND " + column + " = $" + strconv.Itoa(len(args)+1), append(args, plainID(r.tenant))
}

// insert stores deliveries, creates the missing pulls, and returns the deliveries with a new pull. r.db must be a
// transaction. The number of statements does not depend on the number of deliveries, except for the view of a receipt
// that Citus plans.
//
// Two transactions never deadlock, because insert takes its locks in a fixed order: connections, queued pulls, events.
// Errors: postgres.ErrConcurrentUpdate.
func (r receipt) insert(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) (results []gormstore.Result, created []*domain.PlannedDelivery, err error) {
	view := gormstore.NewWebhookView()
	if err := r.readView(ctx, gormstore.NamedReferences(deliveries), view); err != nil {
		return nil, nil, err
	}
	batch := postgres.PlanInLockOrder(deliveries, view)
	if err := r.lockReceivers(ctx, batch.Receivers); err != nil {
		return nil, nil, err
	}
	if err := r.lockQueuedPulls(ctx, batch.Planned); err != nil {
		return nil, nil, err
	}
	if err := r.insertDeliveries(ctx, batch.Planned); err != nil {
		return nil, nil, err
	}
	created = batch.NewPulls() // of the deliveries that were inserted, because duplicates must not queue a pull
	if err := r.insertPulls(ctx, created); err != nil {
		return nil, nil, err
	}
	if err := r.updateLastTokens(ctx, batch); err != nil {
		return nil, nil, err
	}
	if err := r.readEarlier(ctx, batch); err != nil {
		return nil, nil, err
	}
	return batch.Results(gormstore.ErrPruned), created, nil
}

// readView adds the rows of postgres.ViewQuery to the view.
func (r receipt) readView(ctx context.Context, named []gormstore.NamedReference, view domain.WebhookView) error {
	if r.tenant == uuid.Nil {
		sql, args, read := postgres.ViewQuery(named, view)
		rows, _ := r.db.Query(ctx, sql, args...) // read returns the error of Query
		return read(rows)
	}
	for i, n := range named {
		_, _, read := postgres.ViewQuery(named[i:i+1], view)
		digest := domain.DigestOfReference(n.Reference)
		rows, _ := r.db.Query(ctx, routedViewSQL, n.Token[:], n.Reference, digest[:], gormstore.MaxHolders,
			plainID(r.tenant))
		if err := read(rows); err != nil {
			return err
		}
	}
	return nil
}

// routedViewSQL is the variant of the statement of postgres.ViewQuery for one token ($1) of the tenant $5,
// with one account reference ($2).
const routedViewSQL = `
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

// lockReceivers locks the connections of a batch until the commit. A deletion of such a connection waits for the
// commit. The deletion therefore finds the new pulls of this batch, and marks them as failed. Errors:
// postgres.ErrConcurrentUpdate if a connection has been deleted since it was read, or has another account reference.
func (r receipt) lockReceivers(ctx context.Context, receivers []domain.Receiver) error {
	references := make(map[uuid.UUID]string, len(receivers))
	ids := make([]plainID, len(receivers))
	for i, receiver := range receivers {
		ids[i], references[receiver.Connection.UUID] = plainID(receiver.Connection.UUID), receiver.AccountRef
	}
	if len(ids) == 0 {
		return nil
	}
	ofTenant, args := r.ofTenant("tenant_id", ids)
	// ForEachRow returns the error of Query.
	rows, _ := r.db.Query(ctx, `SELECT id, account_ref FROM connections WHERE id = ANY($1) AND deleted_at IS NULL`+
		ofTenant+` ORDER BY id FOR KEY SHARE`, args...)
	var id uuid.UUID
	var reference string
	unchanged := 0
	_, err := pgx.ForEachRow(rows, []any{&id, &reference}, func() error {
		if references[id] == reference {
			unchanged++
		}
		return nil
	})
	if err == nil && unchanged < len(references) {
		err = postgres.ErrConcurrentUpdate
	}
	return err
}

// lockQueuedPulls locks the queued pulls of the planned deliveries, so that they cannot be claimed before the commit: a
// claim waits, and then reads the deliveries that were attached. Errors: postgres.ErrConcurrentUpdate if one of the
// pulls is no longer queued.
func (r receipt) lockQueuedPulls(ctx context.Context, planned []*domain.PlannedDelivery) error {
	var connections []plainID
	pulls := map[uuid.UUID]bool{}
	for _, p := range planned {
		if !p.Pull.IsZero() && !p.NewPull && !pulls[p.Pull.UUID] {
			pulls[p.Pull.UUID] = true
			connections = append(connections, plainID(p.Connection.UUID))
		}
	}
	if len(connections) == 0 {
		return nil
	}
	ofTenant, args := r.ofTenant("tenant_id", connections)
	// ForEachRow returns the error of Query.
	rows, _ := r.db.Query(ctx, `SELECT id FROM pulls WHERE connection_id = ANY($1) AND state = 'queued'`+
		ofTenant+` ORDER BY connection_id FOR SHARE`, args...)
	var pull uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&pull}, func() error {
		delete(pulls, pull)
		return nil
	})
	if err == nil && len(pulls) > 0 {
		err = postgres.ErrConcurrentUpdate
	}
	return err
}

// insertDeliveries stores the planned deliveries that are new, and sets their fields Inserted. A stored delivery is
// never overwritten. If a concurrent transaction is storing the same event, the statement waits. If that transaction
// commits, the event is a duplicate.
func (r receipt) insertDeliveries(ctx context.Context, planned []*domain.PlannedDelivery) error {
	rows := make([][]any, len(planned))
	byID := make(map[uuid.UUID]*domain.PlannedDelivery, len(planned))
	for i, p := range planned {
		byID[p.ID.UUID] = p
		var pull *plainID
		if !p.Pull.IsZero() {
			pull = (*plainID)(&p.Pull.UUID)
		}
		rows[i] = []any{
			plainID(p.ID.UUID), plainID(p.Tenant.UUID), plainID(p.Connection.UUID), string(p.Vendor), p.Event,
			p.EventID, p.Fingerprint[:], p.Body, p.ScopeText, string(p.Status), pull, p.ReceivedAt,
		}
	}
	return insertValues(ctx, r.db, `INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id,
			fingerprint, body, scope, status, pull_id, received_at)`,
		" ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id", rows,
		func(id uuid.UUID) { byID[id].Inserted = true })
}

// insertPulls queues a pull for each of the deliveries. Errors: postgres.ErrConcurrentUpdate if another transaction has
// queued one of the pulls since the batch was planned.
func (r receipt) insertPulls(ctx context.Context, missing []*domain.PlannedDelivery) error {
	rows := make([][]any, len(missing))
	for i, p := range missing {
		rows[i] = []any{
			plainID(p.Pull.UUID), plainID(p.Tenant.UUID), plainID(p.Connection.UUID), string(p.Vendor),
			string(domain.TriggerWebhook), p.Trace, "queued", "", "", 0, 0, 0, 0, 0, 0, 0, "", p.ReceivedAt,
		}
	}
	created := 0
	err := insertValues(ctx, r.db, `INSERT INTO pulls (id, tenant_id, connection_id, vendor, trigger, trace, state,
			scope, progress, seen_accounts, seen_rows, added, modified, removed, unchanged, attempts, last_error,
			created_at)`,
		" ON CONFLICT (connection_id, tenant_id) WHERE state = 'queued' DO NOTHING RETURNING id", rows,
		func(uuid.UUID) { created++ })
	if err == nil && created < len(missing) {
		err = postgres.ErrConcurrentUpdate
	}
	return err
}

// updateLastTokens stores for each connection the token with which its last webhook arrived. It writes only
// connections for which another token or none is stored.
func (r receipt) updateLastTokens(ctx context.Context, batch *domain.WebhookBatch) error {
	changed := map[domain.ConnectionID]*domain.PlannedDelivery{}
	for _, p := range batch.Planned {
		if p.Inserted && p.NewToken && (changed[p.Connection] == nil ||
			changed[p.Connection].ReceivedAt.Before(p.ReceivedAt)) {
			changed[p.Connection] = p
		}
	}
	rows := make([][]any, 0, len(changed))
	for _, p := range changed {
		rows = append(rows, []any{plainID(p.Connection.UUID), plainID(p.Tenant.UUID), plainID(p.Token.UUID)})
	}
	slices.SortFunc(rows, func(a, b []any) int {
		x, y := a[0].(plainID), b[0].(plainID)
		return bytes.Compare(x[:], y[:])
	})
	return insertValues(ctx, r.db, "INSERT INTO last_webhook_tokens (connection_id, tenant_id, token_id)",
		" ON CONFLICT (connection_id, tenant_id) DO UPDATE SET token_id = excluded.token_id RETURNING connection_id",
		rows, func(uuid.UUID) {})
}

// readEarlier sets the field Earlier of each planned delivery whose event was stored before this batch. The field
// contains the stored delivery of the event, without body and scope.
func (r receipt) readEarlier(ctx context.Context, batch *domain.WebhookBatch) error {
	var connections []plainID
	var fingerprints [][]byte
	for _, p := range batch.Planned {
		if !p.Inserted {
			connections = append(connections, plainID(p.Connection.UUID))
			fingerprints = append(fingerprints, p.Fingerprint[:])
		}
	}
	if len(connections) == 0 {
		return nil
	}
	ofTenant, args := r.ofTenant("d.tenant_id", connections, fingerprints)
	// CollectRows returns the error of Query.
	rows, _ := r.db.Query(ctx, `
		SELECT `+gormstore.SummaryColumns+`
		FROM deliveries d JOIN unnest($1::uuid[], $2::bytea[]) AS repeated (connection_id, fingerprint)
			ON repeated.connection_id = d.connection_id AND repeated.fingerprint = d.fingerprint
		LEFT JOIN pulls p ON p.id = d.pull_id AND p.tenant_id = d.tenant_id
		WHERE true`+ofTenant, args...)
	earlier, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Delivery, error) {
		targets, delivery := gormstore.SummaryTargets()
		err := row.Scan(targets...)
		return delivery(), err
	})
	for _, delivery := range earlier {
		batch.SetEarlier(delivery)
	}
	return err
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
