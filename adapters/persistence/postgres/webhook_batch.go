package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive stores a batch of webhook deliveries. Usually every delivery finds a queued pull, and one statement is enough
// (the fast path, attach). If a pull is missing, gormstore.Receipt also queues the pull (the slow path).
func (d Dialect) Receive(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	results, err := d.attachAll(ctx, deliveries)
	if err != nil || results != nil {
		return results, err
	}
	return Receipt(gormstore.Tx{}).Receive(ctx, d.Transact, deliveries)
}

// Receipt returns the receipt whose statements run in the transaction.
func Receipt(tx gormstore.Tx) gormstore.Receipt {
	return gormstore.Receipt{Tx: tx, SelectBound: selectBound, Time: func(t time.Time) any { return t }}
}

// attachAll stores a batch with the fast path. It returns nil if it has stored nothing, because a pull is missing or
// the plan is no longer valid.
func (d Dialect) attachAll(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) (results []gormstore.Result, err error) {
	err = gormstore.RetryOnConflict(func() error {
		// On the pool, each statement is a separate transaction.
		receipt := Receipt(ReadsOn(ctx, d.db.Pool))
		batch, err := receipt.Plan(deliveries)
		if err != nil || batch.NeedsPulls() {
			return err
		}
		attached, err := d.attach(ctx, batch)
		if err != nil || !attached {
			return err
		}
		// The inserted deliveries are already committed and must be reported as stored. An error of ReadEarlier is
		// returned only for the duplicates. Only duplicates need the earlier deliveries.
		err = receipt.ReadEarlier(batch)
		results = batch.Results(cmp.Or(err, gormstore.ErrPruned))
		return nil
	})
	return results, err
}

// Querier is a transaction or a pool.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadsOn returns a gormstore.Tx whose only functions are Read and ReadAll. It executes one statement after the other.
func ReadsOn(ctx context.Context, db Querier) gormstore.Tx {
	read := func(r gormstore.Read) error {
		rows, _ := db.Query(ctx, r.SQL, r.Args...) // the error of Query is returned by ForEachRow
		_, err := pgx.ForEachRow(rows, r.Columns, r.Take)
		return err
	}
	return gormstore.Tx{Read: read, ReadAll: func(reads ...gormstore.Read) error {
		for _, r := range reads {
			if err := read(r); err != nil {
				return err
			}
		}
		return nil
	}}
}

// viewSQL selects rows of gormstore.BoundConnection. $1 contains tokens, $2 an account reference for each token, and
// $3 the digests of these references.
//
// Here and in attachSQL, each array is the result of a subquery, so that the planner does not know its length. If the
// planner knew that a batch has one webhook, it would consider a plan for this batch cheaper than the plan for all
// batches. It would then plan every such batch anew, which takes longer than executing it.
const viewSQL = "SELECT n.place - 1, " + gormstore.BoundColumns + `,
	EXISTS (SELECT FROM account_references r WHERE r.digest = n.digest AND r.tenant_id = t.tenant_id AND r.erased)
FROM unnest((SELECT $1::bytea[]), (SELECT $2::text[]), (SELECT $3::bytea[]))
	WITH ORDINALITY AS n (hash, reference, digest, place)
JOIN webhook_tokens t ON t.hash = n.hash AND t.revoked_at IS NULL
CROSS JOIN LATERAL (
	SELECT o.id, o.tenant_id, o.base_url, o.account_ref, o.created_at FROM connections o
	WHERE o.id = t.connection_id AND o.tenant_id = t.tenant_id AND o.deleted_at IS NULL
	UNION ALL (
		SELECT h.id, h.tenant_id, h.base_url, h.account_ref, h.created_at FROM connections h
		WHERE n.reference <> '' AND h.tenant_id = t.tenant_id AND h.deleted_at IS NULL AND h.vendor = t.vendor
			AND lower(h.account_ref COLLATE "C") = lower(n.reference COLLATE "C") AND h.id <> t.connection_id
		ORDER BY h.created_at, h.id LIMIT $4
	)
) c` + gormstore.BoundJoins

// selectBound implements gormstore.Receipt with viewSQL.
func selectBound(named []gormstore.NamedReference) []*gormstore.Query {
	hashes, references, digests := make([][]byte, len(named)), make([]string, len(named)), make([][]byte, len(named))
	for i, n := range named {
		digest := domain.DigestOfReference(n.Reference)
		hashes[i], references[i], digests[i] = n.Token[:], n.Reference, digest[:]
	}
	q := gormstore.NewQuery(viewSQL)
	q.Args = append(q.Args, hashes, references, digests, gormstore.MaxHolders)
	return []*gormstore.Query{q}
}

// attachSQL stores planned deliveries in one statement, and therefore in one round trip. It stores nothing if the plan
// is no longer valid: a pull of a delivery is not queued any more, or a connection is deleted or has another account
// reference.
//
// Locks: the statement locks the queued pulls in the same way as gormstore.Receipt. It does not lock the connections. A
// connection may therefore be deleted while the statement runs. This is safe, because the statement creates no pull,
// and the deletion marks the existing pulls as failed. All batches insert in the same order, so two batches never
// deadlock.
const attachSQL = `
WITH planned AS MATERIALIZED (
	SELECT * FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::uuid[]), (SELECT $4::text[]),
		(SELECT $5::text[]), (SELECT $6::text[]), (SELECT $7::bytea[]), (SELECT $8::bytea[]), (SELECT $9::text[]),
		(SELECT $10::text[]), (SELECT $11::uuid[]), (SELECT $12::timestamptz[]), (SELECT $13::uuid[]),
		(SELECT $14::boolean[]))
		WITH ORDINALITY AS d (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status,
			pull_id, received_at, token_id, new_token, place)
), queued AS MATERIALIZED (
	SELECT id FROM pulls
	WHERE connection_id = ANY(ARRAY(SELECT connection_id FROM planned WHERE pull_id IS NOT NULL)) AND state = 'queued'
	ORDER BY connection_id FOR SHARE
), valid AS MATERIALIZED (
	SELECT NOT EXISTS (
		SELECT FROM planned WHERE pull_id IS NOT NULL AND pull_id NOT IN (SELECT id FROM queued)
	) AND NOT EXISTS (
		SELECT FROM unnest((SELECT $15::uuid[]), (SELECT $16::text[])) AS r (connection_id, account_ref)
		WHERE NOT EXISTS (
			SELECT FROM connections c WHERE c.id = r.connection_id AND c.account_ref = r.account_ref
				AND c.deleted_at IS NULL
		)
	) AS plan
), stored AS (
	INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status,
		pull_id, received_at)
	SELECT id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status, pull_id, received_at
	FROM planned WHERE (SELECT plan FROM valid) ORDER BY place
	ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id
), tokens AS (
	INSERT INTO last_webhook_tokens (connection_id, tenant_id, token_id)
	SELECT DISTINCT ON (connection_id) connection_id, tenant_id, token_id FROM planned JOIN stored USING (id)
	WHERE new_token ORDER BY connection_id, received_at DESC
	ON CONFLICT (connection_id, tenant_id) DO UPDATE SET token_id = excluded.token_id
)
SELECT plan, id FROM valid LEFT JOIN stored ON true`

// attach uses attachSQL to store a batch whose deliveries need no new pull. It sets the field Inserted of each
// planned delivery that it has stored. If attached is false, nothing is stored, because the plan is no longer valid.
// The caller must then store the batch with gormstore.Receipt, which can create pulls.
func (d Dialect) attach(ctx context.Context, batch *domain.WebhookBatch) (attached bool, err error) {
	if len(batch.Planned) == 0 {
		return true, nil
	}
	sql, args, read := AttachQuery(batch)
	rows, _ := d.db.Pool.Query(ctx, sql, args...) // read returns the error of Query
	return read(rows)
}

// AttachQuery returns the statement of attach for a batch that is not empty. The function read reads the rows of its
// result, and has the same results as attach.
func AttachQuery(
	batch *domain.WebhookBatch,
) (sql string, args []any, read func(pgx.Rows) (attached bool, err error)) {
	rows := newDeliveryRows(batch.Planned)
	references := make([]string, len(batch.Receivers))
	connections := make([]plainID, len(batch.Receivers))
	for i, r := range batch.Receivers {
		connections[i], references[i] = plainID(r.Connection.UUID), r.AccountRef
	}
	args = append(rows.columns(), rows.tokens, rows.newTokens, connections, references)
	return attachSQL, args, func(stored pgx.Rows) (attached bool, err error) {
		var id uuid.NullUUID
		_, err = pgx.ForEachRow(stored, []any{&attached, &id}, func() error {
			if id.Valid {
				rows.byID[id.UUID].Inserted = true
			}
			return nil
		})
		return attached, err
	}
}

// deliveryRows contains planned deliveries as the columns of an INSERT.
type deliveryRows struct {
	ids, tenants, connections []plainID
	vendors, events, eventIDs []string
	fingerprints, bodies      [][]byte
	scopes, statuses          []string
	pulls                     []*plainID
	received                  []time.Time
	tokens                    []plainID
	newTokens                 []bool
	byID                      map[uuid.UUID]*domain.PlannedDelivery
}

func newDeliveryRows(planned []*domain.PlannedDelivery) deliveryRows {
	n := len(planned)
	r := deliveryRows{
		ids: make([]plainID, n), tenants: make([]plainID, n), connections: make([]plainID, n),
		vendors: make([]string, n), events: make([]string, n), eventIDs: make([]string, n),
		fingerprints: make([][]byte, n), bodies: make([][]byte, n), scopes: make([]string, n),
		statuses: make([]string, n), pulls: make([]*plainID, n), received: make([]time.Time, n),
		tokens: make([]plainID, n), newTokens: make([]bool, n), byID: make(map[uuid.UUID]*domain.PlannedDelivery, n),
	}
	for i, p := range planned {
		r.byID[p.ID.UUID] = p
		r.ids[i], r.tenants[i] = plainID(p.ID.UUID), plainID(p.Tenant.UUID)
		r.connections[i] = plainID(p.Connection.UUID)
		r.vendors[i], r.events[i], r.eventIDs[i] = string(p.Vendor), p.Event, p.EventID
		r.fingerprints[i], r.bodies[i], r.scopes[i] = p.Fingerprint[:], p.Body, p.ScopeText
		r.statuses[i], r.received[i] = string(p.Status), p.ReceivedAt
		r.tokens[i], r.newTokens[i] = plainID(p.Token.UUID), p.NewToken
		if !p.Pull.IsZero() {
			r.pulls[i] = (*plainID)(&p.Pull.UUID)
		}
	}
	return r
}

// columns returns the columns of deliveries, as the parameters $1 to $12.
func (r deliveryRows) columns() []any {
	return []any{
		r.ids, r.tenants, r.connections, r.vendors, r.events, r.eventIDs, r.fingerprints, r.bodies, r.scopes,
		r.statuses, r.pulls, r.received,
	}
}
