package recordstore

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Request queues a pull, or merges the scope into the pull that is already queued, or into the one that waits for its
// next attempt. The connection stays locked until the commit. Otherwise a concurrent deletion of the connection could
// miss the new pull, which would then stay queued.
func (s pulls) Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r ports.PullRequest, entries ports.AuditEntries,
) (domain.Pull, error) {
	var p domain.Pull
	err := s.ChangeAgain(ctx, func(tx gormstore.Tx) error {
		c, err := gormstore.First[gormstore.ConnectionRow](
			gormstore.Locked(gormstore.Live(tx.DB), gormstore.NoKeyUpdate).
				Where("id = ? AND tenant_id = ? AND kind = ?", connection.UUID, tenant.UUID, string(domain.Aggregator)))
		if err != nil {
			return err
		}
		if paused := c.Domain(); paused.CheckNotPaused() != nil {
			return paused.CheckNotPaused()
		}
		if p, err = s.queuePull(tx, c, r); err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	return p, err
}

// queuePull queues a pull of a connection that the caller has locked. In two cases it merges the scope into another
// pull of the connection instead:
//
//   - A pull waits for its next attempt, and the request is for everything (records.Widen).
//   - A pull is already queued.
//
// If an operator has requested the pull, a pull that waits for its next attempt gets an early one (records.Wake).
func (s pulls) queuePull(tx gormstore.Tx, c gormstore.ConnectionRow, r ports.PullRequest) (domain.Pull, error) {
	waiting, err := s.lockWaiting(tx.DB, c.Tenant, c.ID)
	if errors.Is(err, domain.NotFound) {
		return s.attachScope(tx, c, r)
	}
	if err != nil {
		return domain.Pull{}, err
	}
	if r.Trigger == domain.TriggerOperator {
		if waiting, err = s.wake(tx, c, waiting, r.At); err != nil {
			return domain.Pull{}, err
		}
	}
	if r.Scope.Everything {
		if p, ok, err := widen(tx.DB, c, waiting, r.Scope); ok || err != nil {
			return p, err
		}
	}
	return s.attachScope(tx, c, r)
}

// attachScope merges the scope into the queued pull of the connection, or queues a pull.
func (s pulls) attachScope(tx gormstore.Tx, c gormstore.ConnectionRow, r ports.PullRequest) (domain.Pull, error) {
	queued, err := gormstore.AttachOrQueue(tx, s.Dialect, gormstore.ForUpdate, gormstore.PullRow{
		ID: r.ID.UUID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Trigger: string(r.Trigger), Trace: r.Trace, Created: gormstore.At(r.At),
	})
	if err != nil {
		return domain.Pull{}, err
	}
	p, err := queued.Domain()
	if err != nil {
		return domain.Pull{}, err
	}
	p.Scope = p.Scope.Merge(r.Scope)
	return p, saveScope(tx.DB, p)
}

// saveScope stores the scope of the pull. If the scope requests everything, it also marks the pull as
// complete. The caller must have locked the pull.
func saveScope(tx *gorm.DB, p domain.Pull) error {
	scope, err := gormstore.EncodeJSON(p.Scope)
	if err != nil {
		return err
	}
	columns := map[string]any{"scope": scope, "complete": p.Scope.Everything}
	return tx.Model(&gormstore.PullRow{}).Where("id = ? AND tenant_id = ?", p.ID.UUID, p.Tenant.UUID).
		Updates(columns).Error
}

// Get reads one pull.
func (s pulls) Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error) {
	var p domain.Pull
	err := s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[gormstore.PullRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		p, err = row.Domain()
		return err
	})
	return p, err
}

// List returns a page of pulls, newest first. Its query does not select scopes and progress, because they
// can be large.
func (s pulls) List(ctx context.Context, tenant domain.TenantID, filter ports.PullFilter,
	page domain.PageRequest,
) (domain.Page[domain.Pull], error) {
	var found domain.Page[domain.Pull]
	err := s.Read(ctx, func(db *gorm.DB) error {
		rows := s.inState(db.Omit("scope", "progress"), tenant, filter)
		query, err := gormstore.NewestFirst(rows, "created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = gormstore.List(query, page, gormstore.PullRow.Summary, func(p domain.Pull) domain.Position {
			return domain.Position{Key: domain.TimeKey(p.CreatedAt), ID: p.ID.UUID}
		})
		return err
	})
	return found, err
}

// inState restricts a list of pulls to those that the filter selects. A tenant may have very many pulls. The conditions
// for failed and for open pulls therefore make the database use a partial index over such pulls.
func (s pulls) inState(db *gorm.DB, tenant domain.TenantID, filter ports.PullFilter) *gorm.DB {
	switch filter.State {
	case "":
		return s.InTenant(db, "", tenant, filter.Connection)
	case domain.PullSucceeded:
		return s.InTenant(db, "", tenant, filter.Connection).Where(gormstore.IsSucceeded)
	case domain.PullFailed:
		if !filter.Connection.IsZero() {
			db = db.Where(gormstore.EqualUnindexed("connection_id", "?"), filter.Connection.UUID)
		}
		return db.Where("tenant_id = ? AND "+gormstore.IsFailed, tenant.UUID)
	case domain.PullQueued:
		db = db.Where(gormstore.IsOpen + " AND state IN ('queued', 'waiting')")
	case domain.PullRunning:
		db = db.Where(gormstore.IsOpen + " AND state = 'running'")
	}
	if !filter.Connection.IsZero() {
		db = db.Where("connection_id = ?", filter.Connection.UUID)
	}
	return db.Where(s.Dialect.TenantIs("tenant_id", "?"), tenant.UUID)
}
