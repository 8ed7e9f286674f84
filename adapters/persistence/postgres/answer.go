package postgres

import (
	"cmp"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// answer gives every knock its result: the first of a new event is stored, all others
// repeat it. Errors: those of earlier; nobody has a result then.
func (g *group) answer() error {
	earlier, err := g.earlier()
	if err == nil {
		g.reply(earlier, errPruned)
	}
	return err
}

// answerStored is answer where what is new is stored for good, and must be told whatever
// becomes of the rest: an error of earlier is for those alone who repeat what it reads.
func (g *group) answerStored() {
	earlier, err := g.earlier()
	g.reply(earlier, cmp.Or(err, errPruned))
}

// reply gives the results. The failure is for who repeats an event that is neither new nor
// among the earlier ones.
func (g *group) reply(earlier map[event]domain.Delivery, failure error) {
	for i := range g.entries {
		e := &g.entries[i]
		copies := e.knocks
		first := earlier[e.event]
		if e.fresh {
			stored := e.gate.StoredResult(*g.first(e), e.pull)
			g.results[e.knocks[0]] = stored
			copies, first = e.knocks[1:], stored.Delivery
		}
		for _, k := range copies {
			if first.ID.IsZero() {
				g.results[k] = gormstore.Result{Err: failure}
				continue
			}
			// Two tokens of one connection may tell one event: each has its own gate.
			g.results[k] = g.gates[g.knocks[k].Token].DuplicateResult(first)
		}
	}
}

// errPruned: the first delivery was there a moment ago. The vendor's next try finds the
// event new.
var errPruned = gormstore.Unavailable(errors.New("the first delivery of the event was just pruned"))

// earlier reads the deliveries of events that were stored before, without bodies and asks,
// which the vendor that repeats itself has no use for.
func (g *group) earlier() (map[event]domain.Delivery, error) {
	var connections []uuid.UUID
	var fingerprints [][]byte
	for i := range g.entries {
		if e := &g.entries[i]; !e.fresh {
			connections, fingerprints = append(connections, e.connection), append(fingerprints, e.fingerprint[:])
		}
	}
	found := make(map[event]domain.Delivery, len(connections))
	if len(connections) == 0 {
		return found, nil
	}
	rows, err := g.db.Query(g.ctx, `
		SELECT d.id, d.tenant_id, d.connection_id, d.vendor, d.event, d.event_id, d.fingerprint, d.status,
			d.pull_id, d.received_at, coalesce(p.state, ''), p.finished_at
		FROM deliveries d JOIN unnest($1::uuid[], $2::bytea[]) AS told (connection_id, fingerprint)
			ON told.connection_id = d.connection_id AND told.fingerprint = d.fingerprint
		LEFT JOIN pulls p ON p.id = d.pull_id`, plain(connections), fingerprints)
	if err != nil {
		return nil, err
	}
	deliveries, err := pgx.CollectRows(rows, scanDelivery)
	for _, d := range deliveries {
		found[event{d.Connection.UUID, d.Fingerprint}] = d
	}
	return found, err
}

// scanDelivery reads a row of earlier.
func scanDelivery(row pgx.CollectableRow) (domain.Delivery, error) {
	var d domain.Delivery
	var fingerprint []byte
	var pull uuid.NullUUID
	var state string
	var finished *time.Time
	err := row.Scan(&d.ID.UUID, &d.Tenant.UUID, &d.Connection.UUID, &d.Vendor, &d.Event, &d.EventID, &fingerprint, &d.Status,
		&pull, &d.ReceivedAt, &state, &finished)
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
