package gormstore

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Pulls returns the store of pulls and of the rows that they write.
func (s *Store) Pulls() ports.Pulls { return pulls{s} }

// pulls implements ports.Pulls on a Store. This file contains the methods for requests and
// lists; claim.go, page_writer.go, page_changes.go, filter_unchanged.go, sweep.go and finish.go
// contain the methods for workers.
type pulls struct{ *Store }

// Request queues a pull, or merges the scope into the pull that is queued already. The connection
// stays locked until the commit, so that no pull stays queued for a connection that is deleted.
func (s pulls) Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r ports.PullRequest,
) (domain.Pull, error) {
	var p domain.Pull
	err := s.change(ctx, func(tx Tx) error {
		c, err := liveAggregator(tx.DB, tenant, connection)
		if err != nil {
			return err
		}
		queued, err := attachOrQueue(tx, pullRow{
			ID: r.ID.UUID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Trigger: string(r.Trigger), Trace: r.Trace, Created: instant{r.At},
		})
		if err != nil {
			return err
		}
		if p, err = queued.domain(); err != nil {
			return err
		}
		p.Scope = p.Scope.Merge(r.Scope)
		return saveScope(tx.DB, p)
	})
	return p, err
}

// saveScope writes the scope of the pull, and that the pull is complete if the scope requests
// everything. The caller has locked the pull.
func saveScope(tx *gorm.DB, p domain.Pull) error {
	scope, err := encode(p.Scope)
	if err != nil {
		return err
	}
	columns := map[string]any{"ask": scope, "complete": p.Scope.Everything}
	return tx.Model(&pullRow{}).Where("id = ?", p.ID.UUID).Updates(columns).Error
}

// maxAttachAttempts bounds the attempts to attach to a queued pull. An attempt fails if another
// transaction claims the queued pull first.
const maxAttachAttempts = 16

// attachOrQueue locks and returns the pull that is queued for the connection of added. If no
// pull is queued, attachOrQueue queues added, enqueues the job of added, and returns added. A
// claim of the returned pull waits for the lock, and therefore sees what was attached.
func attachOrQueue(tx Tx, added pullRow) (pullRow, error) {
	added.State = stateQueued
	for range maxAttachAttempts {
		queued, err := first[pullRow](locked(tx.DB, forUpdate).
			Where("connection_id = ? AND "+isQueued, added.Connection))
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

// unlessQueued skips the INSERT if the connection has a queued pull.
var unlessQueued = clause.OnConflict{
	Columns: []clause.Column{{Name: "connection_id"}},
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

// List returns a page of pulls, newest first. It does not even read scopes and progress, because
// they may be large.
func (s pulls) List(ctx context.Context, tenant domain.TenantID, filter ports.PullFilter,
	page domain.PageRequest,
) (domain.Page[domain.Pull], error) {
	var found domain.Page[domain.Pull]
	err := s.read(ctx, func(db *gorm.DB) error {
		query, err := newestFirst(inTenant(db.Omit("ask", "progress"), "", tenant, filter.Connection),
			"created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = list(query, page.Limit, pullRow.summary, func(p domain.Pull) domain.Position {
			return domain.Position{Key: domain.TimeKey(p.CreatedAt), ID: p.ID.UUID}
		})
		return err
	})
	return found, err
}
