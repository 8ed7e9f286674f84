package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Get reads a delivery with its body, byte for byte as it came.
func (s deliveries) Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error) {
	var d domain.Delivery
	err := s.read(ctx, func(db *gorm.DB) error {
		view, err := first[deliveryView](wholeDeliveries(db).Where("d.id = ? AND d.tenant_id = ?", id.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		d, err = view.domain()
		return err
	})
	return d, err
}

// wholeDeliveries reads deliveries with body and ask.
func wholeDeliveries(db *gorm.DB) *gorm.DB {
	return db.Table("deliveries d").Select(wholeDelivery).Joins(deliveryJoin)
}

// List gives deliveries newest first. The pull is joined by its id, one probe a row of the
// page; only a filter by a status that follows pulls looks at more rows than it gives.
func (s deliveries) List(ctx context.Context, tenant domain.TenantID, filter ports.DeliveryFilter, page domain.PageRequest) (domain.Page[domain.Delivery], error) {
	var found domain.Page[domain.Delivery]
	err := s.read(ctx, func(db *gorm.DB) error {
		query := inTenant(db.Table("deliveries d").Select(bareDelivery).Joins(deliveryJoin), "d.", tenant, filter.Connection)
		query, err := newestFirst(query, "d.received_at", "d.id", page.After)
		if err != nil {
			return err
		}
		found, err = list(narrowed(query, filter), page.Limit, deliveryView.bare, func(d domain.Delivery) domain.Position {
			return domain.Position{Key: domain.TimeKey(d.ReceivedAt), ID: d.ID.UUID}
		})
		return err
	})
	return found, err
}

// narrowed applies the members of the filter that are set, but for the connection.
func narrowed(query *gorm.DB, f ports.DeliveryFilter) *gorm.DB {
	if !storable(f.EventID) {
		return query.Where("1 = 0")
	}
	if f.EventID != "" {
		query = query.Where("d.event_id = ?", f.EventID)
	}
	if !f.From.IsZero() {
		query = query.Where("d.received_at >= ?", instant{f.From})
	}
	if !f.To.IsZero() {
		query = query.Where("d.received_at < ?", instant{f.To})
	}
	return withStatus(query, f.Status)
}

// withStatus asks the pull for those statuses that follow it.
func withStatus(query *gorm.DB, status domain.DeliveryStatus) *gorm.DB {
	switch status {
	case "":
		return query
	case domain.DeliveryProcessed:
		return query.Where("p.state = ?", stateSucceeded)
	case domain.DeliveryFailed:
		return query.Where("p.state = ?", stateFailed)
	case domain.DeliveryAccepted:
		return query.Where("d.status = ? AND p."+isOpen, string(status))
	default:
		return query.Where("d.status = ?", string(status))
	}
}

// pruneRound bounds the rows of one deletion, so that no lock is held for long.
const pruneRound = 500

// Prune chooses rows first and deletes them by id: a LIMIT inside the DELETE is applied
// again for every row under some plans. Rows that another transaction holds are left to
// the next round.
func (s deliveries) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	pruned := 0
	for pruned < limit {
		n, err := s.pruneSome(ctx, before, min(pruneRound, limit-pruned))
		pruned += n
		if err != nil || n == 0 {
			return pruned, err
		}
	}
	return pruned, nil
}

// pruneSome deletes one round in a transaction of its own.
func (s deliveries) pruneSome(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = s.background().change(ctx, func(tx Tx) error {
		var ids []uuid.UUID
		skip := clause.Locking{Strength: forUpdate, Table: clause.Table{Name: "d"}, Options: "SKIP LOCKED"}
		err := tx.Table("deliveries d").Clauses(skip).
			Where("d.received_at < ? AND NOT EXISTS (SELECT 1 FROM pulls p WHERE p.id = d.pull_id AND p."+isOpen+")", instant{before}).
			Limit(limit).Pluck("d.id", &ids).Error
		if err != nil || len(ids) == 0 {
			n = 0
			return err
		}
		n, err = rowsOf(tx.Where("id IN ?", ids).Delete(&deliveryRow{}))
		return err
	})
	return n, err
}
