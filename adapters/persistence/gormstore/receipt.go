package gormstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receipt stores batches of webhooks, with the same statements on each database. Receive is the whole way of a batch.
// Store, Plan and ReadEarlier are its parts, for a dialect that has a faster way for some of the batches.
type Receipt struct {
	// Tx runs the statements. Only Read, ReadAll and Enqueue are used.
	Tx
	// SelectBound returns statements whose rows together are the rows of BoundConnection for the given references. See
	// BoundColumns for the columns.
	SelectBound func(named []NamedReference) []*Query
	// OneWriter means that a transaction excludes all other writers from its start. Its batch then needs no row locks.
	OneWriter bool
	// Time converts a time to the value of a column.
	Time func(time.Time) any
	// Tenant is the tenant of all deliveries in a database whose statements must compare tenant_id with a parameter.
	// Otherwise it is the nil UUID, and a batch may contain deliveries of several tenants.
	Tenant uuid.UUID
}

// Transact is the type of Dialect.Transact.
type Transact func(ctx context.Context, fn func(tx Tx) error, first ...Read) error

// maxConflicts is the maximum number of attempts to store a batch. An attempt is repeated if concurrent transactions
// have invalidated the batch.
const maxConflicts = 16

// errConcurrentUpdate means that another transaction has changed what the batch depends on: it has queued a pull, or
// deleted a connection or changed its account reference. The batch is rolled back and stored again.
var errConcurrentUpdate = errors.New("invalidated by concurrent transactions")

// RetryOnConflict calls fn, and retries it without a pause while concurrent transactions invalidate it. If every
// attempt fails in this way, it returns Unavailable, and nothing is stored.
func RetryOnConflict(fn func() error) (err error) {
	for range maxConflicts {
		if err = fn(); !IsConflict(err) {
			return err
		}
	}
	return Unavailable(err)
}

// IsConflict reports whether the same batch may be stored if its transaction is repeated. This includes
// serialization_failure (40001) and deadlocks, with which PostgreSQL requests a retry.
func IsConflict(err error) bool {
	e := (*pgconn.PgError)(nil)
	return errors.Is(err, errConcurrentUpdate) || isDeadlock(err) || errors.As(err, &e) && e.Code == "40001"
}

// Receive stores a batch in one transaction, and creates the missing pulls. See Dialect.Receive for the results.
func (r Receipt) Receive(
	ctx context.Context, transact Transact, deliveries []PendingDelivery,
) (results []Result, err error) {
	err = RetryOnConflict(func() error {
		view := NewWebhookView()
		return transact(ctx, func(tx Tx) (err error) {
			r.Tx = tx
			results, err = r.store(PlanInLockOrder(deliveries, view))
			return err
		}, r.View(deliveries, view)...)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Store stores a batch in the transaction of r, and creates the missing pulls. Errors: see IsConflict.
func (r Receipt) Store(deliveries []PendingDelivery) ([]Result, error) {
	batch, err := r.Plan(deliveries)
	if err != nil {
		return nil, err
	}
	return r.store(batch)
}

// store stores a planned batch. The order of the steps is the order of locks; see the comment of the package.
func (r Receipt) store(batch *domain.WebhookBatch) ([]Result, error) {
	steps := []func(*domain.WebhookBatch) error{
		r.lockReceivers, r.lockQueuedPulls, r.insertDeliveries, r.insertPulls, r.updateLastTokens, r.ReadEarlier,
	}
	for _, step := range steps {
		if err := step(batch); err != nil {
			return nil, err
		}
	}
	return batch.Results(ErrPruned), nil
}

// Plan reads the stored values on which the batch depends, and decides what is stored.
func (r Receipt) Plan(deliveries []PendingDelivery) (*domain.WebhookBatch, error) {
	view := NewWebhookView()
	if err := r.run(r.View(deliveries, view)...); err != nil {
		return nil, err
	}
	return PlanInLockOrder(deliveries, view), nil
}

// run executes statements whose arguments do not depend on each other's rows.
func (r Receipt) run(statements ...Read) error {
	switch len(statements) {
	case 0:
		return nil
	case 1:
		return r.Read(statements[0])
	}
	return r.ReadAll(statements...)
}

// PlanInLockOrder decides what is stored. The planned deliveries are in the order in which their rows are locked: by
// connection and then by fingerprint.
func PlanInLockOrder(deliveries []PendingDelivery, view domain.WebhookView) *domain.WebhookBatch {
	batch := domain.PlanWebhooks(deliveries, view)
	slices.SortStableFunc(batch.Planned, func(a, b *domain.PlannedDelivery) int {
		return cmp.Or(bytes.Compare(a.Connection.UUID[:], b.Connection.UUID[:]),
			bytes.Compare(a.Fingerprint[:], b.Fingerprint[:]))
	})
	return batch
}

// A statement of Receipt.SelectBound selects these columns:
//
//   - the index of the reference, which counts from 0
//   - BoundColumns, of the tables webhook_tokens t, connections c, pulls p and last_webhook_tokens l
//   - whether an erased connection of the tenant had the reference
//
// BoundJoins joins pulls and last_webhook_tokens to the connections.
const (
	BoundColumns = `t.id, t.tenant_id, t.vendor, t.source_hash, c.id = t.connection_id, c.id, c.base_url,
	c.account_ref, c.created_at, p.id, l.token_id`
	BoundJoins = `
LEFT JOIN pulls p ON p.connection_id = c.id AND p.tenant_id = c.tenant_id AND p.state = 'queued'
LEFT JOIN last_webhook_tokens l ON l.connection_id = c.id AND l.tenant_id = c.tenant_id`
)

// View returns reads that add to the view the live tokens of the deliveries, and two kinds of live connections: those
// to which these tokens are bound, and those that have one of the account references in the deliveries.
func (r Receipt) View(deliveries []PendingDelivery, view domain.WebhookView) []Read {
	named := NamedReferences(deliveries)
	var place int
	var source []byte
	var created Instant
	var row BoundConnection
	c := &row.Connection
	columns := []any{
		&place, &row.Token, &row.Tenant, &row.Vendor, &source, &row.Own, &c.Connection.UUID, &c.BaseURL, &c.AccountRef,
		&created, &row.Queued, &row.LastToken, &row.Erased,
	}
	var reads []Read
	for _, q := range r.SelectBound(named) {
		reads = append(reads, q.AsRead(columns, func() error {
			row.Hash, row.Source, c.CreatedAt = named[place].Token, hashOf[domain.SourceHash](source), created.Time
			row.Add(view, named[place].Reference)
			return nil
		}))
	}
	return reads
}

// ofTenant adds a condition on the column if all deliveries have the tenant r.Tenant.
func (r Receipt) ofTenant(q *Query, column string) {
	if r.Tenant != uuid.Nil {
		q.Add(" AND "+column+" = ?", UUID(r.Tenant))
	}
}

// lockReceivers locks the connections of a batch until the commit. A deletion of such a connection waits for the
// commit. The deletion therefore finds the new pulls of this batch, and marks them as failed. Errors:
// errConcurrentUpdate if a connection has been deleted since it was read, or has another account reference.
func (r Receipt) lockReceivers(batch *domain.WebhookBatch) error {
	if r.OneWriter || len(batch.Receivers) == 0 {
		return nil
	}
	references := make(map[uuid.UUID]string, len(batch.Receivers))
	ids := make([]UUID, len(batch.Receivers))
	for i, c := range batch.Receivers {
		ids[i], references[c.Connection.UUID] = UUID(c.Connection.UUID), c.AccountRef
	}
	q := NewQuery("SELECT id, account_ref FROM connections WHERE id = ANY(?) AND deleted_at IS NULL", ids)
	r.ofTenant(q, "tenant_id")
	q.Add(" ORDER BY id FOR KEY SHARE")
	var id uuid.UUID
	var reference string
	unchanged := 0
	err := r.Read(q.AsRead([]any{&id, &reference}, func() error {
		if references[id] == reference {
			unchanged++
		}
		return nil
	}))
	if err == nil && unchanged < len(references) {
		err = errConcurrentUpdate
	}
	return err
}

// lockQueuedPulls locks the queued pulls of the planned deliveries, so that they cannot be claimed before the commit: a
// claim waits, and then reads the deliveries that were attached. Errors: errConcurrentUpdate if one of the pulls is no
// longer queued.
func (r Receipt) lockQueuedPulls(batch *domain.WebhookBatch) error {
	var connections []UUID
	pulls := map[uuid.UUID]bool{}
	for _, p := range batch.Planned {
		if !p.Pull.IsZero() && !p.NewPull && !pulls[p.Pull.UUID] {
			pulls[p.Pull.UUID] = true
			connections = append(connections, UUID(p.Connection.UUID))
		}
	}
	if r.OneWriter || len(connections) == 0 {
		return nil
	}
	q := NewQuery("SELECT id FROM pulls WHERE connection_id = ANY(?) AND "+IsQueued, connections)
	r.ofTenant(q, "tenant_id")
	q.Add(" ORDER BY connection_id FOR SHARE")
	var pull uuid.UUID
	err := r.Read(q.AsRead([]any{&pull}, func() error {
		delete(pulls, pull)
		return nil
	}))
	if err == nil && len(pulls) > 0 {
		err = errConcurrentUpdate
	}
	return err
}

// maxReceiptRows is the maximum number of rows of one statement. The driver of SQLite needs a time for the parameters
// of a statement that grows with the square of their number.
const maxReceiptRows = 32

// parts returns the rows of each statement. With a server, their number is a power of two, so that a connection
// prepares only a few statements. The driver of SQLite compiles a statement each time it is used, so there are as few
// as possible.
func parts[R any](r Receipt, rows []R) iter.Seq[[]R] {
	if r.OneWriter {
		return slices.Chunk(rows, maxReceiptRows)
	}
	return powersOfTwo(rows, maxReceiptRows)
}

// insertRows returns the statements that insert the rows. The argument into names the table and its columns, row has a
// question mark for each value of a row, and tail follows the last row. The statements return ids, and the Reads call
// returned with each of them.
func (r Receipt) insertRows(into, row, tail string, rows [][]any, returned func(id uuid.UUID)) []Read {
	var id uuid.UUID
	var reads []Read
	for some := range parts(r, rows) {
		q, separator := NewQuery(r.insertInto()+into), " VALUES "
		for _, values := range some {
			q.Add(separator+row, values...)
			separator = ", "
		}
		q.Add(tail)
		reads = append(reads, q.AsRead([]any{&id}, func() error {
			returned(id)
			return nil
		}))
	}
	return reads
}

// insertInto returns the beginning of an INSERT. With OR FAIL, SQLite keeps no journal for undoing a failed statement.
// Writing the journal costs as much as writing the rows. It is not needed, because an error rolls back the whole
// transaction.
func (r Receipt) insertInto() string {
	if r.OneWriter {
		return "INSERT OR FAIL INTO "
	}
	return "INSERT INTO "
}

// placeholders returns a tuple of n question marks, such as "(?, ?)".
func placeholders(n int) string { return "(" + strings.Repeat("?, ", n-1) + "?)" }

// insertDeliveries stores the planned deliveries that are new, and sets their fields Inserted. A stored delivery is
// never overwritten. If a concurrent transaction is storing the same event, the statement waits. If that transaction
// commits, the event is a duplicate.
func (r Receipt) insertDeliveries(batch *domain.WebhookBatch) error {
	byID := make(map[uuid.UUID]*domain.PlannedDelivery, len(batch.Planned))
	rows := make([][]any, len(batch.Planned))
	for i, p := range batch.Planned {
		byID[p.ID.UUID] = p
		var pull any
		if !p.Pull.IsZero() {
			pull = UUID(p.Pull.UUID)
		}
		rows[i] = []any{
			UUID(p.ID.UUID), UUID(p.Tenant.UUID), UUID(p.Connection.UUID), string(p.Vendor), p.Event, p.EventID,
			p.Fingerprint[:], p.Body, p.ScopeText, string(p.Status), pull, r.Time(p.ReceivedAt),
		}
	}
	return r.run(r.insertRows(`deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint,
			body, scope, status, pull_id, received_at)`, placeholders(12),
		" ON CONFLICT (connection_id, fingerprint, tenant_id) DO NOTHING RETURNING id", rows,
		func(id uuid.UUID) { byID[id].Inserted = true })...)
}

// insertPulls queues the pulls that the new deliveries require and that do not exist yet. It runs after
// insertDeliveries, because duplicates must not queue a pull. Errors: errConcurrentUpdate if another transaction has
// queued one of the pulls since the batch was planned.
func (r Receipt) insertPulls(batch *domain.WebhookBatch) error {
	missing := batch.NewPulls()
	rows := make([][]any, len(missing))
	for i, p := range missing {
		rows[i] = []any{
			UUID(p.Pull.UUID), UUID(p.Tenant.UUID), UUID(p.Connection.UUID), string(p.Vendor), p.Trace,
			r.Time(p.ReceivedAt),
		}
	}
	created := 0
	err := r.run(r.insertRows(`pulls (id, tenant_id, connection_id, vendor, trace, created_at, trigger, state,
			scope, progress, seen_accounts, seen_rows, added, modified, removed, unchanged, attempts, last_error)`,
		"(?, ?, ?, ?, ?, ?, '"+string(domain.TriggerWebhook)+"', 'queued', '', '', 0, 0, 0, 0, 0, 0, 0, '')",
		" ON CONFLICT (connection_id, tenant_id) WHERE "+IsQueued+" DO NOTHING RETURNING id", rows,
		func(uuid.UUID) { created++ })...)
	if err == nil && created < len(missing) {
		err = errConcurrentUpdate
	}
	for i := 0; i < len(missing) && err == nil; i++ {
		err = r.Enqueue(missing[i].Tenant.UUID, missing[i].Pull.UUID)
	}
	return err
}

// updateLastTokens stores for each connection the token with which its last webhook arrived. It writes only
// connections for which another token or none is stored, in the order of their ids.
func (r Receipt) updateLastTokens(batch *domain.WebhookBatch) error {
	var changed []*domain.PlannedDelivery // at most one of each connection, because Planned is ordered by connection
	for _, p := range batch.Planned {
		if !p.Inserted || !p.NewToken {
			continue
		}
		last := len(changed) - 1
		switch {
		case last < 0 || changed[last].Connection != p.Connection:
			changed = append(changed, p)
		case changed[last].ReceivedAt.Before(p.ReceivedAt):
			changed[last] = p
		}
	}
	rows := make([][]any, len(changed))
	for i, p := range changed {
		rows[i] = []any{UUID(p.Connection.UUID), UUID(p.Tenant.UUID), UUID(p.Token.UUID)}
	}
	return r.run(r.insertRows("last_webhook_tokens (connection_id, tenant_id, token_id)", placeholders(3),
		" ON CONFLICT (connection_id, tenant_id) DO UPDATE SET token_id = excluded.token_id RETURNING connection_id",
		rows, func(uuid.UUID) {})...)
}

// ReadEarlier sets the field Earlier of each planned delivery that was not inserted, because its event was stored
// before this batch. The field contains the stored delivery of the event, without body and scope. The response to a
// repeated event needs neither of them.
func (r Receipt) ReadEarlier(batch *domain.WebhookBatch) error {
	repeated := slices.DeleteFunc(slices.Clone(batch.Planned), func(p *domain.PlannedDelivery) bool {
		return p.Inserted
	})
	columns, delivery := SummaryTargets()
	var reads []Read
	for some := range parts(r, repeated) {
		q, separator := NewQuery("SELECT "+SummaryColumns+" FROM deliveries d "+deliveryJoin), " WHERE ("
		for _, p := range some {
			q.Add(separator+"d.connection_id = ? AND d.fingerprint = ?", UUID(p.Connection.UUID), p.Fingerprint[:])
			separator = " OR "
		}
		q.Add(")")
		r.ofTenant(q, "d.tenant_id")
		reads = append(reads, q.AsRead(columns, func() error {
			batch.SetEarlier(delivery())
			return nil
		}))
	}
	return r.run(reads...)
}
