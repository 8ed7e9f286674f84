package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive stores a batch of webhook deliveries and deduplicates them. It reads the stored values on which the batch
// depends, and then stores what domain.PlanWebhooks has planned. Usually every delivery finds a queued pull, and one
// statement is enough (the fast path, attach). If a pull is missing, a transaction of several statements also queues
// the pull (the slow path, insertBatch).
func (d Dialect) Receive(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	var results []gormstore.Result
	stored := false
	err := RetryOnConflict(func() error {
		batch, err := planBatch(ctx, d.db.Pool, deliveries)
		if err != nil || batch.NeedsPulls() {
			return err
		}
		attached, err := d.attach(ctx, batch)
		if err != nil || !attached {
			return err
		}
		// The inserted deliveries are already committed and must be reported as stored. An error of readEarlier is
		// returned only for the duplicates. Only duplicates need the earlier deliveries.
		err = readEarlier(ctx, d.db.Pool, batch)
		stored, results = true, batch.Results(cmp.Or(err, gormstore.ErrPruned))
		return nil
	})
	if err == nil && !stored {
		err = RetryOnConflict(func() (err error) {
			results, err = d.insertBatch(ctx, deliveries)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return results, nil
}

// maxConflicts is the maximum number of attempts to store a batch. An attempt is repeated if concurrent transactions
// have invalidated the batch.
const maxConflicts = 16

// ErrConcurrentUpdate means that another transaction has changed what the batch depends on: it has queued a pull, or
// deleted a connection or changed its account reference. The batch is rolled back and stored again.
var ErrConcurrentUpdate = errors.New("invalidated by concurrent transactions")

// RetryOnConflict calls fn, and retries it without a pause while concurrent transactions invalidate it. If
// every attempt fails in this way, it returns Unavailable, and nothing is stored.
func RetryOnConflict(fn func() error) (err error) {
	for range maxConflicts {
		if err = fn(); !IsConflict(err) {
			return err
		}
	}
	return gormstore.Unavailable(err)
}

// IsConflict reports whether the same transaction may succeed if it is repeated. This includes
// deadlock_detected (40P01) and serialization_failure (40001), with which PostgreSQL requests a retry.
func IsConflict(err error) bool {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return e.Code == "40P01" || e.Code == "40001"
	}
	return errors.Is(err, ErrConcurrentUpdate)
}

// querier is either a transaction or the pool. On the pool, each statement is a separate transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// planBatch reads the stored values on which the batch depends, and decides what is stored. The planned deliveries are
// in the order in which their rows are locked.
func planBatch(
	ctx context.Context, db querier, deliveries []gormstore.PendingDelivery,
) (*domain.WebhookBatch, error) {
	view := gormstore.NewWebhookView()
	sql, args, read := ViewQuery(gormstore.NamedReferences(deliveries), view)
	rows, _ := db.Query(ctx, sql, args...) // read returns the error of Query
	if err := read(rows); err != nil {
		return nil, err
	}
	return PlanInLockOrder(deliveries, view), nil
}

// PlanInLockOrder decides what is stored. The planned deliveries are in the order in which their rows are locked.
func PlanInLockOrder(deliveries []gormstore.PendingDelivery, view domain.WebhookView) *domain.WebhookBatch {
	batch := domain.PlanWebhooks(deliveries, view)
	slices.SortStableFunc(batch.Planned, inLockOrder)
	return batch
}

// inLockOrder compares two deliveries by connection and then by fingerprint, the order in which their rows are locked.
func inLockOrder(a, b *domain.PlannedDelivery) int {
	return cmp.Or(bytes.Compare(a.Connection.UUID[:], b.Connection.UUID[:]),
		bytes.Compare(a.Fingerprint[:], b.Fingerprint[:]))
}

// viewSQL selects rows of gormstore.BoundConnection. $1 contains tokens, $2 an account reference for each token, and
// $3 the digests of these references.
//
// Here and in attachSQL, each array is the result of a subquery, so that the planner does not know its length. If the
// planner knew that a batch has one webhook, it would consider a plan for this batch cheaper than the plan for all
// batches. It would then plan every such batch anew, which takes longer than executing it.
const viewSQL = `
SELECT n.place, t.id, t.tenant_id, t.vendor, t.source_hash, c.id = t.connection_id, c.id, c.base_url, c.account_ref,
	c.created_at, p.id, l.token_id,
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
) c
LEFT JOIN pulls p ON p.connection_id = c.id AND p.tenant_id = c.tenant_id AND p.state = 'queued'
LEFT JOIN last_webhook_tokens l ON l.connection_id = c.id AND l.tenant_id = c.tenant_id`

// ViewQuery returns the SELECT of the live tokens in named, and of two kinds of live connections: those to which these
// tokens are bound, and those that have one of the references in named. The function read adds the rows of the result
// to the view. The first column of the result is the number of the named reference, counted from 1.
func ViewQuery(
	named []gormstore.NamedReference, view domain.WebhookView,
) (sql string, args []any, read func(pgx.Rows) error) {
	hashes, references, digests := make([][]byte, len(named)), make([]string, len(named)), make([][]byte, len(named))
	for i, n := range named {
		digest := domain.DigestOfReference(n.Reference)
		hashes[i], references[i], digests[i] = n.Token[:], n.Reference, digest[:]
	}
	args = []any{hashes, references, digests, gormstore.MaxHolders}
	return viewSQL, args, func(rows pgx.Rows) error {
		bound, err := pgx.CollectRows(rows, scanBound)
		for _, r := range bound {
			r.Hash = named[r.place].Token
			r.Add(view, named[r.place].Reference)
		}
		return err
	}
}

// boundRow is a row of viewSQL.
type boundRow struct {
	gormstore.BoundConnection
	place int // index of the named reference
}

func scanBound(row pgx.CollectableRow) (r boundRow, err error) {
	var source []byte
	c := &r.Connection
	err = row.Scan(&r.place, &r.Token, &r.Tenant, &r.Vendor, &source, &r.Own, &c.Connection.UUID, &c.BaseURL,
		&c.AccountRef, &c.CreatedAt, &r.Queued, &r.LastToken, &r.Erased)
	r.Source, c.CreatedAt = gormstore.SourceHashOf(source), c.CreatedAt.UTC()
	r.place-- // WITH ORDINALITY counts from 1, Go from 0
	return r, err
}

// attachSQL stores planned deliveries in one statement, and therefore in one round trip. It stores nothing if the plan
// is no longer valid: a pull of a delivery is not queued any more, or a connection is deleted or has another account
// reference.
//
// Locks: the statement locks the queued pulls in the same way as lockQueuedPulls. It does not lock the connections. A
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
// The caller must then store the batch with insertBatch, which can create pulls.
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

// insertBatch stores a batch in one transaction, and creates the missing pulls. After the commit, it calls the Nudge
// function with the new pulls.
func (d Dialect) insertBatch(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) (results []gormstore.Result, err error) {
	var created []uuid.UUID
	err = pgx.BeginTxFunc(ctx, d.db.Pool, pgx.TxOptions{BeginQuery: d.db.begin}, func(tx pgx.Tx) (err error) {
		results, created, err = insertIn(ctx, tx, deliveries)
		return err
	})
	if err == nil {
		d.nudge.All(created)
	}
	return results, err
}

// insertIn stores deliveries in the transaction, creates the missing pulls, and returns the ids of these pulls. The
// number of statements does not depend on the number of deliveries.
//
// Two transactions never deadlock, because insertIn takes its locks in a fixed order: connections, queued pulls,
// events.
func insertIn(
	ctx context.Context, tx querier, deliveries []gormstore.PendingDelivery,
) (results []gormstore.Result, created []uuid.UUID, err error) {
	batch, err := planBatch(ctx, tx, deliveries)
	if err != nil {
		return nil, nil, err
	}
	if err := lockReceivers(ctx, tx, batch.Receivers); err != nil {
		return nil, nil, err
	}
	if err := lockQueuedPulls(ctx, tx, batch.Planned); err != nil {
		return nil, nil, err
	}
	if err := insertDeliveries(ctx, tx, batch); err != nil {
		return nil, nil, err
	}
	if created, err = insertPulls(ctx, tx, batch); err != nil {
		return nil, nil, err
	}
	if err := updateLastTokens(ctx, tx, batch); err != nil {
		return nil, nil, err
	}
	if err := readEarlier(ctx, tx, batch); err != nil {
		return nil, nil, err
	}
	return batch.Results(gormstore.ErrPruned), created, nil
}

// lockReceivers locks the connections of a batch until the commit. A deletion of such a connection waits for the
// commit. The deletion therefore finds the new pulls of this batch, and marks them as failed. Errors:
// ErrConcurrentUpdate if a connection has been deleted since it was read, or has another account reference.
func lockReceivers(ctx context.Context, tx querier, receivers []domain.Receiver) error {
	references := make(map[uuid.UUID]string, len(receivers))
	ids := make([]plainID, len(receivers))
	for i, r := range receivers {
		ids[i], references[r.Connection.UUID] = plainID(r.Connection.UUID), r.AccountRef
	}
	if len(ids) == 0 {
		return nil
	}
	// ForEachRow returns the error of Query.
	rows, _ := tx.Query(ctx, `SELECT id, account_ref FROM connections WHERE id = ANY($1) AND deleted_at IS NULL
		ORDER BY id FOR KEY SHARE`, ids)
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
		err = ErrConcurrentUpdate
	}
	return err
}

// lockQueuedPulls locks the queued pulls of the planned deliveries, so that they cannot be claimed before the commit: a
// claim waits, and then reads the deliveries that were attached. Errors: ErrConcurrentUpdate if one of the pulls is no
// longer queued.
func lockQueuedPulls(ctx context.Context, tx querier, planned []*domain.PlannedDelivery) error {
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
	// ForEachRow returns the error of Query.
	rows, _ := tx.Query(ctx, `
		SELECT id FROM pulls WHERE connection_id = ANY($1) AND state = 'queued'
		ORDER BY connection_id FOR SHARE`, connections)
	var pull uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&pull}, func() error {
		delete(pulls, pull)
		return nil
	})
	if err == nil && len(pulls) > 0 {
		err = ErrConcurrentUpdate
	}
	return err
}

// insertDeliveries stores the planned deliveries that are new, and sets their fields Inserted. A stored delivery is
// never overwritten. If a concurrent transaction is storing the same event, the statement waits. If that transaction
// commits, the event is a duplicate.
func insertDeliveries(ctx context.Context, tx querier, batch *domain.WebhookBatch) error {
	if len(batch.Planned) == 0 {
		return nil
	}
	inserting := newDeliveryRows(batch.Planned)
	// ForEachRow returns the error of Query.
	rows, _ := tx.Query(ctx, `
		INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status,
			pull_id, received_at)
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[],
			$8::bytea[], $9::text[], $10::text[], $11::uuid[], $12::timestamptz[])
		ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id`, inserting.columns()...)
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		inserting.byID[id].Inserted = true
		return nil
	})
	return err
}

// updateLastTokens stores for each connection the token with which its last webhook arrived. It writes only
// connections for which another token or none is stored.
func updateLastTokens(ctx context.Context, tx querier, batch *domain.WebhookBatch) error {
	changed := map[domain.ConnectionID]*domain.PlannedDelivery{}
	for _, p := range batch.Planned {
		if p.Inserted && p.NewToken && (changed[p.Connection] == nil ||
			changed[p.Connection].ReceivedAt.Before(p.ReceivedAt)) {
			changed[p.Connection] = p
		}
	}
	if len(changed) == 0 {
		return nil
	}
	written := slices.SortedFunc(maps.Values(changed), inLockOrder)
	n := len(written)
	connections, tenants, tokens := make([]plainID, n), make([]plainID, n), make([]plainID, n)
	for i, p := range written {
		connections[i], tenants[i] = plainID(p.Connection.UUID), plainID(p.Tenant.UUID)
		tokens[i] = plainID(p.Token.UUID)
	}
	// Err returns the error of Query.
	rows, _ := tx.Query(ctx, `
		INSERT INTO last_webhook_tokens (connection_id, tenant_id, token_id)
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])
		ON CONFLICT (connection_id, tenant_id) DO UPDATE SET token_id = excluded.token_id`,
		connections, tenants, tokens)
	rows.Close()
	return rows.Err()
}

// insertPulls queues the pulls that the new deliveries require and that do not exist yet, and returns their ids. It
// runs after insertDeliveries, because duplicates must not queue a pull. Errors: ErrConcurrentUpdate if another
// transaction has queued one of the pulls since the batch was planned.
func insertPulls(ctx context.Context, tx querier, batch *domain.WebhookBatch) ([]uuid.UUID, error) {
	missing := batch.NewPulls()
	if len(missing) == 0 {
		return nil, nil
	}
	created, err := insertMissing(ctx, tx, missing)
	if err == nil && len(created) < len(missing) {
		err = ErrConcurrentUpdate
	}
	return created, err
}

// insertMissing queues a pull for each delivery whose connection has no queued pull. It returns the ids of the new
// pulls.
func insertMissing(ctx context.Context, tx querier, missing []*domain.PlannedDelivery) ([]uuid.UUID, error) {
	n := len(missing)
	ids, tenants, connections := make([]plainID, n), make([]plainID, n), make([]plainID, n)
	vendors, traces, createdAt := make([]string, n), make([]string, n), make([]time.Time, n)
	for i, p := range missing {
		ids[i], tenants[i], connections[i] = plainID(p.Pull.UUID), plainID(p.Tenant.UUID), plainID(p.Connection.UUID)
		vendors[i], traces[i], createdAt[i] = string(p.Vendor), p.Trace, p.ReceivedAt
	}
	// CollectRows returns the error of Query.
	rows, _ := tx.Query(ctx, `
		INSERT INTO pulls (id, tenant_id, connection_id, vendor, trigger, trace, state, scope, progress, seen_accounts,
			seen_rows, added, modified, removed, unchanged, attempts, last_error, created_at)
		SELECT id, tenant_id, connection_id, vendor, $7, trace, 'queued', '', '', 0, 0, 0, 0, 0, 0, 0, '', created_at
		FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
			AS p (id, tenant_id, connection_id, vendor, trace, created_at)
		ON CONFLICT (connection_id, tenant_id) WHERE state = 'queued' DO NOTHING RETURNING id`,
		ids, tenants, connections, vendors, traces, createdAt, string(domain.TriggerWebhook))
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// readEarlier sets the field Earlier of each planned delivery whose event was stored before this batch. The field
// contains the stored delivery of the event, without body and scope. The response to a repeated event needs neither
// of them.
func readEarlier(ctx context.Context, db querier, batch *domain.WebhookBatch) error {
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
	// CollectRows returns the error of Query.
	rows, _ := db.Query(ctx, `
		SELECT `+gormstore.SummaryColumns+`
		FROM deliveries d JOIN unnest($1::uuid[], $2::bytea[]) AS repeated (connection_id, fingerprint)
			ON repeated.connection_id = d.connection_id AND repeated.fingerprint = d.fingerprint
		LEFT JOIN pulls p ON p.id = d.pull_id AND p.tenant_id = d.tenant_id`, connections, fingerprints)
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
