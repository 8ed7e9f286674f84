package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// minWait is the shortest RetryAfter for a pull that must wait for another pull of its connection. RetryAfter is
// minWait if the other pull is already due or has an expired lease.
const minWait = time.Second

// Claim checks the connection before it checks whether the pull must wait. A pull of a deleted connection fails
// immediately. If the connection is paused, the error contains no RetryAfter, because the end of the pause is unknown.
func (v pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Claim", func() (ports.Claimed, error) {
		p := v.pulls[lease.Pull]
		if p == nil || !p.FinishedAt.IsZero() {
			return ports.Claimed{}, domain.NotFoundError()
		}
		c := v.connections[p.Connection]
		if !c.Live() {
			v.end(p, domain.PullFailed, domain.ConnectionGone, at)
			return ports.Claimed{}, domain.NotFoundError()
		}
		if err := c.CheckNotPaused(); err != nil {
			return ports.Claimed{}, err
		}
		if wait := v.wait(p, at); wait > 0 {
			return ports.Claimed{}, &domain.Error{Kind: domain.Conflict, Code: domain.NotDue, RetryAfter: wait}
		}
		var removed []string
		if next := v.openPullsOf(c.ID).nextPull; next != nil && !p.StartedAt.IsZero() {
			merged := *next
			merged.mergeScopes()
			removed = merged.Scope.Removed
		}
		v.start(p, lease, at)
		succeeded := v.openPullsOf(c.ID).succeeded
		initial := succeeded.IsZero() || succeeded.Before(c.TargetChangedAt) || c.NewReference
		p.complete = p.complete || initial || p.Scope.Everything
		empty := initial && len(v.transactions[c.ID]) == 0
		return ports.Claimed{
			Pull: clonePull(p.Pull), Connection: cloneConnection(*c), Initial: initial, Empty: empty,
			Removed: removed, RemovedAccounts: v.removedAccounts(p),
			Quarantine: slices.Collect(maps.Keys(v.quarantine[c.ID])), RecentlyRemoved: v.recentlyRemoved(c.ID, at),
			CarriedOver: len(v.carriedOverRows(c.ID)) > 0,
		}, nil
	})
}

// removedAccounts returns the external ids of the connection's accounts that are marked as removed, sorted. It returns
// nil if the scope of the pull names no accounts.
func (s *Store) removedAccounts(p *pull) []string {
	if len(p.Scope.AccountNames()) == 0 {
		return nil
	}
	var removed []string
	for id, account := range s.accounts[p.Connection] {
		if !account.RemovedAt.IsZero() {
			removed = append(removed, id)
		}
	}
	slices.Sort(removed)
	return removed
}

// wait returns the time until the pull may be claimed. The result is zero or negative if the pull may be
// claimed now.
func (s *Store) wait(p *pull, at time.Time) time.Duration {
	if active := s.openPullsOf(p.Connection).active; active != nil && active != p && !active.AwaitsAccount() {
		return max(active.waitTime(at), minWait)
	}
	return p.waitTime(at)
}

// waitTime returns the time until the lease of a running pull expires, or until a pull that is not running
// is due.
func (p *pull) waitTime(at time.Time) time.Duration {
	if p.State == domain.PullRunning {
		return p.lease.Until.Sub(at)
	}
	return p.NotBefore.Sub(at)
}

// start marks the pull as running under the lease. At the first start it also merges the scopes of
// the deliveries.
func (s *Store) start(p *pull, lease domain.Lease, at time.Time) {
	if p.StartedAt.IsZero() {
		d := s.openPullsOf(p.Connection)
		if d.active != nil {
			s.takeOver(p, d.active)
		}
		p.mergeScopes()
		p.StartedAt = at
		d.active, d.nextPull = p, nil
	}
	p.State, p.NotBefore, p.Attempts, p.lease = domain.PullRunning, time.Time{}, p.Attempts+1, lease
}

// takeOver ends otherPull with the state PullSucceeded. otherPull must have read everything except accounts that the
// vendor does not list yet. If the target of the connection (vendor address and account reference) has not changed
// since, two things move to p:
//
//   - The list of these accounts.
//   - The deliveries that name one of these accounts.
func (s *Store) takeOver(p, otherPull *pull) {
	if otherPull.Progress.Target == s.connections[p.Connection].Target() {
		p.Progress.Awaited = maps.Clone(otherPull.Progress.Awaited)
		for id, d := range otherPull.deliveries {
			if d.Scope.NamesAny(otherPull.Progress.Awaited) {
				delete(otherPull.deliveries, id)
				p.attach(d)
			}
		}
	}
	s.end(otherPull, domain.PullSucceeded, "", otherPull.Progress.ReadAt)
}

// leasedPull returns the pull that runs under the lease. A lease is accepted after its expiry until another lease
// replaces it. Errors: LeaseLost.
func (s *Store) leasedPull(lease domain.Lease) (*pull, error) {
	p := s.pulls[lease.Pull]
	if p == nil || p.State != domain.PullRunning || p.lease.ID != lease.ID {
		return nil, conflict(domain.LeaseLost)
	}
	return p, nil
}

// writable is like leasedPull, but also requires that the pull's connection is live. Errors:
// LeaseLost.
func (s *Store) writable(lease domain.Lease) (*pull, error) {
	p, err := s.leasedPull(lease)
	if err == nil && !s.connections[p.Connection].Live() {
		return nil, conflict(domain.LeaseLost)
	}
	return p, err
}

// Finish ends the current attempt of the pull. If the connection was deleted, the pull fails, even if the outcome asks
// for a retry. The deletion itself did not end this pull, because the pull was running.
func (v pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return v.exclusive(ctx, "Pulls.Finish", func() error {
		p, err := v.leasedPull(lease)
		if err != nil {
			return err
		}
		c := v.connections[p.Connection]
		v.announceCounts(p.Connection, o.Announced)
		v.storeReadings(p, o.Settled, o.At)
		if o.Health != nil {
			before := c.Health
			c.Health = o.Health(before)
			v.recordHealth(c, before, o.At)
		}
		if o.State == domain.PullFailed {
			v.recordEvent(p.Tenant, p.Connection, domain.PullFailedEvent, p.ID.String(), o.At)
		}
		if o.Consent != nil {
			c.Consent = o.Consent(c.Consent)
		}
		if o.Webhook != nil {
			before := c.Webhook
			c.Webhook = o.Webhook(before, func(at time.Time) bool { return v.heardSince(c, at) })
			if c.Webhook.BecameSilent(before) {
				v.recordEvent(c.Tenant, c.ID, domain.ConnectionSilent, c.ID.String(), o.At)
			}
		}
		if o.Target == c.Target() {
			v.endNewReference(c)
		}
		p.Attempts = o.Attempts
		switch {
		case o.State != domain.PullQueued:
			v.end(p, o.State, o.LastError, o.At)
		case !c.Live():
			v.end(p, domain.PullFailed, domain.ConnectionGone, o.At)
		default:
			p.State, p.LastError, p.NotBefore, p.lease = o.State, o.LastError, o.NotBefore, domain.Lease{}
			if next := v.openPullsOf(p.Connection).nextPull; next != nil && p.AwaitsAccount() {
				v.nudged = append(v.nudged, next.ID)
			}
		}
		return nil
	})
}
