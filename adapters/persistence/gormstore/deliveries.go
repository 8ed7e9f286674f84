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

// Deliveries returns the store of deliveries.
func (s *Store) Deliveries() ports.Deliveries { return deliveries{s.core, s.commits} }

// deliveries implements ports.Deliveries.
type deliveries struct {
	*Core

	commits *committers
}

// Receive stores the delivery with the next batch, and returns the result after the batch is committed.
func (s deliveries) Receive(ctx context.Context, incoming ports.IncomingDelivery) (ports.ReceiveResult, error) {
	if err := s.Fault(); err != nil {
		return ports.ReceiveResult{}, err
	}
	result := s.commits.submit(ctx, newPendingDelivery(incoming))
	return result.ReceiveResult, result.Err
}

// Get reads a delivery with its body, byte for byte as received.
func (s deliveries) Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error) {
	var d domain.Delivery
	err := s.Read(ctx, func(db *gorm.DB) error {
		query := fullDeliveries(db).Where("d.id = ? AND d.tenant_id = ?", id.UUID, tenant.UUID)
		view, err := First[deliveryView](query)
		if err != nil {
			return err
		}
		d, err = view.domain()
		return err
	})
	return d, err
}

// fullDeliveries returns a query of deliveries with all columns, including body and scope.
func fullDeliveries(db *gorm.DB) *gorm.DB {
	return db.Table("deliveries d").Select(fullColumns).Joins(deliveryJoin)
}

// maxScannedDeliveries is the maximum number of deliveries that the read of one page examines if it has a filter by
// status or event id. No index contains these columns, since it would slow down every webhook. Such a page can be short
// or empty although others follow.
const maxScannedDeliveries = 10_000

// List returns a page of deliveries, newest first. The join with the pulls costs one index lookup for each row of the
// page.
func (s deliveries) List(
	ctx context.Context, tenant domain.TenantID, filter ports.DeliveryFilter, page domain.PageRequest,
) (domain.Page[domain.Delivery], error) {
	var found domain.Page[domain.Delivery]
	read, scans := s.Read, filter.Status != "" || filter.EventID != ""
	if scans {
		read = s.readInOrder
	}
	err := read(ctx, func(db *gorm.DB) error {
		list := func(columns string) (*gorm.DB, error) {
			query := s.InTenant(db.Table("deliveries d").Select(columns), "d.", tenant, filter.Connection)
			return NewestFirst(whereReceived(query, filter), "d.received_at", "d.id", page.After)
		}
		var end *deliveryPosition // the last delivery that the page may examine
		if scans {
			positions, err := list("d.received_at, d.id")
			if err != nil {
				return err
			}
			if end, err = endOfDeliveries(positions); err != nil {
				return err
			}
		}
		if end != nil {
			filter.From = time.Time{} // the end is not earlier; SQLite would seek the first of two lower bounds
		}
		query, err := list(SummaryColumns)
		if err != nil {
			return err
		}
		if end != nil {
			query = query.Where("(d.received_at, d.id) >= (?, ?)", end.Received, end.ID)
		}
		position := func(d domain.Delivery) domain.Position {
			return domain.Position{Key: domain.TimeKey(d.ReceivedAt), ID: d.ID.UUID}
		}
		found, err = List(whereFilter(query.Joins(deliveryJoin), filter), page, deliveryView.summary, position)
		if err == nil && end != nil && found.Next.IsZero() {
			found.Next = domain.Position{Key: domain.TimeKey(end.Received.Time), ID: end.ID}
		}
		return err
	})
	return found, err
}

// readInOrder is Core.ReadInOrder with the parameters of Core.Read.
func (s deliveries) readInOrder(ctx context.Context, fn func(db *gorm.DB) error) error {
	return s.ReadInOrder(ctx, func(tx SnapshotTx) error { return fn(tx.DB) })
}

// deliveryPosition is the position of a delivery in a list.
type deliveryPosition struct {
	Received Instant   `gorm:"column:received_at"`
	ID       uuid.UUID `gorm:"column:id"`
}

// endOfDeliveries returns the position of the row number maxScannedDeliveries of a query, or nil if it has fewer rows.
func endOfDeliveries(query *gorm.DB) (*deliveryPosition, error) {
	var found []deliveryPosition
	err := query.Limit(1).Offset(maxScannedDeliveries - 1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// whereReceived adds the conditions on the time of the deliveries.
func whereReceived(query *gorm.DB, f ports.DeliveryFilter) *gorm.DB {
	if !f.From.IsZero() {
		query = query.Where("d.received_at >= ?", Instant{f.From})
	}
	if !f.To.IsZero() {
		query = query.Where("d.received_at < ?", Instant{f.To})
	}
	return query
}

// whereFilter adds the conditions on the event id and the status.
func whereFilter(query *gorm.DB, f ports.DeliveryFilter) *gorm.DB {
	if !Storable(f.EventID) {
		return query.Where("1 = 0")
	}
	if f.EventID != "" {
		query = query.Where("d.event_id = ?", f.EventID)
	}
	return whereStatus(query, f.Status)
}

// whereStatus restricts the query to deliveries with this status. For accepted, processed and failed, it compares the
// state of the pull, because these statuses are derived from that state.
func whereStatus(query *gorm.DB, status domain.DeliveryStatus) *gorm.DB {
	switch status {
	case "":
		return query
	case domain.DeliveryProcessed:
		return query.Where("p.state = ?", StateSucceeded)
	case domain.DeliveryFailed:
		return query.Where("p.state = ?", StateFailed)
	case domain.DeliveryAccepted:
		return query.Where("d.status = ? AND p."+IsOpen, string(status))
	default:
		return query.Where("d.status = ?", string(status))
	}
}

// AttachedDeliveries returns a SELECT of the deliveries that are attached to the pull. Its columns are id, scope and
// received_at. It omits deliveries whose scope has more than maxBytes.
func AttachedDeliveries(d Dialect, pull domain.Pull, maxBytes int) clause.Expr {
	return clause.Expr{
		SQL: "SELECT scope, received_at, id FROM deliveries WHERE pull_id = ? AND octet_length(scope) <= ? AND " +
			d.TenantIs("tenant_id", "?"),
		Vars: []any{pull.ID.UUID, maxBytes, pull.Tenant.UUID},
	}
}

// pruneRound is the maximum number of rows that one transaction deletes. It limits how long row locks are
// held.
const pruneRound = 500

// Prune deletes old rows in several transactions. Each transaction selects the ids of old rows, and then deletes these
// rows by id. The DELETE itself has no LIMIT, because some query plans would evaluate the LIMIT again for every row.
// Rows that another transaction has locked are skipped and deleted later.
func (s deliveries) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	pruned := 0
	for pruned < limit {
		n, err := s.pruneBatch(ctx, before, min(pruneRound, limit-pruned))
		pruned += n
		if err != nil || n == 0 {
			return pruned, err
		}
	}
	return pruned, nil
}

// prunable is an SQL condition on rows of deliveries with the alias d: the row was received before the time in the
// parameter and has no open pull, so it may be deleted.
const prunable = "d.received_at < ? AND NOT EXISTS " +
	"(SELECT 1 FROM pulls p WHERE p.id = d.pull_id AND p.tenant_id = d.tenant_id AND p." + IsOpen + ")"

// pruneBatch deletes at most limit rows in a separate transaction, and returns their number.
func (s deliveries) pruneBatch(ctx context.Context, before time.Time, limit int) (n int, err error) {
	if !s.Dialect.LocksAcrossTenants() {
		return s.pruneByTenant(ctx, before, limit)
	}
	err = s.Background().Change(ctx, func(tx Tx) error {
		var ids []uuid.UUID
		skip := clause.Locking{Strength: ForUpdate, Table: clause.Table{Name: "d"}, Options: "SKIP LOCKED"}
		err := tx.Table("deliveries d").Clauses(skip).Where(prunable, Instant{before}).
			Limit(limit).Pluck("d.id", &ids).Error
		if err != nil || len(ids) == 0 {
			n = 0
			return err
		}
		n, err = RowsAffected(tx.Where("id IN ?", ids).Delete(&DeliveryRow{}))
		return err
	})
	return n, err
}

// pruneByTenant is pruneBatch for a database in which one statement cannot lock rows of several tenants. It selects the
// rows without locks, and deletes them tenant by tenant.
//
// The DELETE checks the condition again, because a replay may have attached a row to an open pull meanwhile. It waits
// for locked rows.
func (s deliveries) pruneByTenant(ctx context.Context, before time.Time, limit int) (n int, err error) {
	var rows []DeliveryRow
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Table("deliveries d").Select("d.id", "d.tenant_id").Where(prunable, Instant{before}).
			Limit(limit).Find(&rows).Error
	})
	byTenant := map[uuid.UUID][]uuid.UUID{}
	for _, row := range rows {
		byTenant[row.Tenant] = append(byTenant[row.Tenant], row.ID)
	}
	for tenant, ids := range byTenant {
		if err != nil {
			break
		}
		err = s.Background().Write(ctx, func(db *gorm.DB) error {
			deleted, err := RowsAffected(
				db.Exec("DELETE FROM deliveries d WHERE d.tenant_id = ? AND d.id IN ? AND "+prunable,
					tenant, ids, Instant{before}),
			)
			n += deleted
			return err
		})
	}
	return n, err
}
