package gormstore

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Pulls is the store of pulls and of what they bring.
func (s *Store) Pulls() ports.Pulls { return pulls{s} }

// pulls is the store of the work; claim.go, page.go, sweep.go and finish.go are its worker's side.
type pulls struct{ *Store }

// Request queues a pull, or adds the ask to the one that is queued. The connection is held
// meanwhile, so that no pull is left behind by a deletion.
func (s pulls) Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, r ports.PullRequest) (domain.Pull, error) {
	var p domain.Pull
	err := s.change(ctx, func(tx Tx) error {
		c, err := liveAggregator(tx.DB, tenant, connection)
		if err != nil {
			return err
		}
		queued, err := join(tx, pullRow{
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
		return saveAsk(tx.DB, p)
	})
	return p, err
}

// saveAsk writes the ask alone. The pull is locked.
func saveAsk(tx *gorm.DB, p domain.Pull) error {
	ask, err := encode(p.Scope)
	if err != nil {
		return err
	}
	return tx.Model(&pullRow{}).Where("id = ?", p.ID.UUID).Updates(map[string]any{"ask": ask}).Error
}

// joinTries bounds how often a queued pull may be claimed while one tries to join it.
const joinTries = 16

// join locks the pull that is queued for the connection, or queues fresh with its job.
// The lock makes a claim wait, so that the claim sees what joined.
func join(tx Tx, fresh pullRow) (pullRow, error) {
	fresh.State = stateQueued
	for range joinTries {
		queued, err := first[pullRow](locked(tx.DB, forUpdate).
			Where("connection_id = ? AND "+isQueued, fresh.Connection))
		if !errors.Is(err, domain.NotFound) {
			return queued, err
		}
		made, err := rowsOf(tx.Clauses(unlessQueued).Create(&fresh))
		if err != nil {
			return pullRow{}, err
		}
		if made > 0 {
			return fresh, tx.Enqueue(fresh.ID)
		}
	}
	return pullRow{}, Unavailable(errors.New("the queued pull changes too fast"))
}

// unlessQueued passes the insert over when the connection has a queued pull.
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

// List gives pulls newest first. Asks and progress are not even read: they may be large.
func (s pulls) List(ctx context.Context, tenant domain.TenantID, filter ports.PullFilter, page domain.PageRequest) (domain.Page[domain.Pull], error) {
	var found domain.Page[domain.Pull]
	err := s.read(ctx, func(db *gorm.DB) error {
		query, err := newestFirst(within(db.Omit("ask", "progress"), "", tenant, filter.Connection), "created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = list(query, page.Limit, pullRow.bare, func(p domain.Pull) domain.Position {
			return domain.Position{Key: domain.TimeKey(p.CreatedAt), ID: p.ID.UUID}
		})
		return err
	})
	return found, err
}
