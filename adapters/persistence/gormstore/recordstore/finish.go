package recordstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Finish ends an attempt in one transaction. It first stores the readings of a settled pull, then loads what
// records.Finish needs, and applies the changes. After the commit, it enqueues the next pull of the connection.
//
// Finish is repeated after a deadlock: the attempt would otherwise be run again.
func (s pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	var row gormstore.PullRow
	nextMayStart := false
	err := s.Background().ChangeAgain(ctx, func(tx gormstore.Tx) (err error) {
		var c gormstore.ConnectionRow
		if c, row, err = lockRunning(tx, tx.DB, lease); err != nil {
			return err
		}
		ofBills, err := newBillWriter(tx, s.Dialect, row, o)
		if err != nil {
			return err
		}
		if err := storeReadings(tx, s.Dialect, row, o); err != nil {
			return err
		}
		if err := storeBankReadings(tx, row, o); err != nil {
			return err
		}
		if err := coverStatements(tx.DB, row, o); err != nil {
			return err
		}
		if err := ofBills.storePull(o); err != nil {
			return err
		}
		changes, err := records.Finish(records.FinishView{
			Pull: row.Summary(), Connection: c.Domain(),
			HeardSince: func(at time.Time) (bool, error) { return heardSince(tx.DB, s.Dialect, c, at) },
		}, o)
		if err != nil {
			return err
		}
		nextMayStart = changes.NextMayStart
		return s.applyFinish(tx, row, changes, o.At)
	})
	if err == nil && nextMayStart {
		s.enqueueNext(ctx, row)
	}
	return err
}

// applyFinish stores the changes at the end of an attempt of the pull. The revision of the connection does not change,
// because no operator made the change.
func (s pulls) applyFinish(tx gormstore.Tx, row gormstore.PullRow, changes records.FinishChanges, at time.Time) error {
	err := tx.Model(&gormstore.PullRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
		Updates(endColumns(changes.Pull)).Error
	if err == nil && changes.Reported {
		reported := gormstore.RowOfConnection(changes.Connection)
		err = tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant).
			Select(gormstore.ReportedColumns).Updates(reported).Error
	}
	if err == nil {
		err = gormstore.RecordEvents(
			tx,
			s.Dialect,
			gormstore.EventOrigin{Tenant: row.Tenant, Connection: row.Connection, At: at},
			changes.Events...)
	}
	if err == nil {
		q := gormstore.NewQuery(
			gormstore.DeletePrepared, gormstore.UUID(row.Connection), gormstore.UUID(row.Tenant))
		err = tx.ExecAtCommit(q.String(), q.Args...)
	}
	if err == nil && changes.ReferenceStored {
		err = endStaging(tx.DB, row.Tenant, row.Connection)
	}
	return err
}

// endColumns returns the columns that the end of an attempt sets. A pull that will be retried gets the state 'waiting'
// and stays under way, so that the next queued pull of the connection cannot start before it.
func endColumns(p domain.Pull) map[string]any {
	state := string(p.State)
	if p.State == domain.PullQueued {
		state = gormstore.StateWaiting
	}
	return map[string]any{
		"state": state, "last_error": string(p.LastError), "attempts": p.Attempts, "lease_id": nil, "lease_until": nil,
		"not_before": gormstore.At(p.NotBefore), "finished_at": gormstore.At(p.FinishedAt),
		"scheduled_at": gormstore.At(p.ScheduledAt), "retry_after_until": gormstore.At(p.RetryAfterUntil),
	}
}

// enqueueNext enqueues a job for the connection's queued pull, if there is one. The first job of the queued pull may
// have run too early, while the previous pull was still under way.
//
// enqueueNext reads the queued pull after the end of the previous pull is committed. A pull that is queued after this
// read needs no second job, because its first job cannot run too early. enqueueNext ignores errors, because the
// previous pull has ended. A poll then starts the queued pull, unless its first job does.
func (s pulls) enqueueNext(ctx context.Context, row gormstore.PullRow) {
	var next []uuid.UUID
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Model(&gormstore.PullRow{}).Where("connection_id = ? AND "+gormstore.IsQueued, row.Connection).
			Where(s.Dialect.TenantIs("tenant_id", "?"), row.Tenant).Pluck("id", &next).Error
	})
	if err == nil && len(next) > 0 {
		_ = s.Background().Change(ctx, func(tx gormstore.Tx) error { return tx.Enqueue(row.Tenant, next...) })
	}
}
