package recordstore

import (
	"context"
	"iter"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// deliveryBatch is the maximum number of deliveries that one query lists.
const deliveryBatch = 10_000

// VisitAnnouncedRemovals lists the pull's deliveries with the sizes of their scopes. It then reads the scopes in
// batches of at most domain.MaxScopeBytes.
//
// A separate listing for each batch would be slow on SQLite. The listing selects deliveries by the pull's id. SQLite
// stores this column after the body and must read the body to find the column.
func (s pulls) VisitAnnouncedRemovals(
	ctx context.Context, lease domain.Lease, visit func(externalIDs []string) error,
) error {
	v := removalVisitor{pulls: pulls{s.Background()}, visit: visit}
	if err := v.Read(ctx, func(db *gorm.DB) error { return v.start(db, lease) }); err != nil {
		return err
	}
	for after := uuid.Nil; ; {
		var listed []attachedDelivery
		err := v.Read(ctx, func(db *gorm.DB) (err error) {
			listed, err = v.listAttached(db, v.pull.Summary(), after)
			return err
		})
		if err != nil || len(listed) == 0 {
			return err
		}
		after = listed[len(listed)-1].ID
		for batch := range batches(listed) {
			if err := v.visitBatch(ctx, batch); err != nil {
				return err
			}
		}
	}
}

// removalVisitor implements VisitAnnouncedRemovals for one pull.
type removalVisitor struct {
	pulls
	pull        gormstore.PullRow
	quarantined []string // the external ids of the connection's quarantined transactions
	visit       func(externalIDs []string) error
}

// start reads the pull that runs under the lease, and the external ids in the quarantine of the pull's connection.
// Errors: LeaseLost.
func (v *removalVisitor) start(db *gorm.DB, lease domain.Lease) (err error) {
	if v.pull, err = running(db, lease); err != nil {
		return err
	}
	return quarantineOf(db, v.pull.Tenant, v.pull.Connection).
		Where("kind = ?", string(domain.QuarantinedTransaction)).Pluck("row_key", &v.quarantined).Error
}

// attachedDelivery contains the id of a delivery and the size of its scope.
type attachedDelivery struct {
	ID    uuid.UUID
	Bytes int
}

// listAttached returns the next deliveries of the pull, ordered by id: at most deliveryBatch deliveries after afterID.
// It omits deliveries with an empty scope.
func (s pulls) listAttached(db *gorm.DB, p domain.Pull, afterID uuid.UUID) ([]attachedDelivery, error) {
	var listed []attachedDelivery
	err := db.Table("(?) AS attached", gormstore.AttachedDeliveries(s.Dialect, p, unlimited)).
		Select("id, octet_length(scope) AS bytes").Where("id > ? AND octet_length(scope) > ?", afterID, len("{}")).
		Order("id").Limit(deliveryBatch).Find(&listed).Error
	return listed, err
}

// batches yields the ids of the deliveries in batches. The scopes of a batch have at most domain.MaxScopeBytes
// together, unless the batch consists of a single delivery.
func batches(listed []attachedDelivery) iter.Seq[[]uuid.UUID] {
	return func(yield func([]uuid.UUID) bool) {
		var batch []uuid.UUID
		total := 0
		for _, d := range listed {
			if total += d.Bytes; total > domain.MaxScopeBytes && len(batch) > 0 {
				if !yield(batch) {
					return
				}
				batch, total = nil, d.Bytes
			}
			batch = append(batch, d.ID)
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// visitBatch calls visit with the external ids that knownRows returns for the deliveries. No query is open while visit
// runs, because visit may write.
func (v removalVisitor) visitBatch(ctx context.Context, deliveries []uuid.UUID) error {
	var known []string
	err := v.Read(ctx, func(db *gorm.DB) (err error) {
		known, err = v.knownRows(db, deliveries)
		return err
	})
	if err != nil {
		return err
	}
	return v.visit(known)
}

// knownRows returns the sorted external ids of the known rows that the deliveries announce as removed. A known row is a
// live stored row or a quarantined row of the connection. The database parses the scopes. It therefore does not
// transfer the many announced ids that are not stored.
func (v removalVisitor) knownRows(db *gorm.DB, deliveries []uuid.UUID) ([]string, error) {
	announced := "SELECT announced.value FROM deliveries CROSS JOIN " + v.Dialect.AnnouncedRemovals("announced")
	const which = ` WHERE deliveries.tenant_id = ? AND deliveries.connection_id = ? AND deliveries.id IN ?`
	own := []any{v.pull.Tenant, v.pull.Connection, deliveries}
	var stored, quarantined []string
	// The subquery hides the id of the connection from the query planner. With the id, the planner could assume that
	// the connection has very few rows. It would then scan all rows of the connection for each announced id.
	const connection = "(SELECT c.id FROM connections c WHERE c.id = ? AND c.tenant_id = ?)"
	err := db.Raw(announced+" CROSS JOIN transactions AS t"+which+
		" AND t.connection_id = "+connection+" AND t.external_id = announced.value AND t.removed_at IS NULL AND "+
		v.Dialect.TenantIs("t.tenant_id", "?"),
		append(own, v.pull.Connection, v.pull.Tenant, v.pull.Tenant)...).Scan(&stored).Error
	if err == nil && len(v.quarantined) > 0 {
		condition := v.Dialect.AnyOf("announced.value", v.quarantined)
		err = db.Raw(announced+which+" AND "+condition.SQL, append(own, condition.Vars...)...).Scan(&quarantined).Error
	}
	return slices.Compact(slices.Sorted(slices.Values(append(stored, quarantined...)))), err
}
