package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// minWait is the shortest RetryAfter for a pull that must wait for another pull of its connection. It
// applies when that other pull is already due or its lease has expired.
const minWait = time.Second

// Claim checks the connection before it checks whether the pull must wait: if the connection is deleted, the pull fails
// at once; if it is paused, it is unknown how long the pull must wait.
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
		if next := v.openPullsOf(c.ID).next; next != nil && !p.StartedAt.IsZero() {
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
			Quarantine: slices.Collect(maps.Keys(v.quarantine[c.ID])), RecentlyLeft: v.recentlyLeft(c.ID, at),
			Unshown: len(v.unshownRows(c.ID)) > 0,
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
		d.active, d.next = p, nil
	}
	p.State, p.NotBefore, p.Attempts, p.lease = domain.PullRunning, time.Time{}, p.Attempts+1, lease
}

// takeOver ends another pull (other) of the connection, which has read everything except the accounts for which it
// waits. If the connection still has the target that the other pull has read, p continues the wait and gets the
// deliveries that name one of these accounts.
func (s *Store) takeOver(p, other *pull) {
	if other.Progress.Target == s.connections[p.Connection].Target() {
		p.Progress.Awaited = maps.Clone(other.Progress.Awaited)
		for id, d := range other.deliveries {
			if d.Scope.NamesAny(other.Progress.Awaited) {
				delete(other.deliveries, id)
				p.attach(d)
			}
		}
	}
	s.end(other, domain.PullSucceeded, "", other.Progress.ReadAt)
}

// leasedPull returns the pull that runs under the lease. The lease may have expired, because it
// stays valid until another lease replaces it. Errors: LeaseLost.
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

// Finish marks a pull of a deleted connection as failed instead of retrying it. The deletion has marked only the pulls
// as failed that were waiting then. A pull that begins to wait for a retry later would wait forever.
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
			if next := v.openPullsOf(p.Connection).next; next != nil && p.AwaitsAccount() {
				v.nudged = append(v.nudged, next.ID)
			}
		}
		return nil
	})
}
