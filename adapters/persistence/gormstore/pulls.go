package gormstore

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Pulls returns the store of pulls, and of the accounts and transactions that pulls write.
func (s *Store) Pulls() ports.Pulls { return pulls{s} }

// pulls implements ports.Pulls on a Store. This file contains the methods for requests and lists. The methods for
// workers are in claim.go, page_writer.go, page_changes.go, filter_unchanged.go, sweep.go and finish.go, among others.
type pulls struct{ *Store }

// Request queues a pull, or merges the scope into the pull that is already queued. The connection stays locked until
// the commit. Otherwise a concurrent deletion of the connection could miss the new pull, which would then stay queued.
func (s pulls) Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r ports.PullRequest, entries ports.AuditEntries,
) (domain.Pull, error) {
	var p domain.Pull
	err := s.changeAgain(ctx, func(tx Tx) error {
		c, err := liveAggregator(tx.DB, tenant, connection)
		if err != nil {
			return err
		}
		if paused := c.domain(); paused.CheckNotPaused() != nil {
			return paused.CheckNotPaused()
		}
		if p, err = s.queuePull(tx, c, r); err != nil {
			return err
		}
		return tx.record(tenant, entries)
	})
	return p, err
}

// queuePull queues a pull of a connection that the caller has locked. If a pull of the connection is already queued, it
// merges the scope into that pull instead.
func (s pulls) queuePull(tx Tx, c connectionRow, r ports.PullRequest) (domain.Pull, error) {
	queued, err := attachOrQueue(tx, s.dialect, forUpdate, pullRow{
		ID: r.ID.UUID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Trigger: string(r.Trigger), Trace: r.Trace, Created: instant{r.At},
	})
	if err != nil {
		return domain.Pull{}, err
	}
	p, err := queued.domain()
	if err != nil {
		return domain.Pull{}, err
	}
	p.Scope = p.Scope.Merge(r.Scope)
	return p, saveScope(tx.DB, p)
}

// saveScope stores the scope of the pull. If the scope requests everything, it also marks the pull as
// complete. The caller must have locked the pull.
func saveScope(tx *gorm.DB, p domain.Pull) error {
	scope, err := encode(p.Scope)
	if err != nil {
		return err
	}
	columns := map[string]any{"scope": scope, "complete": p.Scope.Everything}
	return tx.Model(&pullRow{}).Where("id = ? AND tenant_id = ?", p.ID.UUID, p.Tenant.UUID).Updates(columns).Error
}

// maxAttachAttempts limits the attempts to insert a row or to lock the existing row. An attempt fails if other
// transactions insert or delete the row in between.
const maxAttachAttempts = 16

// attachOrQueue returns the queued pull of a connection and locks its row. If the connection has no queued pull,
// attachOrQueue inserts the given pull and its job.
//
// A claim of the returned pull waits for the lock. The claim therefore sees everything that the caller attaches to the
// pull. The argument strength is the strength of the lock:
//
//   - forUpdate is required if the caller changes the pull.
//   - share is enough if the caller only attaches deliveries.
func attachOrQueue(tx Tx, d Dialect, strength string, added pullRow) (pullRow, error) {
	added.State = stateQueued
	for range maxAttachAttempts {
		queued, err := first[pullRow](locked(tx.DB, strength).
			Where("connection_id = ? AND "+isQueued, added.Connection).Where(tenantIs(d, "tenant_id"), added.Tenant))
		if !errors.Is(err, domain.NotFound) {
			return queued, err
		}
		made, err := rowsOf(tx.Clauses(unlessQueued).Create(&added))
		if err != nil {
			return pullRow{}, err
		}
		if made > 0 {
			return added, tx.Enqueue(added.ID)
		}
	}
	return pullRow{}, Unavailable(errors.New("the queued pull is claimed too often to attach to it"))
}

// unlessQueued is the conflict clause that skips the INSERT of a pull if the connection already has a queued pull.
var unlessQueued = clause.OnConflict{
	Columns: uniqueColumns("connection_id"),
	TargetWhere: clause.Where{Exprs: []clause.Expression{
		clause.Expr{SQL: isQueued},
	}},
	DoNothing: true,
}

// Get reads one pull.
func (s pulls) Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error) {
	var p domain.Pull
	err := s.read(ctx, func(db *gorm.DB) error {
		row, err := first[pullRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		p, err = row.domain()
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
	err := s.read(ctx, func(db *gorm.DB) error {
		rows := s.inState(db.Omit("scope", "progress"), tenant, filter)
		query, err := newestFirst(rows, "created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = list(query, page, pullRow.summary, func(p domain.Pull) domain.Position {
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
		return s.inTenant(db, "", tenant, filter.Connection)
	case domain.PullSucceeded:
		return s.inTenant(db, "", tenant, filter.Connection).Where(isSucceeded)
	case domain.PullFailed:
		if !filter.Connection.IsZero() {
			db = db.Where(equalUnindexed("connection_id"), filter.Connection.UUID)
		}
		return db.Where("tenant_id = ? AND "+isFailed, tenant.UUID)
	case domain.PullQueued:
		db = db.Where(isOpen + " AND state IN ('queued', 'waiting')")
	case domain.PullRunning:
		db = db.Where(isOpen + " AND state = 'running'")
	}
	if !filter.Connection.IsZero() {
		db = db.Where("connection_id = ?", filter.Connection.UUID)
	}
	return db.Where(tenantIs(s.dialect, "tenant_id"), tenant.UUID)
}
