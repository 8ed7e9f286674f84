package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// joinSQL stores a group in one statement, and so in one round trip, unless one of its
// events wants a pull that is not queued yet; then it stores nothing.
//
// The queued pulls are locked as lockQueued does it. The connections are not: a deletion
// that comes in between fails the pulls that were joined, and none is made here. The
// order of the insert is the same for all groups, so that two never wait for each other.
const joinSQL = `
WITH gate AS MATERIALIZED (
	SELECT t.hash, t.id, t.tenant_id, t.connection_id, t.vendor, c.account_ref
	FROM webhook_tokens t JOIN connections c ON c.id = t.connection_id
	WHERE t.hash = ANY($1) AND t.revoked_at IS NULL AND c.deleted_at IS NULL
), queued AS MATERIALIZED (
	SELECT connection_id, id FROM pulls
	WHERE connection_id = ANY(ARRAY(SELECT connection_id FROM gate)) AND state = 'queued'
	ORDER BY connection_id FOR SHARE
), told AS MATERIALIZED (
	SELECT knock.*, gate.tenant_id, gate.connection_id, gate.id AS token_id, gate.account_ref, queued.id AS pull_id,
		CASE WHEN wanted AND named NOT IN ('', gate.account_ref) THEN 'ignored' ELSE told_as END AS status
	FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[],
		$9::text[], $10::text[], $11::boolean[], $12::timestamptz[]) WITH ORDINALITY
		AS knock (hash, id, vendor, event, event_id, named, fingerprint, body, ask, told_as, wanted, received_at, place)
	JOIN gate USING (hash, vendor) LEFT JOIN queued ON queued.connection_id = gate.connection_id
), stored AS (
	INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, ask, status, pull_id, received_at)
	SELECT id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, ask, status,
		CASE status WHEN 'accepted' THEN pull_id END, received_at
	FROM told WHERE NOT EXISTS (SELECT FROM told WHERE status = 'accepted' AND pull_id IS NULL)
	ORDER BY connection_id, fingerprint, place
	ON CONFLICT (connection_id, fingerprint) DO NOTHING RETURNING id
)
SELECT place, token_id, tenant_id, connection_id, account_ref, pull_id, stored.id IS NOT NULL
FROM told LEFT JOIN stored USING (id)`

// join gives no results, and has stored nothing, where an event needs a new pull.
func (d dialect) join(ctx context.Context, knocks []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	g := newGroup(ctx, d.db.Pool, knocks)
	told, err := g.tell()
	if err != nil {
		return nil, err
	}
	g.gates, g.queued = make(map[domain.TokenHash]gormstore.TokenBinding, len(told)), make(map[uuid.UUID]uuid.UUID, len(told))
	for _, t := range told {
		if !t.pull.Valid && t.gate.WantsPull(knocks[t.place]) {
			return nil, nil // as the statement decided, which asks each knock, copies too
		}
		g.gates[knocks[t.place].Token] = t.gate
		if t.pull.Valid {
			g.queued[t.gate.Connection] = t.pull.UUID
		}
	}
	g.sort()
	g.choosePulls()
	g.markFresh(told)
	g.answerStored()
	return g.results, nil
}

// telling is what joinSQL answers for a knock that a gate is open for.
type telling struct {
	place  int // among the knocks
	gate   gormstore.TokenBinding
	pull   uuid.NullUUID // that is queued for the connection
	stored bool
}

// tell runs joinSQL.
func (g *group) tell() ([]telling, error) {
	n := len(g.knocks)
	hashes, ids := make([][]byte, n), make([]plainID, n)
	vendors, events, eventIDs, named := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	fingerprints, bodies := make([][]byte, n), make([][]byte, n)
	asks, statuses := make([]string, n), make([]string, n)
	wanted, received := make([]bool, n), make([]time.Time, n)
	for i := range g.knocks {
		k := &g.knocks[i]
		hashes[i], ids[i], vendors[i] = k.Token[:], plainID(k.Delivery.UUID), string(k.Vendor)
		events[i], eventIDs[i], named[i] = k.Event.Name, k.Event.ID, k.Event.AccountRef
		fingerprints[i], bodies[i], asks[i] = k.Fingerprint[:], k.Body, k.Scope
		status := gormstore.TokenBinding{AccountRef: k.Event.AccountRef}.InitialStatus(*k)
		statuses[i], wanted[i], received[i] = string(status), status == domain.DeliveryAccepted, k.At
	}
	rows, err := g.db.Query(g.ctx, joinSQL, hashes, ids, vendors, events, eventIDs, named, fingerprints, bodies,
		asks, statuses, wanted, received)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, g.scanTelling)
}

func (g *group) scanTelling(row pgx.CollectableRow) (telling, error) {
	var t telling
	err := row.Scan(&t.place, &t.gate.Token, &t.gate.Tenant, &t.gate.Connection, &t.gate.AccountRef, &t.pull, &t.stored)
	if err != nil {
		return telling{}, err
	}
	t.place-- // ordinality counts from 1
	t.gate.Vendor = g.knocks[t.place].Vendor
	return t, nil
}

// markFresh marks the events of which this group stored the first.
func (g *group) markFresh(told []telling) {
	stored := make([]bool, len(g.knocks))
	for _, t := range told {
		stored[t.place] = t.stored
	}
	for i := range g.entries {
		e := &g.entries[i]
		e.fresh = stored[e.knocks[0]]
	}
}
