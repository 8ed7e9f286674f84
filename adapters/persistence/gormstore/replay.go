package gormstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Replay attaches stored webhook deliveries to the queued pulls of their connections, so that these pulls do the work
// of the deliveries again. It locks the connections, then the queued pulls, and then the deliveries. The locks on
// queued pulls are shared, so a batch of webhooks can lock the same pulls at the same time.
func (s deliveries) Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
	entries ports.AuditEntries, newID func() domain.PullID,
) ([]domain.Delivery, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var replayed []domain.Delivery
	err := s.ChangeAgain(ctx, func(tx Tx) error {
		rows, err := replayable(tx.DB, tenant, ids)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := replaceRemovals(tx.DB, tenant, rows); err != nil {
			return err
		}
		pulls, err := s.queuedPulls(tx, tenant, rows, at, newID)
		if err != nil {
			return err
		}
		if replayed, err = requeue(tx.DB, rows, pulls); err != nil {
			return err
		}
		objects := make([]string, len(replayed))
		for i, d := range replayed {
			objects[i] = d.ID.String()
		}
		return tx.Record(tenant, entries.About(objects))
	})
	return replayed, err
}

// replayable returns the tenant's deliveries with these ids, ordered by id. It omits deliveries that need no pull.
func replayable(tx *gorm.DB, tenant domain.TenantID, ids []domain.DeliveryID) ([]DeliveryRow, error) {
	wanted := make([]uuid.UUID, 0, len(ids))
	for _, id := range ids {
		wanted = append(wanted, id.UUID)
	}
	var rows []DeliveryRow
	err := tx.Where("id IN ? AND tenant_id = ? AND status = ?", wanted, tenant.UUID, string(domain.DeliveryAccepted)).
		Order("id").Find(&rows).Error
	return rows, err
}

// replaceRemovals changes the scopes of the given deliveries in memory; it does not write to the database. It changes
// only deliveries whose pull has succeeded. The new scope omits the announced removals of transactions that this pull
// has already applied (see domain.PullScope.Replayed).
func replaceRemovals(tx *gorm.DB, tenant domain.TenantID, rows []DeliveryRow) error {
	pulls := map[uuid.UUID]bool{}
	for _, row := range rows {
		pulls[row.Pull.UUID] = true
	}
	var succeeded []uuid.UUID
	err := tx.Model(&PullRow{}).Where("id IN ? AND tenant_id = ? AND "+IsSucceeded, sorted(pulls), tenant.UUID).
		Pluck("id", &succeeded).Error
	for i := 0; i < len(rows) && err == nil; i++ {
		if !slices.Contains(succeeded, rows[i].Pull.UUID) {
			continue
		}
		var scope domain.PullScope
		if err = DecodeJSON(rows[i].Scope, &scope); err == nil {
			rows[i].Scope, err = EncodeJSON(scope.Replayed())
		}
	}
	return err
}

// queuedPulls returns the id of the queued pull of each connection in rows. The keys of the map are the ids of the
// connections. If a connection has no queued pull, queuedPulls creates one. Deleted connections are omitted.
func (s deliveries) queuedPulls(tx Tx, tenant domain.TenantID, rows []DeliveryRow, at time.Time,
	newID func() domain.PullID,
) (map[uuid.UUID]uuid.UUID, error) {
	connections := map[uuid.UUID]bool{}
	for _, row := range rows {
		connections[row.Connection] = true
	}
	var aggregators []ConnectionRow
	err := Live(Locked(tx.DB, KeyShare)).
		Where("id IN ? AND kind = ? AND tenant_id = ?", sorted(connections), string(domain.Aggregator), tenant.UUID).
		Order("id").Find(&aggregators).Error
	if err != nil {
		return nil, err
	}
	pulls := make(map[uuid.UUID]uuid.UUID, len(aggregators))
	for _, c := range aggregators {
		queued, err := AttachOrQueue(tx, s.Dialect, Share, PullRow{
			ID: newID().UUID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Trigger: string(domain.TriggerReplay), Created: Instant{at},
		})
		if err != nil {
			return nil, err
		}
		pulls[c.ID] = queued.ID
	}
	return pulls, nil
}

// requeue attaches the deliveries to their new pulls and returns the attached deliveries. It updates one delivery at a
// time, because replays are rare and small. It skips deliveries that were pruned meanwhile, and those whose connections
// have no pull.
func requeue(tx *gorm.DB, rows []DeliveryRow, pulls map[uuid.UUID]uuid.UUID) ([]domain.Delivery, error) {
	replayed := make([]domain.Delivery, 0, len(rows))
	for _, row := range rows {
		pull, ok := pulls[row.Connection]
		if !ok {
			continue
		}
		update := tx.Model(&DeliveryRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Updates(map[string]any{"pull_id": pull, "scope": row.Scope})
		changed, err := RowsAffected(update)
		if err != nil {
			return nil, err
		}
		if changed == 0 {
			continue
		}
		row.Pull = Optional(pull)
		d, err := deliveryView{Row: row, PullState: StateQueued}.domain()
		if err != nil {
			return nil, err
		}
		replayed = append(replayed, d)
	}
	return replayed, nil
}

// sorted returns the ids in ascending order, which is the order in which rows are locked.
func sorted(ids map[uuid.UUID]bool) []uuid.UUID {
	keys := make([]uuid.UUID, 0, len(ids))
	for id := range ids {
		keys = append(keys, id)
	}
	domain.SortLarge(keys, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return keys
}
