package recordstore

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A publication, and a page whose rows continue many records, make many records visible at once. SQLite has only one
// writer, and on PostgreSQL the change feed of the tenant waits for the transaction, so the transaction must be short.
// The next versions of the records are therefore written to prepared_transactions before it begins, in short
// transactions under the lease of the pull. The transaction checks that they are still valid, and switches over with a
// few statements.
//
// Only the write that has prepared rows uses them. Rows that an earlier write or attempt has left are deleted before
// rows are prepared, when an attempt ends, and together with the staged rows of a deleted connection.

// maxPreparations is the maximum number of times that a publication prepares rows. If records change again and again
// meanwhile, it then writes all rows in its transaction.
const maxPreparations = 3

// prepare stores the next versions of the records that the plan continues. It reads and writes at most 200 rows in one
// transaction, and no transaction is open in between. Errors: LeaseLost; records.ErrNotCompared if the plan is
// outdated.
func (s pulls) prepare(ctx context.Context, lease domain.Lease, w ports.Publication, planned *publicationPlan) error {
	w.At = planned.at
	for first, done := true, false; !done; first = false {
		var next []records.Record
		err := s.readUnderLease(ctx, publishTimeout, lease, planned.reader, func() (err error) {
			next, done, err = planned.plan.Prepare(w, recordSource{planned.reader})
			return err
		})
		if err != nil || len(next) == 0 {
			return err
		}
		if err := s.storePrepared(ctx, lease, next, first); err != nil {
			return err
		}
		planned.isPrepared = true
	}
	return nil
}

// storePrepared stores prepared records. If first is set, it deletes those that an earlier attempt has left.
func (s pulls) storePrepared(ctx context.Context, lease domain.Lease, next []records.Record, first bool) error {
	rows := make([]gormstore.TransactionRow, len(next))
	for i := range next {
		var err error
		if rows[i], err = gormstore.PreparedRow(&next[i]); err != nil {
			return err
		}
	}
	p := newPageWriter(s.Dialect, ports.PageWrite{})
	_, err := s.runPage(ctx, s.WorkTimeout, lease, p, func() error {
		if first {
			if err := p.tx.Exec(gormstore.DeletePrepared, p.pull.Connection, p.pull.Tenant).Error; err != nil {
				return err
			}
		}
		return s.Dialect.InsertPrepared(p.tx.DB, rows)
	})
	return err
}

// foreseenTime returns the time at which the publication would be stamped now; see stampPublication.
func (b *publisher) foreseenTime() (time.Time, error) {
	at, err := b.afterContinued()
	if err != nil {
		return at, err
	}
	return nextTick(b.tx.Read, accountKeys{Connection: b.pull.Connection, Tenant: b.pull.Tenant}, at)
}

// ofPrepared is the end of a SELECT of the present versions of the records that have a prepared one. Its parameters are
// the connection and the tenant.
const ofPrepared = ` FROM prepared_transactions p JOIN transactions t ON t.id = p.id AND t.tenant_id = p.tenant_id
	WHERE p.connection_id = ? AND p.tenant_id = ?`

// pastSQL makes the external ids of these records former external ids.
const pastSQL = `INSERT INTO row_states (connection_id, external_id, transaction_id, tenant_id)
	SELECT t.connection_id, t.external_id, t.id, t.tenant_id` + ofPrepared + `
	ON CONFLICT (connection_id, external_id, tenant_id) DO UPDATE SET transaction_id = excluded.transaction_id`

// switchSQL returns the statement that replaces the present versions of records by the prepared ones. Its parameters
// are the position in the change feed, the connection and the tenant.
func switchSQL(dialect string) string {
	return "UPDATE transactions SET superseded_by = NULL, " + gormstore.JoinColumns(func(c gormstore.Column) string {
		switch {
		case c.Name == "change_tx":
			return "change_tx = ?"
		case c.Name == "updated_at":
			return "updated_at = " + gormstore.NextTime(dialect, "p.updated_at", "transactions.updated_at")
		case c.Is(gormstore.Kept) && c.Name != "external_id" && c.Name != "supersedes":
			return ""
		}
		return c.Name + " = p." + c.Name
	}) + ` FROM prepared_transactions p WHERE p.connection_id = ? AND p.tenant_id = ? AND transactions.id = p.id
		AND transactions.tenant_id = p.tenant_id AND transactions.version + 1 = p.version`
}

// switchOver makes the prepared records visible; prepared is their number. Errors: records.ErrNotCompared if one of
// them does not follow the present version of its record.
func (p *pageWriter) switchOver(prepared int) error {
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	own := []any{p.pull.Connection, p.pull.Tenant}
	p.archived++
	archive := archiveSQL(p.tx.Name(), "t.") + ofPrepared
	if err := p.tx.Exec(archive, append([]any{p.time(p.At)}, own...)...).Error; err != nil {
		return err
	}
	if err := p.tx.Exec(pastSQL, own...).Error; err != nil {
		return err
	}
	n, err := gormstore.RowsAffected(p.tx.Exec(switchSQL(p.tx.Name()), append([]any{p.changeSeq}, own...)...))
	if err == nil && n != prepared {
		err = records.ErrNotCompared
	}
	return err
}

// unprepared is an SQL condition on staged rows: no record is prepared for the row. It begins with AND.
const unprepared = ` AND NOT EXISTS (SELECT 1 FROM prepared_transactions p
	WHERE p.connection_id = staged_transactions.connection_id AND p.external_id = staged_transactions.external_id
	AND p.tenant_id = staged_transactions.tenant_id)`
