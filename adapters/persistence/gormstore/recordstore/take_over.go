package recordstore

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// moveAwaiting finds the deliveries of the pull p whose scopes name at least one of the accounts. It moves them to
// the pull with the id next. It reads the deliveries in batches, so that the scopes of a batch have a bounded size.
func (s pulls) moveAwaiting(
	tx *gorm.DB, p domain.Pull, accounts map[string]time.Time, next domain.PullID,
) error {
	if len(accounts) == 0 {
		return nil
	}
	for after := uuid.Nil; ; {
		listed, err := s.listAttached(tx, p, after)
		if err != nil || len(listed) == 0 {
			return err
		}
		after = listed[len(listed)-1].ID
		for batch := range batches(listed) {
			if err := moveBatch(tx, p, accounts, batch, next); err != nil {
				return err
			}
		}
	}
}

// moveBatch does the work of moveAwaiting for the deliveries with these ids, which belong to the pull.
func moveBatch(
	tx *gorm.DB, p domain.Pull, accounts map[string]time.Time, ids []uuid.UUID, next domain.PullID,
) error {
	var deliveries []gormstore.DeliveryRow
	own := tx.Model(&gormstore.DeliveryRow{}).
		Where("tenant_id = ? AND connection_id = ?", p.Tenant.UUID, p.Connection.UUID).
		Session(&gorm.Session{})
	if err := own.Select("id", "scope").Where("id IN ?", ids).Find(&deliveries).Error; err != nil {
		return err
	}
	moved, err := awaiting(deliveries, accounts)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(moved, stateBatch) {
		if err := own.Where("id IN ?", part).Updates(map[string]any{"pull_id": next.UUID}).Error; err != nil {
			return err
		}
	}
	return nil
}

// awaiting returns the ids of the deliveries whose scopes name at least one of the accounts.
func awaiting(deliveries []gormstore.DeliveryRow, accounts map[string]time.Time) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, d := range deliveries {
		var scope domain.PullScope
		if err := gormstore.DecodeJSON(d.Scope, &scope); err != nil {
			return nil, err
		}
		if scope.NamesAny(accounts) {
			ids = append(ids, d.ID)
		}
	}
	return ids, nil
}
