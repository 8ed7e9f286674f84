package postgres

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive stores a batch of webhook deliveries and deduplicates them. Usually every event finds a queued pull, and one
// statement is enough (the fast path, attachToQueued). If a pull is missing, a transaction of several statements also
// queues the pull (the slow path, insertBatch).
func (d dialect) Receive(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	if d.db.distributed {
		return d.receiveByTenant(ctx, deliveries)
	}
	var results []gormstore.Result
	var outcome attachOutcome
	err := retryOnConflict(func() (err error) {
		results, outcome, err = d.attachToQueued(ctx, deliveries)
		return err
	})
	if err == nil && outcome == pullMissing {
		err = retryOnConflict(func() (err error) {
			results, err = d.insertBatch(ctx, uuid.Nil, deliveries)
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

// errConcurrentUpdate means that two other transactions ran between the statements of a batch.
// The first queued a pull; the second claimed this pull before the batch could attach
// deliveries to it. The batch is rolled back and stored again.
var errConcurrentUpdate = errors.New("invalidated by concurrent transactions")

// retryOnConflict calls fn, and retries it without a pause while concurrent transactions invalidate it. If
// every attempt fails in this way, it returns Unavailable, and nothing is stored.
func retryOnConflict(fn func() error) (err error) {
	for range maxConflicts {
		if err = fn(); !isConflict(err) {
			return err
		}
	}
	return gormstore.Unavailable(err)
}

// isConflict reports whether the same transaction may succeed if it is repeated. This includes
// deadlock_detected (40P01) and serialization_failure (40001), with which PostgreSQL requests a retry.
func isConflict(err error) bool {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return e.Code == "40P01" || e.Code == "40001"
	}
	return errors.Is(err, errConcurrentUpdate)
}

// querier is either a transaction or the pool. On the pool, each statement is a separate transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// attachSQL stores a batch in one statement, and therefore in one round trip. If an event needs a pull and its
// connection has no queued pull, the statement stores nothing.
//
// Locks: the statement locks the queued pulls in the same way as lockQueuedPulls. It does not lock the connections. A
// connection may therefore be deleted while the statement runs. This is safe, because the statement creates no pull,
// and the deletion marks the existing pulls as failed. All batches insert in the same order, so two batches never
// deadlock.
//
// Status: the status of a delivery depends on whether its event names the account of the connection
// (domain.WebhookEvent.InitialStatus). Go computes the statuses for both cases, and the statement selects one of them.
// The case of UUIDs does not matter (domain.CanonicalAccountRef). A reference that is a UUID is therefore also passed
// in lower case.
//
// Source secret: if a request does not contain the source secret of its token, the statement does not store the
// request. The database does not compare in constant time. The statement therefore does not compare the source hashes
// themselves. It hashes each source hash together with random bytes ($15), and compares the results. The bytes are new
// in each execution, so the time of the comparison reveals nothing about the source hashes.
//
// Erasure: if an event names an erased account reference, the contents of the event are not stored (BatchEvent.Forget).
const attachSQL = `
WITH binding AS MATERIALIZED (
	SELECT t.hash, t.id, t.tenant_id, t.connection_id, t.vendor, c.account_ref, t.source_hash,
		sha256($15 || t.source_hash) AS source_proof, t.registration <> '' AS registered
	FROM webhook_tokens t JOIN connections c ON c.id = t.connection_id
	WHERE t.hash = ANY($1) AND t.revoked_at IS NULL AND c.deleted_at IS NULL
), queued AS MATERIALIZED (
	SELECT connection_id, id FROM pulls
	WHERE connection_id = ANY(ARRAY(SELECT connection_id FROM binding)) AND state = 'queued'
	ORDER BY connection_id FOR SHARE
), pending AS MATERIALIZED (
	SELECT d.*, binding.tenant_id, binding.connection_id, binding.id AS token_id, binding.account_ref,
		binding.source_hash, binding.registered, queued.id AS pull_id,
		CASE WHEN names_own THEN status_if_named ELSE status_otherwise END AS status,
		registered AND named <> '' AND NOT names_own AS bare,
		named <> '' AND NOT names_own AND EXISTS (
			SELECT FROM account_references r
			WHERE r.digest = named_digest AND r.tenant_id = binding.tenant_id AND r.erased
		) AS forgotten
	FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[],
		$9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::text[], $14::bytea[], $16::boolean[],
		$17::bytea[])
		WITH ORDINALITY
		AS d (hash, id, vendor, event, event_id, named, fingerprint, body, scope, status_if_named, status_otherwise,
			received_at, named_uuid, proof, admitted, named_digest, place)
	JOIN binding USING (hash, vendor) LEFT JOIN queued ON queued.connection_id = binding.connection_id
	CROSS JOIN LATERAL (
		SELECT named = binding.account_ref OR named_uuid IS NOT NULL AND named_uuid = lower(binding.account_ref)
	) AS account (names_own)
	WHERE CASE WHEN binding.source_hash IS NULL THEN admitted ELSE binding.source_proof = proof END
), stored AS (
	INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status,
		pull_id, received_at)
	SELECT id, tenant_id, connection_id, vendor, event, CASE WHEN forgotten THEN '' ELSE event_id END, fingerprint,
		CASE WHEN bare OR forgotten THEN '' ELSE body END, CASE WHEN bare OR forgotten THEN '' ELSE scope END, status,
		CASE status WHEN 'accepted' THEN pull_id END, received_at
	FROM pending WHERE NOT EXISTS (SELECT FROM pending WHERE status = 'accepted' AND pull_id IS NULL)
	ORDER BY connection_id, fingerprint, place
	ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id
)
SELECT place, token_id, tenant_id, connection_id, account_ref, source_hash, registered, pull_id,
	stored.id IS NOT NULL, forgotten
FROM pending LEFT JOIN stored USING (id)`

// attachOutcome is the result of attachToQueued: whether the batch is stored.
type attachOutcome int

const (
	// attached means that the batch is stored, and that its results are final.
	attached attachOutcome = iota + 1
	// pullMissing means that nothing is stored. An event needs a pull, but its connection has no queued pull. The
	// caller must store the batch with insertBatch, which can create pulls.
	pullMissing
)

// attachToQueued uses attachSQL to store a batch whose events need no new pull. If the outcome is pullMissing, it
// returns no results.
func (d dialect) attachToQueued(
	ctx context.Context, deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, attachOutcome, error) {
	rows, err := queryAttach(ctx, d.db.Pool, deliveries)
	if err != nil {
		return nil, 0, err
	}
	bindings := make(map[domain.TokenHash]gormstore.TokenBinding, len(rows))
	queued := make(map[uuid.UUID]uuid.UUID, len(rows))
	inserted, forgotten := make(map[uuid.UUID]bool, len(rows)), make(map[uuid.UUID]bool)
	for _, row := range rows {
		delivery := &deliveries[row.place]
		row.binding.Vendor = delivery.Vendor
		// As in attachSQL, this condition is checked for every delivery, even for a duplicate.
		if !row.pull.Valid && row.binding.WantsPull(*delivery) {
			return nil, pullMissing, nil
		}
		bindings[delivery.Token] = row.binding
		if row.pull.Valid {
			queued[row.binding.Connection] = row.pull.UUID
		}
		if row.inserted {
			inserted[delivery.Delivery.UUID] = true
		}
		if row.forgotten {
			forgotten[delivery.Delivery.UUID] = true
		}
	}
	batch := gormstore.Deduplicate(deliveries, bindings)
	batch.AssignPulls(queued)
	for _, e := range batch.Events {
		e.Inserted = inserted[e.First.Delivery.UUID]
		if forgotten[e.First.Delivery.UUID] {
			e.Forget()
		}
	}
	// The inserted deliveries are already committed and must be reported as stored. An error of readEarlier is returned
	// only for the duplicates. Only duplicates need the earlier deliveries.
	err = d.readEarlier(ctx, d.db.Pool, uuid.Nil, batch)
	return batch.Results(cmp.Or(err, gormstore.ErrPruned)), attached, nil
}

// attachRow is a row of the result of attachSQL. There is one row for each delivery with a valid token. Such a token is
// live, belongs to the delivery's vendor, and admits the delivery's source.
type attachRow struct {
	place     int // index of the delivery in the batch
	binding   gormstore.TokenBinding
	pull      uuid.NullUUID // the queued pull of the connection; invalid if there is none
	inserted  bool
	forgotten bool // the event names an account reference that was erased
}

// queryAttach runs attachSQL for the deliveries and returns its rows.
func queryAttach(ctx context.Context, db querier, deliveries []gormstore.PendingDelivery) ([]attachRow, error) {
	n := len(deliveries)
	hashes, ids := make([][]byte, n), make([]plainID, n)
	vendors, events, eventIDs, named := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	fingerprints, bodies := make([][]byte, n), make([][]byte, n)
	scopes, ifNamed, otherwise := make([]string, n), make([]string, n), make([]string, n)
	namedUUIDs := make([]*string, n) // nil (NULL) if the named reference is not a UUID
	received := make([]time.Time, n)
	digests := make([][]byte, n) // nil if the event names no reference
	proofs, admitted, salt := make([][]byte, n), make([]bool, n), newSalt()
	for i := range deliveries {
		d := &deliveries[i]
		proofs[i], admitted[i] = proofOf(salt, d.Authorization), d.SourceAdmitted
		hashes[i], ids[i], vendors[i] = d.Token[:], plainID(d.Delivery.UUID), string(d.Vendor)
		events[i], eventIDs[i], named[i] = d.Event.Name, d.Event.ID, d.Event.AccountRef
		fingerprints[i], bodies[i], scopes[i] = d.Fingerprint[:], d.Body, d.Scope
		ifNamed[i] = string(d.Event.InitialStatus(d.Event.AccountRef, d.Unreadable))
		otherwise[i] = string(d.Event.InitialStatus("", d.Unreadable)) // the status for any other account
		received[i] = d.At
		if canonical, ok := domain.CanonicalUUID(named[i]); ok {
			namedUUIDs[i] = &canonical
		}
		if named[i] != "" {
			digest := domain.DigestOfReference(named[i])
			digests[i] = digest[:]
		}
	}
	rows, err := db.Query(ctx, attachSQL, hashes, ids, vendors, events, eventIDs, named, fingerprints, bodies,
		scopes, ifNamed, otherwise, received, namedUUIDs, proofs, salt, admitted, digests)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanAttachRow)
}

// newSalt returns random bytes for one execution of attachSQL. See proofOf for their use.
func newSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: see crypto/rand
	return salt
}

// proofOf returns the value that attachSQL computes from the salt and the source hash of a token.
func proofOf(salt []byte, h domain.SourceHash) []byte {
	proof := sha256.Sum256(append(slices.Clone(salt), h[:]...))
	return proof[:]
}

func scanAttachRow(row pgx.CollectableRow) (r attachRow, err error) {
	var source []byte
	err = row.Scan(&r.place, &r.binding.Token, &r.binding.Tenant, &r.binding.Connection, &r.binding.AccountRef,
		&source, &r.binding.Registered, &r.pull, &r.inserted, &r.forgotten)
	r.binding.Source = gormstore.SourceHashOf(source)
	r.place-- // WITH ORDINALITY counts from 1, Go from 0
	return r, err
}

// insertBatch stores a batch in one transaction, and creates the missing pulls. The number of statements does not
// depend on the size of the batch. In a distributed database, all deliveries must belong to the given tenant.
//
// Two batches never deadlock, because insertBatch takes its locks in a fixed order: connections, queued pulls, events.
// After the events, it also locks pulls that other transactions have queued since the batch locked its queued pulls.
// This is safe, because a batch locks pulls in share mode. Only a claim (the start of a pull) locks the pull
// exclusively.
func (d dialect) insertBatch(
	ctx context.Context, tenant uuid.UUID, deliveries []gormstore.PendingDelivery,
) (results []gormstore.Result, err error) {
	err = pgx.BeginTxFunc(ctx, d.db.Pool, pgx.TxOptions{BeginQuery: d.db.begin}, func(tx pgx.Tx) error {
		bindings, err := d.lockBindings(ctx, tx, tenant, deliveries)
		if err != nil {
			return err
		}
		batch := gormstore.Deduplicate(deliveries, bindings)
		if err := d.forgetErased(ctx, tx, tenant, batch.Foreign()); err != nil {
			return err
		}
		slices.SortFunc(batch.Events, inLockOrder)
		queued, err := d.lockQueuedPulls(ctx, tx, tenant, connectionsToPull(batch))
		if err != nil {
			return err
		}
		batch.AssignPulls(queued)
		if err := d.insertDeliveries(ctx, tx, batch); err != nil {
			return err
		}
		created, err := d.insertPulls(ctx, tx, tenant, batch)
		if err != nil {
			return err
		}
		if err := d.jobs(ctx, tx, created); err != nil {
			return err
		}
		if err := d.readEarlier(ctx, tx, tenant, batch); err != nil {
			return err
		}
		results = batch.Results(gormstore.ErrPruned)
		return nil
	})
	return results, err
}

// lockBindings reads the live tokens of the deliveries and their connections, by token hash. It locks the connections
// until the commit. A deletion of such a connection waits for the commit. The deletion therefore finds the new
// pulls of this batch, and marks them as failed.
func (d dialect) lockBindings(
	ctx context.Context, tx querier, tenant uuid.UUID, deliveries []gormstore.PendingDelivery,
) (map[domain.TokenHash]gormstore.TokenBinding, error) {
	hashes := make([][]byte, 0, len(deliveries))
	for i := range deliveries {
		hashes = append(hashes, deliveries[i].Token[:])
	}
	ofTenant, args := d.ofTenant("c.tenant_id", tenant, hashes)
	rows, err := tx.Query(ctx, `
		SELECT t.hash, t.id, t.tenant_id, t.connection_id, t.vendor, c.account_ref, t.source_hash, t.registration <> ''
		FROM webhook_tokens t JOIN connections c ON c.id = t.connection_id
		WHERE t.hash = ANY($1) AND t.revoked_at IS NULL AND c.deleted_at IS NULL`+ofTenant+`
		ORDER BY c.id FOR KEY SHARE OF c`, args...)
	if err != nil {
		return nil, err
	}
	bindings := make(map[domain.TokenHash]gormstore.TokenBinding, len(deliveries))
	var hash, source []byte
	var b gormstore.TokenBinding
	columns := []any{&hash, &b.Token, &b.Tenant, &b.Connection, &b.Vendor, &b.AccountRef, &source, &b.Registered}
	_, err = pgx.ForEachRow(rows, columns, func() error {
		b.Source = gormstore.SourceHashOf(source)
		bindings[domain.TokenHash(hash)] = b
		return nil
	})
	return bindings, err
}

// forgetErased removes the contents of each event that names an erased account reference.
func (d dialect) forgetErased(
	ctx context.Context, tx querier, tenant uuid.UUID, foreign []*gormstore.BatchEvent,
) error {
	if len(foreign) == 0 {
		return nil
	}
	type reference struct {
		tenant uuid.UUID
		digest domain.ReferenceDigest
	}
	events := make(map[reference][]*gormstore.BatchEvent, len(foreign))
	digests := make([][]byte, len(foreign))
	for i, e := range foreign {
		digest := domain.DigestOfReference(e.First.Event.AccountRef)
		key := reference{e.Binding.Tenant, digest}
		events[key] = append(events[key], e)
		digests[i] = digest[:]
	}
	ofTenant, args := d.ofTenant("tenant_id", tenant, digests)
	rows, err := tx.Query(ctx, "SELECT tenant_id, digest FROM account_references WHERE digest = ANY($1) AND erased"+
		ofTenant, args...)
	if err != nil {
		return err
	}
	var erased reference
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&erased.tenant, &digest}, func() error {
		erased.digest = domain.ReferenceDigest(digest)
		for _, e := range events[erased] {
			e.Forget()
		}
		return nil
	})
	return err
}

// inLockOrder compares two events by connection and then by fingerprint, the order in which the rows of
// events are locked.
func inLockOrder(a, b *gormstore.BatchEvent) int {
	return cmp.Or(bytes.Compare(a.Connection[:], b.Connection[:]), bytes.Compare(a.Fingerprint[:], b.Fingerprint[:]))
}

// connectionsToPull returns the connection of each event that needs a pull, without duplicates. The events of the batch
// must be sorted by connection.
func connectionsToPull(batch *gormstore.WebhookBatch) (connections []uuid.UUID) {
	for _, e := range batch.Events {
		if e.WantsPull() {
			connections = append(connections, e.Connection)
		}
	}
	return slices.Compact(connections)
}

// lockQueuedPulls returns the ids of the queued pulls by connection. It locks these pulls, so that
// they cannot be claimed before the commit: a claim waits, and then reads the deliveries that were
// attached. connections must be sorted.
func (d dialect) lockQueuedPulls(
	ctx context.Context, tx querier, tenant uuid.UUID, connections []uuid.UUID,
) (map[uuid.UUID]uuid.UUID, error) {
	queued := make(map[uuid.UUID]uuid.UUID, len(connections))
	if len(connections) == 0 {
		return queued, nil
	}
	ofTenant, args := d.ofTenant("tenant_id", tenant, plain(connections))
	rows, err := tx.Query(ctx, `
		SELECT connection_id, id FROM pulls WHERE connection_id = ANY($1) AND state = 'queued'`+ofTenant+`
		ORDER BY connection_id FOR SHARE`, args...)
	if err != nil {
		return nil, err
	}
	var connection, pull uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&connection, &pull}, func() error {
		queued[connection] = pull
		return nil
	})
	return queued, err
}

// insertDeliveries stores the first delivery of each new event, and sets the event's field Inserted. A stored delivery
// is never overwritten. If a concurrent transaction is storing the same event, the statement waits. If that transaction
// commits, the event is a duplicate.
func (d dialect) insertDeliveries(ctx context.Context, tx querier, batch *gormstore.WebhookBatch) error {
	n := len(batch.Events)
	if n == 0 {
		return nil
	}
	if d.db.distributed {
		return insertDeliveryValues(ctx, tx, batch)
	}
	ids, tenants, connections := make([]plainID, n), make([]plainID, n), make([]plainID, n)
	vendors, events, eventIDs := make([]string, n), make([]string, n), make([]string, n)
	scopes, statuses := make([]string, n), make([]string, n)
	fingerprints, bodies := make([][]byte, n), make([][]byte, n)
	pulls, received := make([]*plainID, n), make([]time.Time, n)
	byID := make(map[uuid.UUID]*gormstore.BatchEvent, n)
	for i, e := range batch.Events {
		first := e.First
		byID[first.Delivery.UUID] = e
		ids[i], tenants[i], connections[i] = plainID(
			first.Delivery.UUID,
		), plainID(
			e.Binding.Tenant,
		), plainID(
			e.Connection,
		)
		vendors[i], events[i], eventIDs[i] = string(e.Binding.Vendor), first.Event.Name, first.Event.ID
		fingerprints[i], bodies[i] = e.Fingerprint[:], first.Body
		scopes[i], statuses[i], received[i] = first.Scope, string(e.Status), first.At
		if e.Pull != uuid.Nil {
			pulls[i] = (*plainID)(&e.Pull)
		}
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status,
			pull_id, received_at)
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[],
			$8::bytea[], $9::text[], $10::text[], $11::uuid[], $12::timestamptz[])
		ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id`,
		ids, tenants, connections, vendors, events, eventIDs, fingerprints, bodies, scopes, statuses, pulls, received)
	if err != nil {
		return err
	}
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		byID[id].Inserted = true
		return nil
	})
	return err
}

// insertPulls queues the pulls that the new events require and that do not exist yet, and returns their ids. It runs
// after insertDeliveries, because duplicates must not queue a pull.
func (d dialect) insertPulls(
	ctx context.Context, tx querier, tenant uuid.UUID, batch *gormstore.WebhookBatch,
) ([]uuid.UUID, error) {
	missing := missingPulls(batch)
	n := len(missing)
	if n == 0 {
		return nil, nil
	}
	created, err := d.insertMissing(ctx, tx, missing)
	if err == nil && len(created) < n {
		queuedByOthers := slices.DeleteFunc(missing, func(e *gormstore.BatchEvent) bool {
			return slices.Contains(created, e.Pull)
		})
		err = d.attachToOthers(ctx, tx, tenant, batch, queuedByOthers)
	}
	return created, err
}

// insertMissing queues a pull for each event whose connection has no queued pull, and returns the ids of the pulls that
// it has queued.
func (d dialect) insertMissing(
	ctx context.Context, tx querier, missing []*gormstore.BatchEvent,
) ([]uuid.UUID, error) {
	if d.db.distributed {
		return insertPullValues(ctx, tx, missing)
	}
	n := len(missing)
	ids, tenants, connections := make([]plainID, n), make([]plainID, n), make([]plainID, n)
	vendors, traces, createdAt := make([]string, n), make([]string, n), make([]time.Time, n)
	for i, e := range missing {
		ids[i], tenants[i], connections[i] = plainID(e.Pull), plainID(e.Binding.Tenant), plainID(e.Connection)
		vendors[i], traces[i], createdAt[i] = string(e.Binding.Vendor), e.First.Trace, e.First.At
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO pulls (id, tenant_id, connection_id, vendor, trigger, trace, state, scope, progress, seen_accounts,
			seen_rows, added, modified, removed, unchanged, attempts, last_error, created_at)
		SELECT id, tenant_id, connection_id, vendor, $7, trace, 'queued', '', '', 0, 0, 0, 0, 0, 0, 0, '', created_at
		FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
			AS p (id, tenant_id, connection_id, vendor, trace, created_at)
		ON CONFLICT (connection_id, tenant_id) WHERE state = 'queued' DO NOTHING RETURNING id`,
		ids, tenants, connections, vendors, traces, createdAt, string(domain.TriggerWebhook))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// missingPulls returns, for each connection without a queued pull, the first of its new events. The events
// of the batch must be sorted by connection.
func missingPulls(batch *gormstore.WebhookBatch) (first []*gormstore.BatchEvent) {
	for _, e := range batch.Events {
		last := len(first) - 1
		if e.Inserted && e.NewPull && (last < 0 || first[last].Connection != e.Connection) {
			first = append(first, e)
		}
	}
	return first
}

// attachToOthers is called for connections whose pull a concurrent transaction has queued since lockQueuedPulls was
// called. It attaches the new events of these connections to the queued pulls. The slice firstEvents contains the first
// new event of each of these connections. Errors: errConcurrentUpdate if one of the pulls is no longer queued.
func (d dialect) attachToOthers(
	ctx context.Context,
	tx querier,
	tenant uuid.UUID,
	batch *gormstore.WebhookBatch,
	firstEvents []*gormstore.BatchEvent,
) error {
	var connections, from, to []uuid.UUID
	for _, e := range firstEvents {
		connections, from = append(connections, e.Connection), append(from, e.Pull)
	}
	queued, err := d.lockQueuedPulls(ctx, tx, tenant, connections)
	if err != nil {
		return err
	}
	if len(queued) < len(connections) {
		return errConcurrentUpdate
	}
	for _, c := range connections {
		to = append(to, queued[c])
	}
	for _, e := range batch.Events {
		if pull, ok := queued[e.Connection]; ok && e.NewPull {
			e.Pull = pull
		}
	}
	ofTenant, args := d.ofTenant("tenant_id", tenant, plain(from), plain(to))
	_, err = tx.Exec(ctx, `
		UPDATE deliveries SET pull_id = moved.queued FROM unnest($1::uuid[], $2::uuid[]) AS moved (old, queued)
		WHERE pull_id = moved.old`+ofTenant, args...)
	return err
}

// readEarlier sets the field Earlier of each event that was stored before this batch. The field contains the stored
// delivery of the event, without body and scope. The response to a repeated event needs neither of them.
func (d dialect) readEarlier(
	ctx context.Context, db querier, tenant uuid.UUID, batch *gormstore.WebhookBatch,
) error {
	var connections []uuid.UUID
	var fingerprints [][]byte
	for _, e := range batch.Events {
		if !e.Inserted {
			connections, fingerprints = append(connections, e.Connection), append(fingerprints, e.Fingerprint[:])
		}
	}
	if len(connections) == 0 {
		return nil
	}
	ofTenant, args := d.ofTenant("d.tenant_id", tenant, plain(connections), fingerprints)
	rows, err := db.Query(ctx, `
		SELECT d.id, d.tenant_id, d.connection_id, d.vendor, d.event, d.event_id, d.fingerprint, d.status,
			d.pull_id, d.received_at, coalesce(p.state, ''), p.finished_at
		FROM deliveries d JOIN unnest($1::uuid[], $2::bytea[]) AS repeated (connection_id, fingerprint)
			ON repeated.connection_id = d.connection_id AND repeated.fingerprint = d.fingerprint
		LEFT JOIN pulls p ON p.id = d.pull_id AND p.tenant_id = d.tenant_id
		WHERE true`+ofTenant, args...)
	if err != nil {
		return err
	}
	earlier, err := pgx.CollectRows(rows, scanDelivery)
	for _, delivery := range earlier {
		batch.SetEarlier(delivery)
	}
	return err
}

// scanDelivery converts a row of readEarlier to a delivery without body and scope.
func scanDelivery(row pgx.CollectableRow) (domain.Delivery, error) {
	var d domain.Delivery
	var fingerprint []byte
	var pull uuid.NullUUID
	var state string
	var finished *time.Time
	err := row.Scan(&d.ID.UUID, &d.Tenant.UUID, &d.Connection.UUID, &d.Vendor, &d.Event, &d.EventID, &fingerprint,
		&d.Status, &pull, &d.ReceivedAt, &state, &finished)
	if err != nil {
		return d, err
	}
	d.Fingerprint, d.Pull = domain.Fingerprint(fingerprint), domain.PullID{UUID: pull.UUID}
	d.Status, d.ReceivedAt = gormstore.StatusOf(d.Status, state), d.ReceivedAt.UTC()
	if finished != nil {
		d.ProcessedAt = finished.UTC()
	}
	return d, nil
}
