package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// receiveTries bounds how often a group is stored anew because others came in between.
const receiveTries = 16

// errOvertaken: another transaction queued a pull between two statements of ours, and a
// third claimed it before the next. The group is rolled back and stored anew.
var errOvertaken = errors.New("overtaken by other transactions")

// receive stores a group of knocks: at once where every event finds its pull queued, which
// is how it is under load, else in a transaction that queues the pulls that are missing.
func (d dialect) receive(ctx context.Context, knocks []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	results, err := d.repeatedly(func() ([]gormstore.Result, error) { return d.join(ctx, knocks) })
	if results != nil || err != nil {
		return results, err
	}
	return d.repeatedly(func() ([]gormstore.Result, error) { return d.bring(ctx, knocks) })
}

// repeatedly stores a group anew as long as others come in between. Errors: Unavailable
// where they do so again and again; nothing is stored.
func (d dialect) repeatedly(store func() ([]gormstore.Result, error)) (results []gormstore.Result, err error) {
	for range receiveTries {
		if results, err = store(); !overtaken(err) {
			return results, err
		}
	}
	return nil, gormstore.Unavailable(err)
}

// bring stores a group with a handful of statements, however many its knocks are.
func (d dialect) bring(ctx context.Context, knocks []gormstore.PendingDelivery) (results []gormstore.Result, err error) {
	err = pgx.BeginFunc(ctx, d.db.Pool, func(tx pgx.Tx) error {
		g := newGroup(ctx, tx, knocks)
		results = g.results
		return g.store(func(pulls []uuid.UUID) error { return d.jobs(ctx, tx, pulls) })
	})
	return results, err
}

// overtaken also names the errors by which PostgreSQL asks for the same again.
func overtaken(err error) bool {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return e.Code == "40P01" || e.Code == "40001"
	}
	return errors.Is(err, errOvertaken)
}

// querier is a transaction, or the pool where each statement is one.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// group is one transaction of receipts. Its methods are the steps of store, in order; each
// is one statement for the whole group, or none.
type group struct {
	ctx     context.Context
	db      querier
	knocks  []gormstore.PendingDelivery
	results []gormstore.Result

	gates   map[domain.TokenHash]gormstore.TokenBinding
	entries []entry                 // the distinct events, sorted
	queued  map[uuid.UUID]uuid.UUID // connection -> its queued pull
}

func newGroup(ctx context.Context, db querier, knocks []gormstore.PendingDelivery) *group {
	return &group{ctx: ctx, db: db, knocks: knocks, results: make([]gormstore.Result, len(knocks))}
}

// event is what makes two knocks one.
type event struct {
	connection  uuid.UUID
	fingerprint domain.Fingerprint
}

// entry is an event of the group: the knocks that told it, the first of which is stored.
type entry struct {
	event
	gate   gormstore.TokenBinding
	knocks []int
	pull   uuid.UUID // nil unless it wants one
	brings bool      // pull is not queued yet
	fresh  bool      // stored by this transaction
}

// store takes locks in one order, whatever the order of the knocks: connections, queued
// pulls, events; so that two groups never wait for each other in a ring. The pulls that
// insertPulls finds queued come last: groups share those, and only claims hold them alone.
func (g *group) store(jobs func(pulls []uuid.UUID) error) error {
	if err := g.openGates(); err != nil {
		return err
	}
	g.sort()
	if len(g.entries) == 0 {
		return nil
	}
	if err := g.lockQueued(); err != nil {
		return err
	}
	g.choosePulls()
	if err := g.insertDeliveries(); err != nil {
		return err
	}
	made, err := g.insertPulls()
	if err != nil {
		return err
	}
	if err := jobs(made); err != nil {
		return err
	}
	return g.answer()
}

// openGates finds the live tokens. The connections stay as they are until the commit: a
// deletion waits, and then fails the pulls that were queued here.
func (g *group) openGates() error {
	hashes := make([][]byte, 0, len(g.knocks))
	for i := range g.knocks {
		hashes = append(hashes, g.knocks[i].Token[:])
	}
	rows, err := g.db.Query(g.ctx, `
		SELECT t.hash, t.id, t.tenant_id, t.connection_id, t.vendor, c.account_ref
		FROM webhook_tokens t JOIN connections c ON c.id = t.connection_id
		WHERE t.hash = ANY($1) AND t.revoked_at IS NULL AND c.deleted_at IS NULL
		ORDER BY c.id FOR KEY SHARE OF c`, hashes)
	if err != nil {
		return err
	}
	g.gates = make(map[domain.TokenHash]gormstore.TokenBinding, len(g.knocks))
	var hash []byte
	var gate gormstore.TokenBinding
	_, err = pgx.ForEachRow(rows, []any{&hash, &gate.Token, &gate.Tenant, &gate.Connection, &gate.Vendor, &gate.AccountRef}, func() error {
		g.gates[domain.TokenHash(hash)] = gate
		return nil
	})
	return err
}

// sort refuses the knocks without a gate and groups the others by event, in the order in
// which the events are inserted.
func (g *group) sort() {
	place := make(map[event]int, len(g.knocks))
	for i := range g.knocks {
		k := &g.knocks[i]
		gate, ok := g.gates[k.Token]
		if !ok || !gate.Matches(*k) {
			g.results[i] = gormstore.RefusedResult()
			continue
		}
		told := event{gate.Connection, k.Fingerprint}
		at, ok := place[told]
		if !ok {
			at = len(g.entries)
			place[told] = at
			g.entries = append(g.entries, entry{event: told, gate: gate})
		}
		g.entries[at].knocks = append(g.entries[at].knocks, i)
	}
	slices.SortFunc(g.entries, func(a, b entry) int {
		return cmp.Or(bytes.Compare(a.connection[:], b.connection[:]), bytes.Compare(a.fingerprint[:], b.fingerprint[:]))
	})
}

// first is the knock whose delivery is stored for the event.
func (g *group) first(e *entry) *gormstore.PendingDelivery { return &g.knocks[e.knocks[0]] }

// lockQueued finds the queued pulls and keeps them from being claimed before the commit:
// the claim waits, and then sees the deliveries that joined.
func (g *group) lockQueued() error {
	var wanting []uuid.UUID
	for i := range g.entries {
		if e := &g.entries[i]; e.gate.WantsPull(*g.first(e)) {
			wanting = append(wanting, e.connection)
		}
	}
	return g.lockQueuedOf(slices.Compact(wanting))
}

// lockQueuedOf takes connections in their order.
func (g *group) lockQueuedOf(connections []uuid.UUID) error {
	g.queued = make(map[uuid.UUID]uuid.UUID, len(connections))
	if len(connections) == 0 {
		return nil
	}
	rows, err := g.db.Query(g.ctx, `
		SELECT connection_id, id FROM pulls WHERE connection_id = ANY($1) AND state = 'queued'
		ORDER BY connection_id FOR SHARE`, plain(connections))
	if err != nil {
		return err
	}
	var connection, pull uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&connection, &pull}, func() error {
		g.queued[connection] = pull
		return nil
	})
	return err
}

// choosePulls gives each wanted event the queued pull of its connection, or the one that
// the connection's first event brought along, to be queued if an event is new.
func (g *group) choosePulls() {
	brought := make(map[uuid.UUID]uuid.UUID)
	for i := range g.entries {
		e := &g.entries[i]
		if !e.gate.WantsPull(*g.first(e)) {
			continue
		}
		if pull, ok := g.queued[e.connection]; ok {
			e.pull = pull
			continue
		}
		if _, ok := brought[e.connection]; !ok {
			brought[e.connection] = g.first(e).Pull.UUID
		}
		e.pull, e.brings = brought[e.connection], true
	}
}
