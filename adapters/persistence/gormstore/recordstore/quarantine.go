package recordstore

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// quarantinedRow is a row of quarantined_rows: an account or a transaction of the vendor that cannot be read.
type quarantinedRow struct {
	ID         uuid.UUID         `gorm:"column:id"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	Kind       string            `gorm:"column:kind"`
	Key        string            `gorm:"column:row_key"`
	Reason     string            `gorm:"column:reason"`
	Payload    []byte            `gorm:"column:payload"`
	Pull       uuid.UUID         `gorm:"column:pull_id"`
	FirstSeen  gormstore.Instant `gorm:"column:first_seen_at"`
	LastSeen   gormstore.Instant `gorm:"column:last_seen_at"`
}

// TableName returns the name of the table in the schema.
func (quarantinedRow) TableName() string { return "quarantined_rows" }

func (r quarantinedRow) key() domain.QuarantineKey {
	return domain.QuarantineKey{Kind: domain.QuarantineKind(r.Kind), ID: r.Key}
}

func (r quarantinedRow) domain() domain.QuarantinedRow {
	return domain.QuarantinedRow{
		ID: r.ID, Tenant: domain.TenantID{UUID: r.Tenant}, Connection: domain.ConnectionID{UUID: r.Connection},
		UnreadableData: domain.UnreadableData{
			QuarantineKey: r.key(), Reason: domain.Code(r.Reason), Payload: r.Payload,
		},
		Pull: domain.PullID{UUID: r.Pull}, FirstSeenAt: r.FirstSeen.Time, LastSeenAt: r.LastSeen.Time,
	}
}

// quarantineOf restricts a query to the quarantine of one connection.
func quarantineOf(db *gorm.DB, tenant, connection uuid.UUID) *gorm.DB {
	return db.Model(&quarantinedRow{}).Where("connection_id = ? AND tenant_id = ?", connection, tenant)
}

// changeQuarantine removes released rows from the quarantine, and then adds quarantined rows.
func (p *pageWriter) changeQuarantine(c *records.Changes) error {
	for _, kind := range []domain.QuarantineKind{domain.QuarantinedAccount, domain.QuarantinedTransaction} {
		var released []string
		for _, key := range c.Quarantine.Release {
			if key.Kind == kind {
				released = append(released, key.ID)
			}
		}
		if len(released) == 0 {
			continue
		}
		err := quarantineOf(p.tx.DB, p.pull.Tenant, p.pull.Connection).Where("kind = ?", string(kind)).
			Where(p.dialect.AnyOf("row_key", released)).Delete(&quarantinedRow{}).Error
		if err != nil {
			return err
		}
	}
	if len(c.Quarantine.Put) == 0 {
		return nil
	}
	rows := gormstore.ConvertAll(c.Quarantine.Put, p.quarantinedRow)
	return p.tx.Clauses(upsertQuarantined).CreateInBatches(rows, quarantineBatch).Error
}

// upsertQuarantined is the conflict clause of an INSERT. If a row with the same key is stored, the INSERT overwrites
// the columns of that row that can change.
var upsertQuarantined = clause.OnConflict{
	Columns: []clause.Column{
		{Name: "connection_id"}, {Name: "kind"}, {Name: "row_key"}, {Name: "tenant_id"},
	},
	DoUpdates: clause.AssignmentColumns([]string{"reason", "payload", "pull_id", "last_seen_at"}),
}

// quarantineBatch is the maximum number of quarantined rows in one INSERT. It is small, because these rows may have
// large payloads.
const quarantineBatch = 50

func (p *pageWriter) quarantinedRow(data domain.UnreadableData) quarantinedRow {
	return quarantinedRow{
		ID: p.NewID().UUID, Tenant: p.pull.Tenant, Connection: p.pull.Connection, Kind: string(data.Kind),
		Key: data.ID, Reason: string(data.Reason), Payload: gormstore.NonNil(data.Payload), Pull: p.pull.ID,
		FirstSeen: gormstore.At(p.At), LastSeen: gormstore.At(p.At),
	}
}

// VisitQuarantine implements records.QuarantineSource.
func (s recordSource) VisitQuarantine(limit int, visit func(records.QuarantineEntry)) error {
	return visitQuarantine(s.tx, s.pull.Tenant, s.pull.Connection, limit, visit)
}

// visitQuarantine reads the quarantine of a connection, with the beginnings of the payloads, row by row.
func visitQuarantine(
	tx gormstore.Tx, tenant, connection uuid.UUID, limit int, visit func(records.QuarantineEntry),
) error {
	q := gormstore.NewQuery("SELECT kind, row_key, pull_id, last_seen_at, substr(payload, 1, ?)"+
		" FROM quarantined_rows WHERE connection_id = ? AND tenant_id = ?",
		limit, gormstore.UUID(connection), gormstore.UUID(tenant))
	var e records.QuarantineEntry
	return tx.Read(q.AsRead(gormstore.ScanTargets(
		(*gormstore.Text)(&e.Kind), &e.ID, &e.Pull.UUID, &e.At, &e.Payload,
	), func() error {
		visit(e)
		return nil
	}))
}

// Quarantine returns a page of the connection's quarantine, newest first. The database sorts the whole quarantine, but
// reads only the payloads of the page.
func (s ledger) Quarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest,
) (domain.Page[domain.QuarantinedRow], error) {
	q := gormstore.NewQuery(
		`SELECT id, tenant_id, connection_id, kind, row_key, reason, payload, pull_id, first_seen_at,
		last_seen_at FROM quarantined_rows WHERE connection_id = ? AND tenant_id = ?`,
		gormstore.UUID(connection.UUID),
		gormstore.UUID(tenant.UUID),
	)
	if !page.After.IsZero() {
		after, err := domain.ParseTimeKey(page.After.Key)
		if err != nil {
			return domain.Page[domain.QuarantinedRow]{}, err
		}
		q.Add(" AND (first_seen_at, id) < (?, ?)", s.TimeParam(after), gormstore.UUID(page.After.ID))
	}
	q.Add(" ORDER BY first_seen_at DESC, id DESC")
	var row quarantinedRow
	return gormstore.Paged(ctx, s.Rows, q, page, row.targets(),
		func() (domain.QuarantinedRow, error) { return row.domain(), nil },
		func(r domain.QuarantinedRow) domain.Position {
			return domain.Position{Key: domain.TimeKey(r.FirstSeenAt), ID: r.ID}
		})
}

// targets returns the scan targets for the columns that Quarantine selects.
func (r *quarantinedRow) targets() []any {
	return gormstore.ScanTargets(
		&r.ID, &r.Tenant, &r.Connection, &r.Kind, &r.Key, &r.Reason, &r.Payload, &r.Pull, &r.FirstSeen,
		&r.LastSeen,
	)
}

// RemoveAnnounced takes its locks in this order:
//
//   - the shared lock that excludes the closing of periods (see closes.go)
//   - the row of the connection
//   - the queued pull
//   - the waiting pull
//
// While the waiting pull is locked, no worker can start it. Therefore no page of the connection is written in the
// meantime.
func (s pulls) RemoveAnnounced(
	ctx context.Context, id domain.PullID, at time.Time, matching func(domain.Vendor) *ports.Matching,
) (blocked bool, err error) {
	comparisons := &records.Comparisons{}
	defer comparisons.Release()
	err = compared(comparisons, func() error {
		return s.Background().Change(ctx, func(tx gormstore.Tx) error {
			b, err := s.lockBlocked(tx, id)
			if blocked = b.waiting != nil; errors.Is(err, domain.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			queued := b.queued
			next, err := queued.Domain()
			if err != nil {
				return err
			}
			scope, err := s.mergedScope(tx.DB, next)
			if err != nil {
				return err
			}
			reported, err := s.report(tx, b, scope, at)
			if err != nil || b.waiting == nil {
				return err
			}
			if err := s.wakeByEvent(tx, b, scope, at); err != nil || len(scope.Removed) == 0 {
				return err
			}
			page := records.NewPage(ports.PageWrite{
				Removed: scope.Removed, Waits: reported.CannotBeRead(at), At: at, Matching: matching(next.Vendor),
			})
			page.Share(comparisons)
			p := newPageWriter(s.Dialect, page.PageWrite)
			p.tx, p.pull, p.page = tx, queued, page
			return p.removeAnnounced()
		})
	})
	return blocked, err
}

// removeAnnounced writes the page, and adds its counts to those of the pull.
func (p *pageWriter) removeAnnounced() error {
	if err := p.stamp(); err != nil {
		return err
	}
	err := p.apply(p.page.Changes(p.view(), recordSource{p}))
	if err != nil || p.counts.Removed == 0 {
		return err
	}
	if err := p.changeBooks(); err != nil {
		return err
	}
	return p.tx.Model(&gormstore.PullRow{}).
		Where("id = ? AND tenant_id = ?", p.pull.ID, p.pull.Tenant).
		Updates(map[string]any{
			"removed":  gorm.Expr("removed + ?", p.counts.Removed),
			"modified": gorm.Expr("modified + ?", p.counts.Modified),
		}).
		Error
}

// report stores what the events of the queued pull have reported about the connection, and returns the connection
// after it. scope is the merged scope of the queued pull.
func (s pulls) report(
	tx gormstore.Tx, b blockedPull, scope domain.PullScope, at time.Time,
) (reported domain.Connection, err error) {
	c := b.connection.Domain()
	signalAt := time.Time{}
	if scope.Signal != "" {
		source := scopeSource{s.Dialect, tx.DB, b.queued.Summary()}
		if signalAt, err = source.lastSignalAt(); err != nil {
			return c, err
		}
	}
	if reported = c; reported.Report(scope, signalAt, at) {
		err = s.applyReport(tx, c, reported, at)
	}
	return reported, err
}

// ReportConnection locks the connection and then the pull, like Finish.
func (s pulls) ReportConnection(
	ctx context.Context, lease domain.Lease, at time.Time, change func(*domain.Connection),
) error {
	return s.Background().ChangeAgain(ctx, func(tx gormstore.Tx) error {
		c, _, err := lockRunning(tx, gormstore.Live(tx.DB), lease)
		if err != nil {
			return err
		}
		before := c.Domain()
		after := before
		if change(&after); after.Health == before.Health && after.Consent == before.Consent {
			return nil
		}
		return s.applyReport(tx, before, after, at)
	})
}

// applyReport stores what events have reported about a connection, and the events about the change.
func (s pulls) applyReport(tx gormstore.Tx, before, after domain.Connection, at time.Time) error {
	var changes []records.Event
	after.Announced, changes = records.OfHealth(before, after)
	err := tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", after.ID.UUID, after.Tenant.UUID).
		Select(gormstore.ReportedColumns).Updates(gormstore.RowOfConnection(after)).Error
	if err != nil {
		return err
	}
	origin := gormstore.EventOrigin{Tenant: after.Tenant.UUID, Connection: after.ID.UUID, At: at}
	return gormstore.RecordEvents(tx, s.Dialect, origin, changes...)
}

// blockedPull is a queued pull that may have to wait for another pull of its connection.
type blockedPull struct {
	queued     gormstore.PullRow
	connection gormstore.ConnectionRow
	// waiting is the other pull if it waits for its next attempt. It is nil if that pull is running, if there is none,
	// and while the connection is paused.
	waiting *gormstore.PullRow
}

// lockBlocked locks the queued pull with this id, its connection, and the other pull of the connection if that waits
// for its next attempt. Errors: NotFound unless the pull is queued and its connection is live.
func (s pulls) lockBlocked(tx gormstore.Tx, id domain.PullID) (b blockedPull, err error) {
	query, err := s.byID(tx.DB, id)
	if err != nil {
		return b, err
	}
	b.queued, err = gormstore.First[gormstore.PullRow](query.Omit("scope", "progress").Where(gormstore.IsQueued))
	if err != nil {
		return b, err
	}
	tenant, connection := b.queued.Tenant, b.queued.Connection
	if err := shareConnections(s.Dialect, tx, tenant, connection.String()); err != nil {
		return b, err
	}
	b.connection, err = gormstore.First[gormstore.ConnectionRow](
		gormstore.Locked(gormstore.Live(tx.DB), gormstore.NoKeyUpdate).
			Where("id = ? AND tenant_id = ?", connection, tenant),
	)
	if err != nil {
		return b, err
	}
	b.queued, err = gormstore.First[gormstore.PullRow](
		gormstore.Locked(tx.DB, gormstore.ForUpdate).
			Where("id = ? AND tenant_id = ? AND "+gormstore.IsQueued, id.UUID, tenant),
	)
	if err != nil {
		return b, err
	}
	waiting, err := s.lockWaiting(tx.DB.Omit("scope", "progress"), tenant, connection)
	switch {
	case err != nil && !errors.Is(err, domain.NotFound):
		return b, err
	case err == nil && b.connection.Paused.IsZero():
		b.waiting = &waiting
	}
	return b, nil
}
