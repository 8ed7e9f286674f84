package gormstore

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// removalDeliveries is the maximum number of deliveries that one call of AnnouncedRemovals reads.
const removalDeliveries = 1000

// AnnouncedRemovals first reads the ids and sizes of the next deliveries, and then as many of their scopes
// as fit into domain.MaxScopeBytes.
func (s pulls) AnnouncedRemovals(
	ctx context.Context, lease domain.Lease, after domain.DeliveryID,
) (ids []string, next domain.DeliveryID, err error) {
	err = s.background().read(ctx, func(db *gorm.DB) error {
		var rows []pullRow
		err := underLease(db, lease).Omit("ask", "progress").Limit(1).Find(&rows).Error
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return leaseLost()
		}
		deliveries, err := s.nextDeliveries(db, rows[0].summary(), after)
		if err != nil || len(deliveries) == 0 {
			return err
		}
		next.UUID = deliveries[len(deliveries)-1]
		ids, err = removalsOf(db, rows[0], deliveries)
		return err
	})
	return ids, next, err
}

// nextDeliveries returns the ids of the next deliveries of the pull whose scopes together fit into
// domain.MaxScopeBytes. It always returns at least one id if there are more deliveries.
func (s pulls) nextDeliveries(db *gorm.DB, p domain.Pull, after domain.DeliveryID) ([]uuid.UUID, error) {
	var sizes []struct {
		ID    uuid.UUID
		Bytes int
	}
	err := db.Table("(?) AS attached", s.dialect.AttachedDeliveries(p)).Select("id, octet_length(ask) AS bytes").
		Where("id > ?", after.UUID).Order("id").Limit(removalDeliveries).Find(&sizes).Error
	var ids []uuid.UUID
	total := 0
	for _, d := range sizes {
		if total += d.Bytes; total > domain.MaxScopeBytes && len(ids) > 0 {
			break
		}
		ids = append(ids, d.ID)
	}
	return ids, err
}

// removalsOf returns the removals that the deliveries of the pull announce.
func removalsOf(db *gorm.DB, pull pullRow, deliveries []uuid.UUID) ([]string, error) {
	var stored []string
	err := db.Model(&deliveryRow{}).Where("tenant_id = ? AND connection_id = ?", pull.Tenant, pull.Connection).
		Where("id IN ?", deliveries).Pluck("ask", &stored).Error
	if err != nil {
		return nil, err
	}
	scopes := make([]domain.PullScope, len(stored))
	for i := range stored {
		if err := decode(stored[i], &scopes[i]); err != nil {
			return nil, err
		}
	}
	return domain.MergeScopes(scopes).Removed, nil
}
