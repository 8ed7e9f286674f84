package postgres

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// insertDeliveries stores the events that are new. One that another transaction is just
// storing is waited for, and is then a duplicate.
func (g *group) insertDeliveries() error {
	n := len(g.entries)
	ids, tenants, connections := make([]plainID, n), make([]plainID, n), make([]plainID, n)
	vendors, events, eventIDs := make([]string, n), make([]string, n), make([]string, n)
	asks, statuses := make([]string, n), make([]string, n)
	fingerprints, bodies := make([][]byte, n), make([][]byte, n)
	pulls, received := make([]*plainID, n), make([]time.Time, n)
	place := make(map[uuid.UUID]int, n)
	for i := range g.entries {
		e := &g.entries[i]
		k := g.first(e)
		place[k.Delivery.UUID] = i
		ids[i], tenants[i], connections[i], vendors[i] = plainID(k.Delivery.UUID), plainID(e.gate.Tenant), plainID(e.connection), string(e.gate.Vendor)
		events[i], eventIDs[i], fingerprints[i], bodies[i] = k.Event.Name, k.Event.ID, e.fingerprint[:], k.Body
		asks[i], statuses[i], received[i] = k.Scope, string(e.gate.InitialStatus(*k)), k.At
		if e.pull != uuid.Nil {
			pulls[i] = (*plainID)(&e.pull)
		}
	}
	rows, err := g.db.Query(g.ctx, `
		INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, ask, status, pull_id, received_at)
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[],
			$9::text[], $10::text[], $11::uuid[], $12::timestamptz[])
		ON CONFLICT (connection_id, fingerprint) DO NOTHING RETURNING id`,
		ids, tenants, connections, vendors, events, eventIDs, fingerprints, bodies, asks, statuses, pulls, received)
	if err != nil {
		return err
	}
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		g.entries[place[id]].fresh = true
		return nil
	})
	return err
}

// insertPulls queues the pulls that new events brought along, and gives the ids of those
// that are new. Only now, because a group of copies alone must not queue anything.
func (g *group) insertPulls() ([]uuid.UUID, error) {
	brought := g.brought()
	n := len(brought)
	if n == 0 {
		return nil, nil
	}
	ids, tenants, connections := make([]plainID, n), make([]plainID, n), make([]plainID, n)
	vendors, traces, created := make([]string, n), make([]string, n), make([]time.Time, n)
	for i, e := range brought {
		k := g.first(e)
		ids[i], tenants[i], connections[i] = plainID(e.pull), plainID(e.gate.Tenant), plainID(e.connection)
		vendors[i], traces[i], created[i] = string(e.gate.Vendor), k.Trace, k.At
	}
	rows, err := g.db.Query(g.ctx, `
		INSERT INTO pulls (id, tenant_id, connection_id, vendor, trigger, trace, state, ask, progress, seen_accounts, seen_rows,
			added, modified, removed, unchanged, attempts, last_error, created_at)
		SELECT id, tenant_id, connection_id, vendor, $7, trace, 'queued', '', '', 0, 0, 0, 0, 0, 0, 0, '', created_at
		FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
			AS p (id, tenant_id, connection_id, vendor, trace, created_at)
		ON CONFLICT (connection_id) WHERE state = 'queued' DO NOTHING RETURNING id`,
		ids, tenants, connections, vendors, traces, created, string(domain.TriggerWebhook))
	if err != nil {
		return nil, err
	}
	made, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err == nil && len(made) < n {
		err = g.joinOthers(slices.DeleteFunc(brought, func(e *entry) bool { return slices.Contains(made, e.pull) }))
	}
	return made, err
}

// brought gives the first new event of each connection that has no pull queued.
func (g *group) brought() (first []*entry) {
	for i := range g.entries {
		e := &g.entries[i]
		if last := len(first) - 1; !e.fresh || !e.brings || last >= 0 && first[last].connection == e.connection {
			continue // the entries are sorted by connection
		}
		first = append(first, e)
	}
	return first
}

// joinOthers moves the new events of some connections to the pulls that other transactions
// have queued for them since lockQueued. One that is no longer queued by now makes the
// group start anew.
func (g *group) joinOthers(first []*entry) error {
	var connections, from, to []uuid.UUID
	for _, e := range first {
		connections, from = append(connections, e.connection), append(from, e.pull)
	}
	if err := g.lockQueuedOf(connections); err != nil {
		return err
	}
	if len(g.queued) < len(connections) {
		return errOvertaken
	}
	for _, c := range connections {
		to = append(to, g.queued[c])
	}
	for i := range g.entries {
		e := &g.entries[i]
		if pull, ok := g.queued[e.connection]; ok && e.brings {
			e.pull = pull
		}
	}
	_, err := g.db.Exec(g.ctx, `
		UPDATE deliveries SET pull_id = moved.queued FROM unnest($1::uuid[], $2::uuid[]) AS moved (brought, queued)
		WHERE pull_id = moved.brought`, plain(from), plain(to))
	return err
}
