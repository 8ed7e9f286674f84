package memory

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// minWait is the shortest RetryAfter of a claim of a pull that must wait for another pull of its
// connection. It applies if that other pull is already due, or its lease has already expired.
const minWait = time.Second

// Claim checks the connection before it checks whether the pull must wait: if the connection is
// deleted, the pull fails at once.
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
		if wait := v.wait(p, at); wait > 0 {
			return ports.Claimed{}, &domain.Error{Kind: domain.Conflict, Code: domain.NotDue, RetryAfter: wait}
		}
		v.start(p, lease, at)
		succeeded := v.openPullsOf(c.ID).succeeded
		initial := succeeded.IsZero() || succeeded.Before(c.TargetChangedAt)
		p.complete = p.complete || initial || p.Scope.Everything
		empty := initial && len(v.transactions[c.ID]) == 0
		return ports.Claimed{Pull: clonePull(p.Pull), Connection: cloneConnection(*c), Initial: initial,
			Empty: empty}, nil
	})
}

// wait returns the time until the pull may be claimed. It is zero or negative if the pull may be
// claimed now.
func (s *Store) wait(p *pull, at time.Time) time.Duration {
	if active := s.openPullsOf(p.Connection).active; active != nil && active != p {
		return max(active.waitTime(at), minWait)
	}
	return p.waitTime(at)
}

// waitTime returns the time until the pull's lease expires, if the pull is running, or otherwise
// until the pull is due.
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
		p.mergeScopes()
		p.StartedAt = at
		d := s.openPullsOf(p.Connection)
		d.active, d.next = p, nil
	}
	p.State, p.NotBefore, p.Attempts, p.lease = domain.PullRunning, time.Time{}, p.Attempts+1, lease
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

// Finish does not retry a pull of a deleted connection, but fails it. The deletion has failed
// only the pulls that were waiting at that time. A pull that started to wait after the deletion
// would wait forever.
func (v pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return v.exclusive(ctx, "Pulls.Finish", func() error {
		p, err := v.leasedPull(lease)
		if err != nil {
			return err
		}
		c := v.connections[p.Connection]
		if o.Health != nil {
			c.Health = o.Health(c.Health)
		}
		p.Attempts = o.Attempts
		switch {
		case o.State != domain.PullQueued:
			v.end(p, o.State, o.LastError, o.At)
		case !c.Live():
			v.end(p, domain.PullFailed, domain.ConnectionGone, o.At)
		default:
			p.State, p.LastError, p.NotBefore, p.lease = o.State, o.LastError, o.NotBefore, domain.Lease{}
		}
		return nil
	})
}
