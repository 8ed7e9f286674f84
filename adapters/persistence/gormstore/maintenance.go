package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ListStuck reads only open pulls (pulls that have not ended), through their index. A queued pull is not stuck while
// another pull of its connection is under way, because the queued pull gets a job when the other pull ends.
func (s pulls) ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	var ids []uuid.UUID
	longDue := at.Add(-grace - time.Microsecond) // times are stored in whole microseconds
	err := s.background().read(ctx, func(db *gorm.DB) error {
		return duePulls(db, at, longDue).Limit(limit).Pluck("p.id", &ids).Error
	})
	return convertAll(ids, func(id uuid.UUID) domain.PullID { return domain.PullID{UUID: id} }), err
}

// ListWaiting reads at most limit open pulls in the order of their index. It skips the pulls of the given tenants
// (without).
func (s pulls) ListWaiting(
	ctx context.Context, at time.Time, without []domain.TenantID, limit int,
) ([]domain.Pull, error) {
	var rows []pullRow
	err := s.background().read(ctx, func(db *gorm.DB) error {
		query := duePulls(db, at, at)
		if len(without) > 0 {
			query = query.Where("p.tenant_id NOT IN ?", convertAll(without, func(t domain.TenantID) uuid.UUID {
				return t.UUID
			}))
		}
		return query.Omit("ask", "progress").Limit(limit).Find(&rows).Error
	})
	return convertAll(rows, pullRow.summary), err
}

// duePulls returns a query of open pulls with the alias p, oldest first. It selects running pulls whose lease has
// expired by the first given time (at), and pulls that could have started by the second one (due). A queued pull cannot
// start while another pull of its connection is under way, unless the other pull waits for an account that the vendor
// does not list yet. The query selects no pulls of paused connections.
func duePulls(db *gorm.DB, at, due time.Time) *gorm.DB {
	return db.Table("pulls p").Where("p." + isOpen).Where(isOfActive).
		Where(db.Where("p.state = 'running' AND p.lease_until <= ?", instant{at}).
			Or("p.state = 'waiting' AND p.not_before <= ?", instant{due}).
			Or("p.state = 'queued' AND p.created_at <= ? AND NOT EXISTS "+
				"(SELECT 1 FROM pulls o WHERE o.connection_id = p.connection_id AND o.tenant_id = p.tenant_id AND o."+
				isUnderWay+" AND NOT (o.state = 'waiting' AND o.last_error = 'account_not_listed'))", instant{due})).
		Order("p.created_at")
}

// selectComplete is a SELECT of the complete pulls of a connection (which read everything that the vendor has). It is
// meant as a subquery of a query of connections. Its text ends with "p.", so a condition on the state of the pull must
// follow.
const selectComplete = "SELECT 1 FROM pulls p WHERE p.connection_id = connections.id " +
	"AND p.tenant_id = connections.tenant_id AND p.complete AND p."

// ListDueForReconcile returns live aggregator connections that are not paused and were created before the given time
// (since). It omits a connection with a complete pull that ended at or after since, or with an open complete pull,
// unless the open pull waits for an account that the vendor does not list yet. For each connection, it looks up the
// complete pulls in the indexes over open pulls and over ended complete pulls.
func (s pulls) ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error) {
	var rows []connectionRow
	err := s.background().read(ctx, func(db *gorm.DB) error {
		return live(
			db,
		).Where("kind = ? AND paused_at IS NULL AND created_at < ?", string(domain.Aggregator), instant{since}).
			Where("NOT EXISTS ("+selectComplete+isOpen+
				" AND NOT (p.state = 'waiting' AND p.last_error = 'account_not_listed'))").
			Where("NOT EXISTS ("+selectComplete+isEnded+" AND p.finished_at >= ?)", instant{since}).
			Order("id").
			Limit(limit).
			Find(&rows).
			Error
	})
	return convertAll(rows, connectionRow.domain), err
}

// OldestOpen returns the time at which the oldest open pull was created; zero if no pull is open.
// It reads the index over open pulls up to the first entry whose connection is not paused.
func (s pulls) OldestOpen(ctx context.Context) (time.Time, error) {
	var row struct{ Oldest instant }
	err := s.background().read(ctx, func(db *gorm.DB) error {
		return db.Table("pulls p").Select("created_at AS oldest").Where("p." + isOpen).Where(isOfActive).
			Order("created_at").Limit(1).Scan(&row).Error
	})
	return row.Oldest.Time, err
}
