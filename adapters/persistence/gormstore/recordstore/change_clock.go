package recordstore

import (
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// The table change_clocks contains the time of the last change of each connection's records. A transaction writes
// versions with a later time than all versions that are already stored, even if the clocks of the replicas differ. The
// row of a connection is locked until the transaction ends, so that the times rise in the order of the commits. A close
// of a period takes its time from the same row.
//
// A transaction can write more than one version of a record, for example of one that moves to another connection and
// continues as a new row. Each version is then one microsecond later than the one before it (gormstore.NextTime).

// tickSQL returns the statement that advances the clock of a connection. Its parameters are the connection, the tenant
// and the present time. It returns the new time.
func tickSQL(dialect string) string {
	next := gormstore.NextTime(dialect, "excluded.last_at", "change_clocks.last_at")
	return `INSERT INTO change_clocks (connection_id, tenant_id, last_at) VALUES (?, ?, ?)
		ON CONFLICT (connection_id, tenant_id) DO UPDATE SET last_at = ` + next + ` RETURNING last_at`
}

// tick advances the clock of a connection and returns the new time. The new time is the given time, but at least one
// microsecond after the previous time. Times have a precision of one microsecond.
func tick(tx gormstore.Tx, tenant, connection uuid.UUID, at time.Time) (next time.Time, err error) {
	err = tx.Read(tickRead(tx.Name(), tenant, connection, at, &next))
	return next, err
}

// tickRead returns the statement of tick. It stores the new time in next.
func tickRead(dialect string, tenant, connection uuid.UUID, at time.Time, next *time.Time) gormstore.Read {
	q := gormstore.NewQuery(tickSQL(dialect), gormstore.UUID(connection), gormstore.UUID(tenant),
		gormstore.At(at.UTC().Truncate(time.Microsecond)).Param(dialect))
	return q.AsRead([]any{gormstore.ScanTarget(next)}, func() error { return nil })
}

// nextTick returns the time that tick would return for an account's connection, without advancing the clock.
func nextTick(read func(gormstore.Read) error, account accountKeys, at time.Time) (time.Time, error) {
	next := at.UTC().Truncate(time.Microsecond)
	q := gormstore.NewQuery("SELECT last_at FROM change_clocks WHERE connection_id = ? AND tenant_id = ?",
		gormstore.UUID(account.Connection), gormstore.UUID(account.Tenant))
	var last time.Time
	err := read(q.AsRead([]any{gormstore.ScanTarget(&last)}, func() error { return nil }))
	if after := last.Add(time.Microsecond); next.Before(after) {
		next = after
	}
	return next, err
}

// stamp sets the time of the changes that the writer makes. The connection must be known.
func (p *pageWriter) stamp() (err error) {
	p.At, err = tick(p.tx, p.pull.Tenant, p.pull.Connection, p.At)
	if p.page != nil {
		p.page.At = p.At
	}
	return err
}

// keepLater advances the clock to the latest time that a version of this transaction can have. Each version but the
// first follows an archiving.
func (p *pageWriter) keepLater() error {
	if p.archived < 2 {
		return nil
	}
	_, err := tick(p.tx, p.pull.Tenant, p.pull.Connection, p.At.Add(time.Duration(p.archived)*time.Microsecond))
	return err
}

// stampPage is like stamp. If the page contains transactions, it also reserves the position in the change feed, because
// such a page usually changes rows. It does so before it advances the clock. Dialect.ReadChangeSeq may wait for other
// transactions of the tenant, and these could otherwise wait for the row of the clock.
func (p *pageWriter) stampPage() error {
	if !p.hasRows() {
		return p.stamp()
	}
	err := p.readChangeSeq(tickRead(p.tx.Name(), p.pull.Tenant, p.pull.Connection, p.At, &p.At))
	p.page.At = p.At
	return err
}

// stampPublication sets the time of a publication. Accounts may move from other connections, so the time is also
// later than all changes of these connections.
func (b *publisher) stampPublication() (err error) {
	if b.At, err = b.afterContinued(); err == nil {
		err = b.stamp()
	}
	b.w.At = b.At
	return err
}

// afterContinued returns the time of the publication, but at least one microsecond after the last change of each
// connection that has a continued account.
func (b *publisher) afterContinued() (at time.Time, err error) {
	at = b.w.At
	for _, published := range b.w.Accounts {
		if published.Continues.IsZero() {
			continue
		}
		q := gormstore.NewQuery(`SELECT last_at FROM change_clocks WHERE tenant_id = ? AND connection_id = (
			SELECT connection_id FROM accounts WHERE id = ? AND tenant_id = ?)`,
			gormstore.UUID(b.pull.Tenant), gormstore.UUID(published.Continues.UUID), gormstore.UUID(b.pull.Tenant))
		var last time.Time
		if err := b.tx.Read(q.AsRead([]any{gormstore.ScanTarget(&last)}, func() error { return nil })); err != nil {
			return at, err
		}
		if next := last.Add(time.Microsecond); at.Before(next) {
			at = next
		}
	}
	return at, nil
}
