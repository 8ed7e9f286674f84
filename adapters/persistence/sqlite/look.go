package sqlite

import (
	"database/sql"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// tuples is n tuples of parameters, each of the given width: "(?,?),(?,?)".
func tuples(n, width int) string {
	one := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(one+",", n-1) + one
}

// read finds the gates, with the pulls that are queued behind them, and which events are
// stored already of those that would bring a pull: they must not, and for the others the
// insert is soon enough to tell.
func (g *group) read() error {
	if err := g.readGates(); err != nil {
		return err
	}
	return g.readStored(func(gate gormstore.TokenBinding, k *gormstore.PendingDelivery) bool {
		_, ok := g.queued[gate.Connection]
		return !ok && gate.WantsPull(*k)
	})
}

// readGates finds the live tokens of live connections that are not known yet.
func (g *group) readGates() error {
	var hashes []any
	asked := make(map[domain.TokenHash]bool)
	for i := range g.knocks {
		hash := &g.knocks[i].Token
		if _, known := g.gates[*hash]; !known && !asked[*hash] {
			asked[*hash] = true
			hashes = append(hashes, hash[:])
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	return g.each(`
		SELECT t.hash, t.id, t.tenant_id, t.connection_id, t.vendor, c.account_ref, p.id, p.created_at
		FROM webhook_tokens t JOIN connections c ON c.id = t.connection_id
		LEFT JOIN pulls p ON p.connection_id = c.id AND p.state = 'queued'
		WHERE t.hash IN `+tuples(1, len(hashes))+` AND t.revoked_at IS NULL AND c.deleted_at IS NULL`, hashes,
		func(rows *sql.Rows) error {
			var hash []byte
			var gate gormstore.TokenBinding
			var pull uuid.NullUUID
			var since sql.NullInt64
			err := rows.Scan(&hash, &gate.Token, &gate.Tenant, &gate.Connection, &gate.Vendor, &gate.AccountRef, &pull, &since)
			if err != nil {
				return err
			}
			g.gates[domain.TokenHash(hash)] = gate
			if pull.Valid {
				g.queued[gate.Connection] = queued{pull.UUID, since.Int64}
			}
			return nil
		})
}

// readStored finds the deliveries of those events that are asked for, without bodies and
// asks, which the vendor that repeats itself has no use for.
func (g *group) readStored(asked func(gate gormstore.TokenBinding, k *gormstore.PendingDelivery) bool) error {
	g.stored = make(map[event]domain.Delivery, len(g.knocks))
	var told []any
	for i := range g.knocks {
		k := &g.knocks[i]
		if gate, ok := g.gateOf(k); ok && asked(gate, k) {
			told = append(told, gate.Connection, k.Fingerprint[:])
		}
	}
	if len(told) == 0 {
		return nil
	}
	return g.each(`
		SELECT d.id, d.tenant_id, d.connection_id, d.vendor, d.event, d.event_id, d.fingerprint, d.status,
			d.pull_id, d.received_at, coalesce(p.state, ''), p.finished_at
		FROM deliveries d LEFT JOIN pulls p ON p.id = d.pull_id
		WHERE (d.connection_id, d.fingerprint) IN (VALUES `+tuples(len(told)/2, 2)+`)`, told,
		func(rows *sql.Rows) error {
			d, err := scanDelivery(rows)
			g.stored[event{d.Connection.UUID, d.Fingerprint}] = d
			return err
		})
}

// scanDelivery reads a row of readStored.
func scanDelivery(rows *sql.Rows) (domain.Delivery, error) {
	var d domain.Delivery
	var fingerprint []byte
	var pull uuid.NullUUID
	var received int64
	var state string
	var finished sql.NullInt64
	err := rows.Scan(&d.ID.UUID, &d.Tenant.UUID, &d.Connection.UUID, &d.Vendor, &d.Event, &d.EventID, &fingerprint, &d.Status,
		&pull, &received, &state, &finished)
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

// each runs a query, and scan for every row of it.
func (g *group) each(query string, args []any, scan func(rows *sql.Rows) error) error {
	rows, err := g.tx.QueryContext(g.ctx, query, args...)
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
