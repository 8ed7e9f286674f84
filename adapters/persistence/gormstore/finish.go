package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Finish ends an attempt in one transaction. It first stores the readings of a settled pull, then loads what
// records.Finish needs, and applies the changes.
func (s pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return s.background().change(ctx, func(tx Tx) error {
		row, err := lockRunning(tx.DB, lease)
		if err != nil {
			return err
		}
		if err := storeReadings(tx, s.dialect, row, o); err != nil {
			return err
		}
		c, err := first[connectionRow](locked(tx.DB, noKeyUpdate).
			Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant))
		if err != nil {
			return err
		}
		changes, err := records.Finish(records.FinishView{
			Pull: row.summary(), Connection: c.domain(),
			HeardSince: func(at time.Time) (bool, error) { return heardSince(tx.DB, s.dialect, c, at) },
		}, o)
		if err != nil {
			return err
		}
		return s.applyFinish(tx, row, changes, o.At)
	})
}

// applyFinish stores the changes at the end of an attempt of the pull. The revision of the connection does not change,
// because no operator made the change.
func (s pulls) applyFinish(tx Tx, row pullRow, changes records.FinishChanges, at time.Time) error {
	err := tx.Model(&pullRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
		Updates(endColumns(changes.Pull)).Error
	if err == nil && changes.Reported {
		reported := rowOfConnection(changes.Connection)
		err = tx.Model(&connectionRow{}).Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant).
			Select(reportedColumns).Updates(reported).Error
	}
	if err == nil {
		err = recordEvents(tx, s.dialect, eventOrigin{row.Tenant, row.Connection, at}, changes.Events...)
	}
	if err == nil && changes.ReferenceStored {
		err = endStaging(tx.DB, row.Tenant, row.Connection)
	}
	if err == nil && changes.NextMayStart {
		err = s.enqueueNext(tx, row)
	}
	return err
}

// endColumns returns the columns that the end of an attempt sets. A pull that will be retried gets the state 'waiting'
// and stays under way, so that the next queued pull of the connection cannot start before it.
func endColumns(p domain.Pull) map[string]any {
	state := string(p.State)
	if p.State == domain.PullQueued {
		state = stateWaiting
	}
	return map[string]any{
		"state": state, "last_error": string(p.LastError), "attempts": p.Attempts, "lease_id": nil, "lease_until": nil,
		"not_before": instant{p.NotBefore}, "finished_at": instant{p.FinishedAt},
	}
}

// enqueueNext enqueues a job for the connection's queued pull, if there is one. The first job of the queued pull may
// have run too early, while the previous pull was still under way.
func (s pulls) enqueueNext(tx Tx, row pullRow) error {
	var next []uuid.UUID
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isQueued, row.Connection).
		Where(tenantIs(s.dialect, "tenant_id"), row.Tenant).Pluck("id", &next).Error
	if err != nil || len(next) == 0 {
		return err
	}
	return tx.Enqueue(next...)
}

// enqueueOpen enqueues a job for each pull of the connection that has not ended. The pulls of a resumed connection need
// new jobs, because jobs that found the connection paused have ended without running a pull.
func (s connections) enqueueOpen(tx Tx, c connectionRow) error {
	var open []uuid.UUID
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isOpen, c.ID).
		Where(tenantIs(s.dialect, "tenant_id"), c.Tenant).
		Order("created_at").Pluck("id", &open).Error
	if err != nil || len(open) == 0 {
		return err
	}
	return tx.Enqueue(open...)
}
