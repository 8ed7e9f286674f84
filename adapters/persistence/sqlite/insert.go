package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// insertBatch bounds the rows of one INSERT: the driver looks each parameter up among all
// of its statement's, so that larger batches gain nothing.
const insertBatch = 32

// An error rolls the whole transaction back. OR FAIL says so to SQLite, which else keeps a
// journal of each statement, to undo that alone: it costs as much as the rows.
const (
	insertDelivery = `INSERT OR FAIL INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id,
		fingerprint, body, ask, status, pull_id, received_at) VALUES `
	// unlessStored leaves out an event that is stored already.
	unlessStored = " ON CONFLICT (connection_id, fingerprint) DO NOTHING"

	insertPull = `INSERT OR FAIL INTO pulls (id, tenant_id, connection_id, vendor, trace, created_at, trigger, state,
		ask, progress, seen_accounts, seen_rows, added, modified, removed, unchanged, attempts, last_error)
		SELECT *, '` + string(domain.TriggerWebhook) + `', 'queued', '', '', 0, 0, 0, 0, 0, 0, 0, '' FROM (VALUES `
	pullWidth = 6

	insertStray = "INSERT INTO strays (pull_id, delivery_id) SELECT pull_id, id FROM deliveries WHERE id = ?"
)

// write stores the new pulls with their jobs, the new deliveries, and which of them are
// strays. It gives how many deliveries were new.
func (g *group) write(jobs func(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error) (inserted int, err error) {
	for some := range slices.Chunk(g.brought, insertBatch) {
		if err := g.insertPulls(some); err != nil {
			return 0, err
		}
	}
	var made []uuid.UUID
	for _, p := range g.brought {
		made = append(made, p.Pull.UUID)
	}
	if err := jobs(g.ctx, g.tx, made); err != nil {
		return 0, err
	}
	for some := range slices.Chunk(g.fresh, insertBatch) {
		n, err := g.insertDeliveries(some)
		if err != nil {
			return 0, err
		}
		inserted += n
	}
	for _, id := range g.strays {
		if _, err := g.tx.ExecContext(g.ctx, insertStray, id.UUID); err != nil {
			return 0, err
		}
	}
	return inserted, nil
}

func (g *group) insertPulls(some []pull) error {
	args := make([]any, 0, pullWidth*len(some))
	for _, p := range some {
		args = append(args, p.Pull.UUID, p.Tenant, p.Connection, string(p.TokenBinding.Vendor), p.Trace, p.At.UnixMicro())
	}
	_, err := g.tx.ExecContext(g.ctx, insertPull+tuples(len(some), pullWidth)+")", args...)
	return err
}

// insertDeliveries has ids, digests, times and statuses, which are the service's own, as
// literals: the statement is compiled anyway, and the driver looks each parameter up among
// all of them. What came from outside is a parameter.
func (g *group) insertDeliveries(some []delivery) (int, error) {
	const row = 512 // bytes of one, about
	text := append(make([]byte, 0, row*len(some)), insertDelivery...)
	var args []any
	for i := range some {
		if i > 0 {
			text = append(text, ',')
		}
		d := &some[i]
		text = d.tuple(text)
		args = append(args, string(d.Delivery.Vendor), d.Delivery.Event, d.EventID, d.Delivery.Body, d.PendingDelivery.Scope)
	}
	done, err := g.tx.ExecContext(g.ctx, string(text)+unlessStored, args...)
	if err != nil {
		return 0, err
	}
	inserted, err := done.RowsAffected()
	return int(inserted), err
}

// tuple appends the values of a row, with a question mark for each argument.
func (d *delivery) tuple(text []byte) []byte {
	pull := "NULL"
	if !d.Delivery.Pull.IsZero() {
		pull = "'" + d.Delivery.Pull.String() + "'"
	}
	return fmt.Appendf(text, "('%s','%s','%s',?,?,?,x'%x',?,?,'%s',%s,%d)",
		d.ID.UUID, d.Tenant.UUID, d.Connection.UUID, d.Delivery.Fingerprint[:], d.Status, pull, d.At.UnixMicro())
}
