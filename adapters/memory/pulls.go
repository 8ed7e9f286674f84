package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pulls is the view of the store as ports.Pulls.
type pulls struct{ *Store }

// pull is a pull with its lease and its deliveries.
type pull struct {
	domain.Pull
	lease      domain.Lease // of the worker that runs it; zero unless running
	deliveries map[domain.DeliveryID]*domain.Delivery
}

// openPulls holds the open pulls of a connection: at most one that has started (running, or
// waiting after its first attempt), and at most one queued after it that has not.
type openPulls struct {
	active, next *pull
	ended        time.Time // the last time a pull ended; zero: none has ended
	succeeded    time.Time // the last start of a pull that succeeded; zero: none has
}

// open lists both. The queued one comes first, so that ending all of them releases none.
func (d *openPulls) open() []*pull {
	return slices.DeleteFunc([]*pull{d.next, d.active}, func(p *pull) bool { return p == nil })
}

// openPullsOf returns the open pulls of the connection, none at first.
func (s *Store) openPullsOf(id domain.ConnectionID) *openPulls {
	if s.openPulls[id] == nil {
		s.openPulls[id] = &openPulls{}
	}
	return s.openPulls[id]
}

// queuedPull returns the pull that is queued for the connection and has not started; if there is
// none, it creates one from r. The scope of r is not merged.
func (s *Store) queuedPull(c *domain.Connection, r ports.PullRequest) *pull {
	d := s.openPullsOf(c.ID)
	if d.next == nil {
		d.next = &pull{
			Pull: domain.Pull{
				ID: r.ID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Trigger: r.Trigger,
				State: domain.PullQueued, CreatedAt: r.At, Trace: r.Trace,
			},
			deliveries: map[domain.DeliveryID]*domain.Delivery{},
		}
		s.pulls[r.ID] = d.next
		s.nudged = append(s.nudged, r.ID)
	}
	return d.next
}

// attach assigns the delivery to the pull.
func (p *pull) attach(d *domain.Delivery) {
	d.Pull = p.ID
	p.deliveries[d.ID] = d
}

// mergeScopes merges the scopes of the deliveries into the pull's, in the order of receipt.
func (p *pull) mergeScopes() {
	scopes := []domain.PullScope{p.Scope}
	for _, d := range slices.SortedFunc(maps.Values(p.deliveries), func(x, y *domain.Delivery) int {
		return cmp.Or(x.ReceivedAt.Compare(y.ReceivedAt), cmp.Compare(x.ID.String(), y.ID.String()))
	}) {
		scopes = append(scopes, d.Scope)
	}
	p.Scope = cloneScope(domain.MergeScopes(scopes))
}

// end finishes a pull for good, and its deliveries with it. The pull queued after it, if any,
// gets its job.
func (s *Store) end(p *pull, state domain.PullState, reason domain.Code, at time.Time) {
	p.State, p.LastError, p.NotBefore, p.FinishedAt, p.lease = state, reason, time.Time{}, at, domain.Lease{}
	status := domain.DeliveryFailed
	if state == domain.PullSucceeded {
		status = domain.DeliveryProcessed
		s.recordActivity(p.Connection, ports.Activity{LastPullAt: at})
	}
	for _, d := range p.deliveries {
		d.Status, d.ProcessedAt = status, at
	}
	d := s.openPullsOf(p.Connection)
	d.ended = later(d.ended, at)
	if state == domain.PullSucceeded {
		d.succeeded = later(d.succeeded, p.StartedAt)
	}
	switch {
	case d.next == p:
		d.next = nil
	case d.next != nil:
		s.nudged = append(s.nudged, d.next.ID)
		fallthrough
	default:
		d.active = nil
	}
}

// Request merges into any queued pull that has not started, also one that a webhook queued.
func (v pulls) Request(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r ports.PullRequest) (domain.Pull, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Request", func() (domain.Pull, error) {
		c, err := v.live(tenant, connection, domain.Aggregator)
		if err != nil {
			return domain.Pull{}, err
		}
		p := v.queuedPull(c, r)
		p.Scope = cloneScope(p.Scope.Merge(r.Scope))
		return clonePull(p.Pull), nil
	})
}

// Get also returns pulls of deleted connections, because they show how the pull ended.
func (v pulls) Get(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Get", func() (domain.Pull, error) {
		p := v.pulls[id]
		if p == nil || p.Tenant != tenant {
			return domain.Pull{}, domain.NotFoundError()
		}
		return clonePull(p.Pull), nil
	})
}

// List omits scopes and progress, which may be long.
func (v pulls) List(ctx context.Context, tenant domain.TenantID, f ports.PullFilter,
	page domain.PageRequest) (domain.Page[domain.Pull], error) {
	return exclusiveResult(ctx, v.Store, "Pulls.List", func() (domain.Page[domain.Pull], error) {
		if err := checkTimePosition(page.After); err != nil {
			return domain.Page[domain.Pull]{}, err
		}
		rows := func(yield func(domain.Pull) bool) {
			for _, p := range v.pulls {
				if p.Tenant != tenant || !f.Connection.IsZero() && p.Connection != f.Connection {
					continue
				}
				row := p.Pull
				row.Scope, row.Progress = domain.PullScope{}, domain.Progress{}
				if !yield(row) {
					return
				}
			}
		}
		return cutPage(rows, page, descending, func(p domain.Pull) domain.Position {
			return timePosition(p.CreatedAt, p.ID.UUID)
		}), nil
	})
}
