package gormstore

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// takeOver lets nextPull replace a pull that waits for accounts. The waiting pull has read everything except accounts
// that the vendor does not list yet. The caller must hold the lock on nextPull. takeOver has two effects:
//
//   - The waiting pull ends.
//   - The deliveries of the waiting pull that name a missing account are attached to nextPull.
//
// takeOver returns the missing accounts, each with the time at which the wait for the account began. If no pull of the
// connection is under way, takeOver does nothing. Errors: NotDue if nextPull cannot replace the pull that is under way.
func (s pulls) takeOver(
	tx *gorm.DB,
	nextPull pullRow,
	c domain.Connection,
	now time.Time,
) (map[string]time.Time, error) {
	var others []pullRow
	err := tx.Select("state", "lease_until", "not_before", "last_error", "started_at").
		Where("connection_id = ? AND "+isUnderWay, nextPull.Connection).
		Where(tenantIs(s.dialect, "tenant_id"), nextPull.Tenant).Limit(1).Find(&others).Error
	if err != nil || len(others) == 0 {
		return nil, err
	}
	wait := notDue(max(others[0].ready().Sub(now), minWait))
	if !others[0].summary().AwaitsAccount() {
		return nil, wait
	}
	row, err := first[pullRow](locked(tx, forUpdate).Where("connection_id = ? AND "+isAwaiting, nextPull.Connection).
		Where(tenantIs(s.dialect, "tenant_id"), nextPull.Tenant))
	if errors.Is(err, domain.NotFound) { // a worker has just resumed the waiting pull
		return nil, wait
	}
	if err != nil {
		return nil, err
	}
	waiting, err := row.domain()
	if err != nil {
		return nil, err
	}
	if waiting.Progress.Target != c.Target() {
		waiting.Progress.Awaited = nil
	}
	if err := s.moveAwaiting(tx, waiting, row, nextPull.ID); err != nil {
		return nil, err
	}
	ended := map[string]any{
		"state": stateSucceeded, "last_error": "", "not_before": nil, "finished_at": instant{waiting.Progress.ReadAt},
	}
	return waiting.Progress.Awaited, tx.Model(&pullRow{}).
		Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Updates(ended).Error
}

// moveAwaiting attaches deliveries of the waiting pull to the pull with the id nextID. It moves only deliveries that
// name an account for which the waiting pull waits. It reads the deliveries in batches. The size of the scopes in a
// batch is bounded.
func (s pulls) moveAwaiting(tx *gorm.DB, waiting domain.Pull, row pullRow, nextID uuid.UUID) error {
	if len(waiting.Progress.Awaited) == 0 {
		return nil
	}
	for after := uuid.Nil; ; {
		listed, err := s.listAttached(tx, waiting, after)
		if err != nil || len(listed) == 0 {
			return err
		}
		after = listed[len(listed)-1].ID
		for batch := range batches(listed) {
			if err := moveBatch(tx, waiting, row, batch, nextID); err != nil {
				return err
			}
		}
	}
}

// moveBatch does the work of moveAwaiting for the deliveries with these ids, which belong to the waiting pull.
func moveBatch(tx *gorm.DB, waiting domain.Pull, row pullRow, ids []uuid.UUID, next uuid.UUID) error {
	var deliveries []deliveryRow
	own := tx.Model(&deliveryRow{}).Where("tenant_id = ? AND connection_id = ?", row.Tenant, row.Connection).
		Session(&gorm.Session{})
	if err := own.Select("id", "ask").Where("id IN ?", ids).Find(&deliveries).Error; err != nil {
		return err
	}
	moved, err := awaiting(deliveries, waiting.Progress.Awaited)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(moved, absenceBatch) {
		if err := own.Where("id IN ?", part).Updates(map[string]any{"pull_id": next}).Error; err != nil {
			return err
		}
	}
	return nil
}

// awaiting returns the ids of the deliveries whose scopes name at least one of the accounts.
func awaiting(deliveries []deliveryRow, accounts map[string]time.Time) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, d := range deliveries {
		var scope domain.PullScope
		if err := decode(d.Scope, &scope); err != nil {
			return nil, err
		}
		if scope.NamesAny(accounts) {
			ids = append(ids, d.ID)
		}
	}
	return ids, nil
}
