package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive stores a batch of webhook deliveries and deduplicates them. It holds the only writing connection, so it may
// use the token cache. After the commit, it calls the Nudge function with the new pulls.
func (d dialect) Receive(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	conn, release, err := d.db.writer(ctx, true)
	if err != nil {
		return nil, err
	}
	defer release()
	results, created, err := d.insertBatch(ctx, conn, deliveries)
	if err != nil {
		d.db.tokens.clear()
		return nil, err
	}
	d.nudge.All(created)
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
	if err := readView(ctx, tx, cache, deliveries); err != nil {
		return nil, nil, err
	}
	batch, err := plan(ctx, tx, cache, deliveries)
	if err != nil {
		return nil, nil, err
	}
	created, inserted, err := insertPlanned(ctx, tx, batch, cache)
	if err != nil {
		return nil, nil, err
	}
	// The cache expects that this batch has inserted only deliveries. If the batch has also inserted rows of other
	// tables, the next batch finds a different state and empties the cache. This is slower, but correct.
	cache.expect(inserted)
	return batch.Results(gormstore.ErrPruned), created, tx.Commit()
}

// plan decides what is stored for the deliveries. A duplicate must not create a pull. For each delivery that would
// create a pull, plan therefore looks up a stored delivery of the same event.
func plan(
	ctx context.Context, tx *sql.Tx, cache *tokenCache, deliveries []gormstore.PendingDelivery,
) (*domain.WebhookBatch, error) {
	view := cache.view
	batch := domain.PlanWebhooks(deliveries, view)
	withoutPull := slices.DeleteFunc(slices.Clone(batch.Planned), func(p *domain.PlannedDelivery) bool {
		return !p.NewPull
	})
	earlier := map[domain.DeliveryKey]*domain.Delivery{}
	err := readEarlier(ctx, tx, withoutPull, func(d domain.Delivery) { earlier[d.Key()] = &d })
	if err != nil || len(earlier) == 0 {
		return batch, err
	}
	view.Stored = func(key domain.DeliveryKey) *domain.Delivery { return earlier[key] }
	return domain.PlanWebhooks(deliveries, view), nil
}

// readView reads the tokens and account references in the deliveries that the cache does not contain yet. It adds to
// the cache the live tokens, the live connections, and the queued pulls of these connections.
func readView(ctx context.Context, tx *sql.Tx, cache *tokenCache, deliveries []gormstore.PendingDelivery) error {
	named := slices.DeleteFunc(gormstore.NamedReferences(deliveries), func(n gormstore.NamedReference) bool {
		return cache.read[n]
	})
	if len(named) == 0 {
		return nil
	}
	for some := range slices.Chunk(named, maxInsertRows) {
		if err := readBound(ctx, tx, cache, some); err != nil {
			return err
		}
	}
	for _, n := range named {
		cache.read[n] = true
	}
	return nil
}

// boundColumns are the columns of selectBound. boundJoins are the joins that the columns need, and the conditions
// that the tokens and connections are live.
const boundColumns = `n.place, t.id, t.tenant_id, t.vendor, t.source_hash, c.id = t.connection_id, c.id, c.base_url,
		c.account_ref, c.created_at, p.id, p.created_at, l.token_id,
		EXISTS (SELECT 1 FROM account_references r
			WHERE r.digest = n.digest AND r.tenant_id = t.tenant_id AND r.erased)`

const boundJoins = ` LEFT JOIN pulls p ON p.connection_id = c.id AND p.state = 'queued'
	LEFT JOIN last_webhook_tokens l ON l.connection_id = c.id AND l.tenant_id = c.tenant_id
	WHERE t.revoked_at IS NULL AND c.deleted_at IS NULL`

// selectBound selects rows of gormstore.BoundConnection. It must follow a WITH clause that defines the table "named".
var selectBound = ` SELECT ` + boundColumns + ` FROM named n JOIN webhook_tokens t ON t.hash = n.hash
	JOIN connections c ON c.id = t.connection_id` + boundJoins + `
	UNION ALL SELECT ` + boundColumns + ` FROM named n JOIN webhook_tokens t ON t.hash = n.hash
	JOIN connections c ON c.tenant_id = t.tenant_id AND c.id <> t.connection_id AND c.id IN (
		SELECT h.id FROM connections h WHERE h.tenant_id = t.tenant_id AND h.deleted_at IS NULL
			AND lower(h.account_ref) = lower(n.reference) AND h.vendor = t.vendor
		ORDER BY h.created_at, h.id LIMIT ` + strconv.Itoa(gormstore.MaxHolders) + `)` + boundJoins + `
	AND n.reference <> ''`

// readBound reads the rows of the named references and adds them to the cache.
func readBound(ctx context.Context, tx *sql.Tx, cache *tokenCache, named []gormstore.NamedReference) error {
	text := []byte("WITH named (place, hash, digest, reference) AS (VALUES ")
	var references []any
	for i, n := range named {
		if i > 0 {
			text = append(text, ',')
		}
		digest := domain.DigestOfReference(n.Reference)
		text = fmt.Appendf(text, "(%d,x'%x',x'%x',?)", i, n.Token[:], digest[:])
		references = append(references, n.Reference)
	}
	var r gormstore.BoundConnection
	var place int
	var source []byte
	var created int64
	var since sql.NullInt64
	c := &r.Connection
	columns := []any{
		&place, &r.Token, &r.Tenant, &r.Vendor, &source, &r.Own, &c.Connection.UUID, &c.BaseURL, &c.AccountRef,
		&created, &r.Queued, &since, &r.LastToken, &r.Erased,
	}
	return each(ctx, tx, string(text)+")"+selectBound, references, columns, func() error {
		r.Hash, r.Source = named[place].Token, gormstore.SourceHashOf(source)
		c.CreatedAt = time.UnixMicro(created).UTC()
		r.Add(cache.view, named[place].Reference)
		if r.Queued.Valid {
			cache.since[c.Connection] = since.Int64
		}
		return nil
	})
}

// readEarlier reads the stored deliveries with the keys of the planned ones, and calls fn with each of them. It reads
// neither bodies nor scopes, because they are not needed to answer a vendor that sends an event again.
func readEarlier(
	ctx context.Context, tx *sql.Tx, planned []*domain.PlannedDelivery, fn func(domain.Delivery),
) error {
	if len(planned) == 0 {
		return nil
	}
	args := make([]any, 0, 2*len(planned))
	for _, p := range planned {
		args = append(args, p.Connection.UUID, p.Fingerprint[:])
	}
	columns, delivery := gormstore.SummaryTargets()
	return each(ctx, tx, `
		SELECT `+gormstore.SummaryColumns+` FROM deliveries d LEFT JOIN pulls p ON p.id = d.pull_id
		WHERE (d.connection_id, d.fingerprint) IN (VALUES `+tuples(len(planned), 2)+`)`, args, columns,
		func() error {
			fn(delivery())
			return nil
		})
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

// insertPlanned stores the new deliveries, and the pulls that are not stored yet. It sets the fields Inserted and
// Earlier of the planned deliveries. If a delivery was received before its pull was queued, insertPlanned also adds the
// delivery to the table late_joins.
//
// It returns the created pulls and the number of new deliveries.
func insertPlanned(
	ctx context.Context, tx *sql.Tx, batch *domain.WebhookBatch, cache *tokenCache,
) (created []uuid.UUID, inserted int, err error) {
	missing, lateJoins := cache.attach(batch.Planned)
	for some := range slices.Chunk(missing, maxInsertRows) {
		if err := insertPulls(ctx, tx, some); err != nil {
			return nil, 0, err
		}
	}
	for _, p := range missing {
		created = append(created, p.Pull.UUID)
	}
	fresh := slices.DeleteFunc(slices.Clone(batch.Planned), func(p *domain.PlannedDelivery) bool {
		return p.Earlier != nil
	})
	for some := range slices.Chunk(fresh, maxInsertRows) {
		n, err := insertDeliveries(ctx, tx, some)
		if err != nil {
			return nil, 0, err
		}
		inserted += n
	}
	for _, p := range lateJoins {
		if _, err := tx.ExecContext(ctx, insertLateJoin, p.ID.UUID); err != nil {
			return nil, 0, err
		}
	}
	if inserted < len(fresh) { // some events are duplicates: find out which
		if err := readEarlier(ctx, tx, fresh, batch.SetEarlier); err != nil {
			return nil, 0, err
		}
	}
	for _, p := range fresh {
		p.Inserted = p.Earlier == nil || p.Earlier.ID == p.ID
	}
	return created, inserted, updateLastTokens(ctx, tx, fresh, cache)
}

// updateLastTokens stores for each connection the token with which its last webhook arrived. It writes only
// connections for which another token or none is stored.
func updateLastTokens(
	ctx context.Context, tx *sql.Tx, planned []*domain.PlannedDelivery, cache *tokenCache,
) error {
	for _, p := range planned {
		if !p.Inserted || !p.NewToken || cache.view.LastTokens[p.Connection] == p.Token {
			continue
		}
		cache.view.LastTokens[p.Connection] = p.Token
		_, err := tx.ExecContext(ctx, `INSERT INTO last_webhook_tokens (connection_id, tenant_id, token_id)
			VALUES (?, ?, ?) ON CONFLICT (connection_id, tenant_id) DO UPDATE SET token_id = excluded.token_id`,
			p.Connection.UUID, p.Tenant.UUID, p.Token.UUID)
		if err != nil {
			return err
		}
	}
	return nil
}

// insertPulls creates one pull for each of the planned deliveries. The pulls must not exist yet.
func insertPulls(ctx context.Context, tx *sql.Tx, planned []*domain.PlannedDelivery) error {
	args := make([]any, 0, pullWidth*len(planned))
	for _, p := range planned {
		args = append(args, p.Pull.UUID, p.Tenant.UUID, p.Connection.UUID, string(p.Vendor), p.Trace,
			p.ReceivedAt.UnixMicro())
	}
	_, err := tx.ExecContext(ctx, insertPull+tuples(len(planned), pullWidth)+")", args...)
	return err
}

// insertDeliveries stores the planned deliveries that are new, and returns their number. A stored delivery is never
// overwritten.
//
// Ids, hashes, times and statuses are the service's own values, and are literals in the statement. This is faster than
// parameters, because the driver looks up each parameter in a list of all parameters. Values from outside are always
// parameters.
func insertDeliveries(ctx context.Context, tx *sql.Tx, planned []*domain.PlannedDelivery) (int, error) {
	const row = 512 // the approximate length of one row in the statement, in bytes
	text := append(make([]byte, 0, row*len(planned)), insertDelivery...)
	var args []any
	for i, p := range planned {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendDelivery(text, p)
		args = append(args, string(p.Vendor), p.Event, p.EventID, p.Body, p.ScopeText)
	}
	done, err := tx.ExecContext(ctx, string(text)+unlessDuplicate, args...)
	if err != nil {
		return 0, err
	}
	inserted, err := done.RowsAffected()
	return int(inserted), err
}

// appendDelivery appends the values of a planned delivery as a row of the INSERT, with a question mark for each
// parameter.
func appendDelivery(text []byte, p *domain.PlannedDelivery) []byte {
	pull := "NULL"
	if !p.Pull.IsZero() {
		pull = "'" + p.Pull.String() + "'"
	}
	return fmt.Appendf(text, "('%s','%s','%s',?,?,?,x'%x',?,?,'%s',%s,%d)",
		p.ID, p.Tenant, p.Connection, p.Fingerprint[:], p.Status, pull, p.ReceivedAt.UnixMicro())
}

// tuples returns n tuples of question marks for an SQL statement, separated by commas. Each tuple has the given width:
// tuples(3, 2) is "(?,?),(?,?),(?,?)".
func tuples(n, width int) string {
	one := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(one+",", n-1) + one
}
