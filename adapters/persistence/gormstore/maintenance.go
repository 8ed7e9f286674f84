package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ListStuck reads only open pulls, which have an index. A pull that is queued after another pull
// of its connection is not stuck, because it gets its job when that other pull has ended.
func (s pulls) ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	var ids []uuid.UUID
	due := instant{at.Add(-grace)}
	err := s.background().read(ctx, func(db *gorm.DB) error {
		return db.Table("pulls p").Where("p."+isOpen).
			Where(db.Where("p.state = 'running' AND p.lease_until <= ?", instant{at}).
				Or("p.state = 'waiting' AND p.not_before < ?", due).
				Or("p.state = 'queued' AND p.created_at < ? AND NOT EXISTS "+
					"(SELECT 1 FROM pulls o WHERE o.connection_id = p.connection_id AND o."+isUnderWay+")", due)).
			Order("p.created_at").Limit(limit).Pluck("p.id", &ids).Error
	})
	return convertAll(ids, func(id uuid.UUID) domain.PullID { return domain.PullID{UUID: id} }), err
}

// ListDueForReconcile returns live aggregator connections that were created before since. They have no
// open complete pull, and no complete pull that ended at since or later. The indexes over open pulls and
// over complete pulls that ended serve the two conditions on pulls for each connection.
func (s pulls) ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error) {
	var rows []connectionRow
	err := s.background().read(ctx, func(db *gorm.DB) error {
		return live(db).Where("kind = ? AND created_at < ?", string(domain.Aggregator), instant{since}).
			Where("NOT EXISTS (SELECT 1 FROM pulls p WHERE p.connection_id = connections.id AND p.complete AND p."+
				isOpen+")").
			Where("NOT EXISTS (SELECT 1 FROM pulls p WHERE p.connection_id = connections.id AND p.complete AND p."+
				isEnded+" AND p.finished_at >= ?)", instant{since}).
			Order("id").Limit(limit).Find(&rows).Error
	})
	return convertAll(rows, connectionRow.domain), err
}

// OldestOpen returns the time at which the oldest open pull was created; zero if no pull is open.
// It reads only the first entry of the index over open pulls.
func (s pulls) OldestOpen(ctx context.Context) (time.Time, error) {
	var row struct{ Oldest instant }
	err := s.background().read(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT min(created_at) AS oldest FROM pulls WHERE " + isOpen).Scan(&row).Error
	})
	return row.Oldest.Time, err
}
