package recordstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// ListStuck reads only open pulls (pulls that have not ended), through their index. A queued pull is not stuck while
// another pull of its connection is under way, because the queued pull gets a job when the other pull ends.
func (s pulls) ListStuck(ctx context.Context, now time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	var rows []gormstore.PullRow
	longDue := now.Add(-grace - time.Microsecond) // times are stored in whole microseconds
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return duePulls(db, now, longDue).Select("p.id", "p.tenant_id").Limit(limit).Find(&rows).Error
	})
	return gormstore.ConvertAll(rows, func(row gormstore.PullRow) domain.PullID {
		s.PullTenants.Set(row.ID, row.Tenant)
		return domain.PullID{UUID: row.ID}
	}), err
}

// ListWaiting reads pulls through the index over open pulls, oldest first. It skips the pulls of the excluded tenants.
func (s pulls) ListWaiting(
	ctx context.Context, now time.Time, excludedTenants []domain.TenantID, limit int,
) ([]domain.Pull, error) {
	var rows []gormstore.PullRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		query := duePulls(db, now, now)
		if len(excludedTenants) > 0 {
			ids := gormstore.ConvertAll(excludedTenants, func(t domain.TenantID) uuid.UUID { return t.UUID })
			query = query.Where("p.tenant_id NOT IN ?", ids)
		}
		return query.Omit("scope", "progress").Limit(limit).Find(&rows).Error
	})
	return gormstore.ConvertAll(rows, func(row gormstore.PullRow) domain.Pull {
		s.PullTenants.Set(row.ID, row.Tenant)
		return row.Summary()
	}), err
}

// duePulls returns a query of open pulls with the alias p, oldest first. It selects these pulls of connections that are
// not paused:
//
//   - Running pulls whose lease has expired at the time now.
//   - Pulls that wait for their next attempt, if the attempt was due at the time cutoff.
//   - Queued pulls that were created at or before cutoff, if no other pull of the connection is under way. A pull that
//     waits for an unlisted account (IsAwaiting) does not count as under way here.
func duePulls(db *gorm.DB, now, cutoff time.Time) *gorm.DB {
	return db.Table("pulls p").Where("p." + gormstore.IsOpen).Where(isOfActive).
		Where(db.Where("p.state = 'running' AND p.lease_until <= ?", gormstore.At(now)).
			Or("p.state = 'waiting' AND p.not_before <= ?", gormstore.At(cutoff)).
			Or("p.state = 'queued' AND p.created_at <= ? AND NOT EXISTS "+
				"(SELECT 1 FROM pulls o WHERE o.connection_id = p.connection_id AND o.tenant_id = p.tenant_id AND o."+
				gormstore.IsUnderWay+" AND NOT (o.state = 'waiting' AND o.last_error = 'account_not_listed'))",
				gormstore.At(cutoff))).
		Order("p.created_at")
}

// selectComplete is the beginning of a subquery for a query of connections. It selects the connection's complete pulls
// (pulls that read everything that the vendor has). It ends with the alias "p.", to which the caller appends a
// condition on the pull's state, such as IsOpen.
const selectComplete = "SELECT 1 FROM pulls p WHERE p.connection_id = connections.id " +
	"AND p.tenant_id = connections.tenant_id AND p.complete AND p."

// ListDueForReconcile returns live aggregator connections that are not paused and were created before cutoff. It
// considers only complete pulls (pulls that read everything that the vendor has). A connection is omitted in two cases:
//
//   - A complete pull ended at or after cutoff.
//   - A complete pull is open. Exception: a pull that waits for an account that the vendor does not list yet.
func (s pulls) ListDueForReconcile(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error) {
	var rows []gormstore.ConnectionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return gormstore.Live(db).
			Where("kind = ? AND paused_at IS NULL AND created_at < ?", string(domain.Aggregator), gormstore.At(cutoff)).
			Where("NOT EXISTS ("+selectComplete+gormstore.IsOpen+
				" AND NOT (p.state = 'waiting' AND p.last_error = 'account_not_listed'))").
			Where("NOT EXISTS ("+selectComplete+gormstore.IsEnded+" AND p.finished_at >= ?)", gormstore.At(cutoff)).
			Order("id").
			Limit(limit).
			Find(&rows).
			Error
	})
	return gormstore.ConvertAll(rows, gormstore.ConnectionRow.Domain), err
}

// OldestOpen returns the time at which the oldest open pull was created; zero if no pull is open.
// It reads the index over open pulls up to the first entry whose connection is not paused.
func (s pulls) OldestOpen(ctx context.Context) (time.Time, error) {
	var row struct{ Oldest gormstore.Instant }
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Table("pulls p").Select("created_at AS oldest").Where("p." + gormstore.IsOpen).Where(isOfActive).
			Order("created_at").Limit(1).Scan(&row).Error
	})
	return row.Oldest.Time, err
}

// isOfActive is an SQL condition on rows of pulls with the alias p: the connection of the pull is not paused.
const isOfActive = "NOT EXISTS (SELECT 1 FROM connections " +
	"WHERE connections.id = p.connection_id AND connections.tenant_id = p.tenant_id " +
	"AND connections.paused_at IS NOT NULL)"

// isPrunable is an SQL condition on rows of pulls with the alias p: the pull ended before the time in the parameter,
// and Prune may delete it. The first line repeats the condition of a partial index, which keeps changed pulls out of
// reach.
const isPrunable = `p.state IN ('succeeded', 'failed') AND p.added = 0 AND p.modified = 0 AND p.removed = 0
	AND NOT p.uncounted AND p.finished_at < ?
	AND EXISTS (SELECT 1 FROM pulls n WHERE n.connection_id = p.connection_id AND n.tenant_id = p.tenant_id
		AND (n.created_at, n.id) > (p.created_at, p.id))
	AND (p.state = 'failed'
		OR EXISTS (SELECT 1 FROM pulls n WHERE n.connection_id = p.connection_id AND n.tenant_id = p.tenant_id
			AND n.state IN ('succeeded', 'failed') AND n.state = 'succeeded' AND n.finished_at > p.finished_at)
		AND EXISTS (SELECT 1 FROM pulls n WHERE n.connection_id = p.connection_id AND n.tenant_id = p.tenant_id
			AND n.state IN ('succeeded', 'failed') AND n.state = 'succeeded' AND n.finished_at < p.finished_at))
	AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.pull_id = p.id AND d.tenant_id = p.tenant_id)
	AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.connection_id = p.connection_id AND a.tenant_id = p.tenant_id
		AND a.absent_pull_id = p.id)
	AND NOT EXISTS (SELECT 1 FROM account_completeness c WHERE c.connection_id = p.connection_id
		AND c.tenant_id = p.tenant_id AND CAST(c.state AS text) LIKE '%' || CAST(p.id AS text) || '%')
	AND NOT EXISTS (SELECT 1 FROM row_states s WHERE s.connection_id = p.connection_id AND s.tenant_id = p.tenant_id
		AND s.absent_pull_id IS NOT NULL AND (s.absent_pull_id = p.id OR s.proved_by = p.id))
	AND NOT EXISTS (SELECT 1 FROM row_states s WHERE s.connection_id = p.connection_id AND s.tenant_id = p.tenant_id
		AND s.announced_state <> '' AND s.announced_pull_id = p.id)
	AND NOT EXISTS (SELECT 1 FROM quarantined_rows q WHERE q.connection_id = p.connection_id
		AND q.tenant_id = p.tenant_id AND q.pull_id = p.id)`

// Prune selects the ids of the pulls, oldest first, and then deletes them tenant by tenant. A pull that has ended does
// not change any more, but a replay may attach a delivery to it meanwhile, so the DELETE checks the condition again.
func (s pulls) Prune(ctx context.Context, before time.Time, limit int) (pruned int, err error) {
	var rows []gormstore.PullRow
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Table("pulls p").Select("p.id", "p.tenant_id").Where(isPrunable, gormstore.At(before)).
			Order("p.finished_at").Limit(limit).Find(&rows).Error
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
			n, err := gormstore.RowsAffected(db.Exec("DELETE FROM pulls AS p WHERE p.tenant_id = ? AND p.id IN ? AND "+
				isPrunable, tenant, ids, gormstore.At(before)))
			pruned += n
			return err
		})
	}
	return pruned, err
}
