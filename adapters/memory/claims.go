package memory

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// nextLook is how soon to ask again for a pull that waits for another one, when that
// one's own time is up already.
const nextLook = time.Second

// Claim looks at the connection first: a pull that nobody may run must not wait either.
func (v pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	return give(ctx, v.Store, "Pulls.Claim", func() (ports.Claimed, error) {
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
		v.begin(p, lease, at)
		succeeded := v.desk(c.ID).succeeded
		first := succeeded.IsZero() || succeeded.Before(c.TargetChangedAt)
		bare := first && len(v.transactions[c.ID]) == 0
		return ports.Claimed{Pull: clonePull(p.Pull), Connection: cloneConnection(*c), Initial: first, Empty: bare}, nil
	})
}

// wait is how long until the pull may be taken; not above zero when it may be now.
func (s *Store) wait(p *pull, at time.Time) time.Duration {
	if under := s.desk(p.Connection).under; under != nil && under != p {
		return max(under.free(at), nextLook)
	}
	return p.free(at)
}

// free is how long until nobody holds the pull and its time has come.
func (p *pull) free(at time.Time) time.Duration {
	if p.State == domain.PullRunning {
		return p.lease.Until.Sub(at)
	}
	return p.NotBefore.Sub(at)
}

// begin puts the pull into a worker's hands.
func (s *Store) begin(p *pull, lease domain.Lease, at time.Time) {
	if p.StartedAt.IsZero() {
		p.fold()
		p.StartedAt = at
		d := s.desk(p.Connection)
		d.under, d.next = p, nil
	}
	p.State, p.NotBefore, p.Attempts, p.lease = domain.PullRunning, time.Time{}, p.Attempts+1, lease
}

// held gives the pull that the lease holds. It may have run out: only another lease
// ends it. Errors: LeaseLost.
func (s *Store) held(lease domain.Lease) (*pull, error) {
	p := s.pulls[lease.Pull]
	if p == nil || p.State != domain.PullRunning || p.lease.ID != lease.ID {
		return nil, conflict(domain.LeaseLost)
	}
	return p, nil
}

// writable is held for a lease whose connection is still there to be written for.
func (s *Store) writable(lease domain.Lease) (*pull, error) {
	p, err := s.held(lease)
	if err == nil && !s.connections[p.Connection].Live() {
		return nil, conflict(domain.LeaseLost)
	}
	return p, err
}

// Finish leaves nothing waiting for a connection that is deleted: its deletion has failed
// what waited then, and what comes to wait later would wait for good.
func (v pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return v.alone(ctx, "Pulls.Finish", func() error {
		p, err := v.held(lease)
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
