package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive stores a batch of webhook deliveries and deduplicates them. It holds the only writing connection, so it may
// use the token cache. After the commit, it calls the Nudge function with the new pulls.
func (d dialect) Receive(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	conn, err := d.db.Writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	results, created, err := d.insertBatch(ctx, conn, deliveries)
	if err != nil {
		d.db.tokens.clear()
		return nil, err
	}
	d.nudgeAll(created)
	return results, nil
}

// insertBatch stores a batch and creates missing pulls in one transaction. It needs only one disk flush. It returns the
// results of the deliveries and the created pulls. The transaction holds the write lock from its start, so the rows
// that it reads cannot change before it ends.
//
// The driver compiles a statement each time it is used, and compiling costs more than running. Therefore insertBatch
// uses few statements for many deliveries:
//
//   - The INSERT itself detects duplicates. The stored rows are read only if there are duplicates.
//   - Before the INSERT, a query looks up the events that would create a pull, because a duplicate must not create a
//     pull.
func (d dialect) insertBatch(
	ctx context.Context, conn *sql.Conn, deliveries []gormstore.PendingDelivery,
) (results []gormstore.Result, created []uuid.UUID, err error) {
	id, err := driverConn(conn)
	if err != nil {
		return nil, nil, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = tx.Rollback() }()
	now, err := readChangeState(ctx, id, tx)
	if err != nil {
		return nil, nil, err
	}
	cache := &d.db.tokens
	cache.validate(now)
	if err := readBindings(ctx, tx, cache, deliveries); err != nil {
		return nil, nil, err
	}
	batch := gormstore.Deduplicate(deliveries, cache.bindings)
	if err := forgetErased(ctx, tx, batch.Foreign()); err != nil {
		return nil, nil, err
	}
	withoutPull := slices.DeleteFunc(slices.Clone(batch.Events), func(e *gormstore.BatchEvent) bool {
		_, queued := cache.queued[e.Connection]
		return queued || !e.WantsPull()
	})
	if err := readEarlier(ctx, tx, batch, withoutPull); err != nil {
		return nil, nil, err
	}
	batch.AssignPulls(cache.queued)
	created, inserted, err := insertEvents(ctx, tx, batch, cache)
	if err != nil {
		return nil, nil, err
	}
	// The cache expects that this batch has inserted only deliveries. If the batch has also inserted pulls or rows of
	// the table late_joins, the next batch finds a different state and empties the cache. This is slower, but correct.
	cache.expect(inserted)
	return batch.Results(gormstore.ErrPruned), created, tx.Commit()
}

// readBindings reads the tokens that the cache does not contain yet. It also reads the queued pulls of their
// connections. It adds both to the cache, but only live tokens of live connections.
func readBindings(ctx context.Context, tx *sql.Tx, cache *tokenCache, deliveries []gormstore.PendingDelivery) error {
	var hashes []any
	requested := make(map[domain.TokenHash]bool)
	for i := range deliveries {
		hash := &deliveries[i].Token
		if _, cached := cache.bindings[*hash]; !cached && !requested[*hash] {
			requested[*hash] = true
			hashes = append(hashes, hash[:])
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	return eachRow(ctx, tx, `
		SELECT t.hash, t.id, t.tenant_id, t.connection_id, t.vendor, c.account_ref, t.source_hash,
			t.registration <> '', p.id, p.created_at
		FROM webhook_tokens t JOIN connections c ON c.id = t.connection_id
		LEFT JOIN pulls p ON p.connection_id = c.id AND p.state = 'queued'
		WHERE t.hash IN `+tuples(1, len(hashes))+` AND t.revoked_at IS NULL AND c.deleted_at IS NULL`, hashes,
		func(rows *sql.Rows) error {
			var hash, source []byte
			var b gormstore.TokenBinding
			var pull uuid.NullUUID
			var since sql.NullInt64
			err := rows.Scan(
				&hash,
				&b.Token,
				&b.Tenant,
				&b.Connection,
				&b.Vendor,
				&b.AccountRef,
				&source,
				&b.Registered,
				&pull,
				&since,
			)
			if err != nil {
				return err
			}
			b.Source = gormstore.SourceHashOf(source)
			cache.bindings[domain.TokenHash(hash)] = b
			if pull.Valid {
				cache.addPull(b.Connection, pull.UUID, since.Int64)
			}
			return nil
		})
}

// forgetErased removes the contents of each given event that names an erased account reference.
func forgetErased(ctx context.Context, tx *sql.Tx, foreign []*gormstore.BatchEvent) error {
	if len(foreign) == 0 {
		return nil
	}
	type key struct {
		tenant uuid.UUID
		digest domain.ReferenceDigest
	}
	named := make(map[key][]*gormstore.BatchEvent, len(foreign))
	args := make([]any, 0, 2*len(foreign))
	for _, e := range foreign {
		k := key{e.Binding.Tenant, domain.DigestOfReference(e.First.Event.AccountRef)}
		if named[k] == nil {
			args = append(args, k.tenant, k.digest[:])
		}
		named[k] = append(named[k], e)
	}
	return eachRow(ctx, tx, `
		SELECT DISTINCT tenant_id, digest FROM account_references
		WHERE erased AND (tenant_id, digest) IN (VALUES `+tuples(len(named), 2)+`)`, args,
		func(rows *sql.Rows) error {
			var tenant uuid.UUID
			var digest []byte
			if err := rows.Scan(&tenant, &digest); err != nil {
				return err
			}
			for _, e := range named[key{tenant, domain.ReferenceDigest(digest)}] {
				e.Forget()
			}
			return nil
		})
}

// readEarlier reads the stored deliveries of the events, and sets the field Earlier of each of these events. It reads
// neither bodies nor scopes, because they are not needed to answer a vendor that sends an event again.
func readEarlier(ctx context.Context, tx *sql.Tx, batch *gormstore.WebhookBatch, events []*gormstore.BatchEvent) error {
	if len(events) == 0 {
		return nil
	}
	args := make([]any, 0, 2*len(events))
	for _, e := range events {
		args = append(args, e.Connection, e.Fingerprint[:])
	}
	return eachRow(ctx, tx, `
		SELECT d.id, d.tenant_id, d.connection_id, d.vendor, d.event, d.event_id, d.fingerprint, d.status,
			d.pull_id, d.received_at, coalesce(p.state, ''), p.finished_at
		FROM deliveries d LEFT JOIN pulls p ON p.id = d.pull_id
		WHERE (d.connection_id, d.fingerprint) IN (VALUES `+tuples(len(events), 2)+`)`, args,
		func(rows *sql.Rows) error {
			d, err := scanDelivery(rows)
			batch.SetEarlier(d)
			return err
		})
}

// scanDelivery converts a row of the query in readEarlier into a delivery that has no body and no scope.
func scanDelivery(rows *sql.Rows) (domain.Delivery, error) {
	var d domain.Delivery
	var fingerprint []byte
	var pull uuid.NullUUID
	var received int64
	var state string
	var finished sql.NullInt64
	err := rows.Scan(&d.ID.UUID, &d.Tenant.UUID, &d.Connection.UUID, &d.Vendor, &d.Event, &d.EventID, &fingerprint,
		&d.Status, &pull, &received, &state, &finished)
	if err != nil {
		return d, err
	}
	d.Fingerprint, d.Pull = domain.Fingerprint(fingerprint), domain.PullID{UUID: pull.UUID}
	d.Status, d.ReceivedAt = gormstore.StatusOf(d.Status, state), time.UnixMicro(received).UTC()
	if finished.Valid {
		d.ProcessedAt = time.UnixMicro(finished.Int64).UTC()
	}
	return d, nil
}

// maxInsertRows is the maximum number of rows in one INSERT. Larger statements would not be faster: for each parameter,
// the driver searches the list of all parameters.
const maxInsertRows = 32

// OR FAIL saves time. Without it, SQLite keeps a journal for undoing a failed statement, and writing the journal costs
// as much as writing the rows. The journal is not needed, because an error rolls back the whole transaction.
const (
	insertDelivery = `INSERT OR FAIL INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id,
		fingerprint, body, scope, status, pull_id, received_at) VALUES `
	// unlessDuplicate makes the INSERT skip an event that is stored already.
	unlessDuplicate = " ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING"

	insertPull = `INSERT OR FAIL INTO pulls (id, tenant_id, connection_id, vendor, trace, created_at, trigger, state,
		scope, progress, seen_accounts, seen_rows, added, modified, removed, unchanged, attempts, last_error)
		SELECT *, '` + string(domain.TriggerWebhook) + `', 'queued', '', '', 0, 0, 0, 0, 0, 0, 0, '' FROM (VALUES `
	pullWidth = 6

	insertLateJoin = "INSERT INTO late_joins (pull_id, delivery_id, tenant_id) " +
		"SELECT pull_id, id, tenant_id FROM deliveries WHERE id = ?"
)

// insertEvents stores the new deliveries, and the pulls that are not stored yet. It sets the fields Inserted and
// Earlier of the events. If a delivery was received before its pull was queued, insertEvents also adds the delivery to
// the table late_joins.
//
// It returns the created pulls and the number of new deliveries.
func insertEvents(
	ctx context.Context, tx *sql.Tx, batch *gormstore.WebhookBatch, cache *tokenCache,
) (created []uuid.UUID, inserted int, err error) {
	missing, lateJoins := cache.attach(batch.Events)
	for some := range slices.Chunk(missing, maxInsertRows) {
		if err := insertPulls(ctx, tx, some); err != nil {
			return nil, 0, err
		}
	}
	for _, e := range missing {
		created = append(created, e.Pull)
	}
	fresh := slices.DeleteFunc(slices.Clone(batch.Events), func(e *gormstore.BatchEvent) bool {
		return e.Earlier != nil
	})
	for some := range slices.Chunk(fresh, maxInsertRows) {
		n, err := insertDeliveries(ctx, tx, some)
		if err != nil {
			return nil, 0, err
		}
		inserted += n
	}
	for _, e := range lateJoins {
		if _, err := tx.ExecContext(ctx, insertLateJoin, e.First.Delivery.UUID); err != nil {
			return nil, 0, err
		}
	}
	if inserted < len(fresh) { // some events are duplicates: find out which
		if err := readEarlier(ctx, tx, batch, fresh); err != nil {
			return nil, 0, err
		}
	}
	for _, e := range fresh {
		e.Inserted = e.Earlier == nil || e.Earlier.ID == e.First.Delivery
	}
	return created, inserted, nil
}

// insertPulls creates one pull for each of the events. The pulls must not exist yet.
func insertPulls(ctx context.Context, tx *sql.Tx, events []*gormstore.BatchEvent) error {
	args := make([]any, 0, pullWidth*len(events))
	for _, e := range events {
		vendor, trace, createdAt := string(e.Binding.Vendor), e.First.Trace, e.First.At.UnixMicro()
		args = append(args, e.Pull, e.Binding.Tenant, e.Connection, vendor, trace, createdAt)
	}
	_, err := tx.ExecContext(ctx, insertPull+tuples(len(events), pullWidth)+")", args...)
	return err
}

// insertDeliveries stores the first delivery of each new event, and returns the number of stored deliveries. A stored
// delivery is never overwritten.
//
// Ids, hashes, times and statuses are the service's own values, and are literals in the statement. This is faster than
// parameters, because the driver looks up each parameter in a list of all parameters. Values from outside are always
// parameters.
func insertDeliveries(ctx context.Context, tx *sql.Tx, events []*gormstore.BatchEvent) (int, error) {
	const row = 512 // the approximate length of one row in the statement, in bytes
	text := append(make([]byte, 0, row*len(events)), insertDelivery...)
	var args []any
	for i, e := range events {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendDelivery(text, e)
		d := e.First
		args = append(args, string(e.Binding.Vendor), d.Event.Name, d.Event.ID, d.Body, d.Scope)
	}
	done, err := tx.ExecContext(ctx, string(text)+unlessDuplicate, args...)
	if err != nil {
		return 0, err
	}
	inserted, err := done.RowsAffected()
	return int(inserted), err
}

// appendDelivery appends the values of the event's first delivery as a row of the INSERT, with a
// question mark for each parameter.
func appendDelivery(text []byte, e *gormstore.BatchEvent) []byte {
	pull := "NULL"
	if e.Pull != uuid.Nil {
		pull = "'" + e.Pull.String() + "'"
	}
	return fmt.Appendf(text, "('%s','%s','%s',?,?,?,x'%x',?,?,'%s',%s,%d)",
		e.First.Delivery.UUID, e.Binding.Tenant, e.Connection, e.Fingerprint[:], e.Status, pull, e.First.At.UnixMicro())
}

// tuples returns n tuples of question marks for an SQL statement, separated by commas. Each tuple has the given width:
// tuples(3, 2) is "(?,?),(?,?),(?,?)".
func tuples(n, width int) string {
	one := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(one+",", n-1) + one
}

// eachRow runs a query and calls scan for each row.
func eachRow(ctx context.Context, tx *sql.Tx, query string, args []any, scan func(rows *sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
