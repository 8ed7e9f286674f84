package gormstore

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Finish ends an attempt: the pull is over or waits for the next one, its lease ends, and the
// connection's health is updated.
func (s pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return s.background().change(ctx, func(tx Tx) error {
		row, err := lockRunning(tx.DB, lease)
		if err != nil {
			return err
		}
		if err := tx.Model(&pullRow{}).Where("id = ?", row.ID).Updates(finishColumns(o)).Error; err != nil {
			return err
		}
		if o.Health != nil {
			if err := foldHealth(tx.DB, row.Connection, o.Health); err != nil {
				return err
			}
		}
		if o.State == domain.PullQueued {
			return nil
		}
		return enqueueNext(tx, row.Connection)
	})
}

// finishColumns returns the columns that the end of an attempt sets. A pull that will be retried stays
// under way, so that no pull queued after it overtakes it.
func finishColumns(o ports.Outcome) map[string]any {
	columns := map[string]any{
		"state": string(o.State), "last_error": string(o.LastError), "attempts": o.Attempts,
		"not_before": nil, "finished_at": instant{o.At}, "lease_id": nil, "lease_until": nil,
	}
	if o.State == domain.PullQueued {
		columns["state"], columns["not_before"], columns["finished_at"] = stateWaiting, instant{o.NotBefore}, nil
	}
	return columns
}

// foldHealth writes only the health, and leaves the revision: it is not an operator's change.
func foldHealth(tx *gorm.DB, connection uuid.UUID, fold func(domain.Health) domain.Health) error {
	row, err := first[connectionRow](locked(tx, "NO KEY UPDATE").Where("id = ?", connection))
	if err != nil {
		return err
	}
	next := connectionRow{Health: healthOf(fold(row.Health.domain()))}
	return tx.Model(&connectionRow{}).Where("id = ?", connection).
		Select("health_status", "health_reason", "health_since", "needs_reauth", "reauth_by_event").Updates(next).Error
}

// enqueueNext enqueues a job for the pull that is queued after the one that is over: it had a job when
// it was queued, which may have been used up by waiting.
func enqueueNext(tx Tx, connection uuid.UUID) error {
	var next []uuid.UUID
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isQueued, connection).Pluck("id", &next).Error
	if err != nil || len(next) == 0 {
		return err
	}
	return tx.Enqueue(next...)
}
