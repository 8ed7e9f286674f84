package memory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pulls implements ports.Pulls on a Store.
type pulls struct{ *Store }

// pull is a pull with its lease and the deliveries that are attached to it.
type pull struct {
	domain.Pull
	lease      domain.Lease // the lease of the worker that runs the pull; zero unless running
	complete   bool         // this is a complete pull, which reads everything that the vendor has
	deliveries map[domain.DeliveryID]*domain.Delivery
}

// openPulls contains the open pulls of a connection; each of the two can be nil. The active pull is running, or waits
// for its next attempt. The queued pull follows the active one and has not started.
type openPulls struct {
	active, nextPull *pull
	completeEnd      time.Time // the last time at which a complete pull ended; zero if none has ended
	succeeded        time.Time // the latest start of a pull that succeeded; zero if none has succeeded
}

// open returns the queued pull and the active pull, in this order, without nil values. If a caller ends the pulls in
// this order, the end of the active pull starts no queued pull.
func (d *openPulls) open() []*pull {
	return slices.DeleteFunc([]*pull{d.nextPull, d.active}, func(p *pull) bool { return p == nil })
}

// claimable returns the open pulls that a worker may claim now. The active pull is always claimable. The queued pull
// is claimable in two cases:
//
//   - There is no active pull.
//   - The active pull only waits for an account that the vendor does not list yet.
func (d *openPulls) claimable() []*pull {
	if d.active != nil && !d.active.AwaitsAccount() {
		return []*pull{d.active}
	}
	return d.open()
}

// openPullsOf returns the open pulls of the connection. It creates an empty entry if there is none.
func (s *Store) openPullsOf(id domain.ConnectionID) *openPulls { return entryOf(s.openPulls, id) }

// queuedPull returns the pull that is queued for the connection and has not started. If there is
// none, it creates a pull from r. It does not merge the scope of r into the pull.
func (s *Store) queuedPull(c *domain.Connection, r ports.PullRequest) *pull {
	d := s.openPullsOf(c.ID)
	if d.nextPull == nil {
		d.nextPull = &pull{
			Pull: domain.Pull{
				ID: r.ID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Trigger: r.Trigger,
				State: domain.PullQueued, CreatedAt: r.At, Trace: r.Trace,
			},
			deliveries: map[domain.DeliveryID]*domain.Delivery{},
		}
		s.pulls[r.ID] = d.nextPull
		s.nudged = append(s.nudged, r.ID)
	}
	return d.nextPull
}

// attach attaches the delivery to the pull.
func (p *pull) attach(d *domain.Delivery) {
	d.Pull = p.ID
	p.deliveries[d.ID] = d
}

// scopeBytes returns the size of a scope as JSON.
func scopeBytes(scope domain.PullScope) int {
	text, _ := json.Marshal(scope) // cannot fail: every member of a scope can be encoded
	return len(text)
}

// VisitAnnouncedRemovals reads the deliveries of the pull in the order of their ids. The store is not locked during the
// calls of visit.
func (v pulls) VisitAnnouncedRemovals(
	ctx context.Context, lease domain.Lease, visit func(externalIDs []string) error,
) error {
	var batches [][]string
	err := v.exclusive(ctx, "Pulls.VisitAnnouncedRemovals", func() error {
		p, err := v.leasedPull(lease)
		if err == nil {
			batches = v.announcedRemovals(p)
		}
		return err
	})
	for i := 0; i < len(batches) && err == nil; i++ {
		err = visit(batches[i])
	}
	return err
}

// announcedRemovals returns the removals that the deliveries of the pull announce, in batches. It omits removals of
// unknown rows.
func (s *Store) announcedRemovals(p *pull) [][]string {
	var batches [][]string
	var scopes []domain.PullScope
	end := func() {
		if len(scopes) > 0 {
			ids := domain.MergeScopes(scopes).Removed
			ids = slices.DeleteFunc(ids, func(id string) bool { return !s.isKnown(p, id) })
			batches, scopes = append(batches, ids), nil
		}
	}
	total := 0
	for _, id := range slices.SortedFunc(maps.Keys(p.deliveries), domain.DeliveryID.Compare) {
		scope := p.deliveries[id].Scope
		if total += scopeBytes(scope); total > domain.MaxScopeBytes {
			end()
			total = scopeBytes(scope)
		}
		scopes = append(scopes, scope)
	}
	end()
	return batches
}

// isKnown reports whether the external id belongs to a live stored row or to a quarantined row of the pull's
// connection.
func (s *Store) isKnown(p *pull, externalID string) bool {
	row := s.transactions[p.Connection][externalID]
	key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: externalID}
	return row != nil && row.RemovedAt.IsZero() || s.quarantine[p.Connection][key] != nil
}

// end ends a pull for good, and sets the final status of its deliveries. If the connection has another queued pull, end
// requests a job for that pull.
func (s *Store) end(p *pull, state domain.PullState, reason domain.Code, at time.Time) {
	p.State, p.LastError, p.NotBefore, p.FinishedAt, p.lease = state, reason, time.Time{}, at, domain.Lease{}
	status := domain.DeliveryFailed
	if state == domain.PullSucceeded {
		status = domain.DeliveryProcessed
		s.recordActivity(p.Connection, domain.ConnectionActivity{LastPullAt: at})
	}
	for _, d := range p.deliveries {
		d.Status, d.ProcessedAt = status, at
	}
	d := s.openPullsOf(p.Connection)
	if p.complete {
		d.completeEnd = domain.Later(d.completeEnd, at)
	}
	if state == domain.PullSucceeded {
		d.succeeded = domain.Later(d.succeeded, p.StartedAt)
	}
	switch {
	case d.nextPull == p:
		d.nextPull = nil
	case d.nextPull != nil:
		s.nudged = append(s.nudged, d.nextPull.ID)
		fallthrough
	default:
		d.active = nil
	}
}

// Request merges its scope into the queued pull that has not started, even if a webhook queued that pull.
func (v pulls) Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r ports.PullRequest, entries ports.AuditEntries) (domain.Pull, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Request", func() (domain.Pull, error) {
		c, err := v.live(tenant, connection, domain.Aggregator)
		if err != nil {
			return domain.Pull{}, err
		}
		if err := c.CheckNotPaused(); err != nil {
			return domain.Pull{}, err
		}
		p := v.queuedPull(c, r)
		p.Scope = cloneScope(p.Scope.Merge(r.Scope))
		p.complete = p.Scope.Everything
		v.record(tenant, entries)
		return clonePull(p.Pull), nil
	})
}

// Get also returns pulls of deleted connections, so that callers can see how these pulls ended.
func (v pulls) Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Get", func() (domain.Pull, error) {
		p := v.pulls[id]
		if p == nil || p.Tenant != tenant {
			return domain.Pull{}, domain.NotFoundError()
		}
		return clonePull(p.Pull), nil
	})
}

// List returns pulls without scopes and progress, which may be long.
func (v pulls) List(ctx context.Context, tenant domain.TenantID, f ports.PullFilter,
	page domain.PageRequest) (domain.Page[domain.Pull], error) {
	return exclusiveResult(ctx, v.Store, "Pulls.List", func() (domain.Page[domain.Pull], error) {
		var rows []domain.Pull
		for _, p := range v.pulls {
			if p.Tenant == tenant && (f.Connection.IsZero() || p.Connection == f.Connection) &&
				(f.State == "" || p.State == f.State) {
				row := p.Pull
				row.Scope, row.Progress = domain.PullScope{}, domain.Progress{}
				rows = append(rows, row)
			}
		}
		return cutPage(rows, page, byTime, func(p domain.Pull) domain.Position {
			return timePosition(p.CreatedAt, p.ID.UUID)
		})
	})
}
