package application

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// leaseTime outlasts the longest single call to an aggregator (15 s), and ends soon enough
// for the work of a dead worker to go on within 30 s. When a page extends the lease and is
// stored, the next one has been asked for already: until the next extension it is the
// longer of the two that counts, not their sum, and the second for which pages that bring
// nothing are not written.
//
// It does not outlast that call and a store that takes all of its own patience, 10 s, to
// say what it knows of the page: then another worker may take over from a living one. That
// costs the page's read and an attempt: the store takes nothing under a lease that is lost.
const leaseTime = 20 * time.Second

// handBack is the least wait before a try that cost nothing is made again.
const handBack = 250 * time.Millisecond

// RunPull implements ports.Worker.
func (s *Service) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	begun := s.Clock.Now()
	lease := domain.Lease{ID: domain.LeaseID{UUID: s.IDs.New()}, Pull: id, Until: begun.Add(leaseTime)}
	claimed, err := s.Pulls.Claim(ctx, lease, begun)
	switch {
	case errors.Is(err, domain.NotFound):
		return 0, nil
	case errors.Is(err, domain.NotDue):
		return max(domain.RetryAfterOf(err), time.Second), nil
	case err != nil:
		return 0, err
	}
	t := &try{Service: s, lease: lease, pull: claimed.Pull, connection: claimed.Connection, first: claimed.Initial, bare: claimed.Empty}
	if t.pull.Attempts > domain.MaxAttempts { // each try took its process with it
		return t.finish(ctx, &domain.Error{Kind: domain.Rejected, Code: domain.Interrupted}, begun)
	}
	traced, end := s.Tracer.Resume(ctx, t.pull.Trace, "pull "+string(t.pull.Vendor))
	failure := t.run(traced)
	end(failure)
	if ours(failure) {
		return 0, failure // the lease ends by itself, and the pull goes on where it stands
	}
	return t.finish(ctx, failure, begun)
}

// ours says whether a failure is the store's: then the store cannot be told of it either.
func ours(failure error) bool { return errors.Is(failure, domain.StoreUnavailable) }

// finish records how the try ended and gives the wait before the next one. It happens
// also when ctx has ended: a worker that is told to stop hands its work back.
func (t *try) finish(ctx context.Context, failure error, begun time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if errors.Is(failure, domain.LeaseLost) {
		return 0, nil
	}
	replaced, err := t.replaced(ctx)
	if err != nil {
		return 0, err
	}
	now := t.Clock.Now()
	outcome := t.outcome(failure, replaced, now)
	if err := t.Pulls.Finish(ctx, t.lease, outcome); err != nil {
		if errors.Is(err, domain.LeaseLost) {
			return 0, nil
		}
		return 0, err
	}
	t.pull.State, t.pull.Attempts, t.pull.LastError = outcome.State, outcome.Attempts, outcome.LastError
	t.Observer.Emit(ctx, ports.PullAttempted{Pull: t.pull, Took: now.Sub(begun), Counts: t.counts, Err: failure})
	if outcome.State != domain.PullQueued {
		return 0, nil
	}
	return max(outcome.NotBefore.Sub(now), time.Millisecond), nil
}

// replaced says whether the connection was rotated or redirected while the try ran: then
// what the try showed tells nothing of it. A deleted one is for Finish to see.
func (t *try) replaced(ctx context.Context) (bool, error) {
	c, err := t.Connections.Get(ctx, t.connection.Tenant, domain.Aggregator, t.connection.ID)
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	return err == nil && !sameTarget(c, t.connection), err
}

// outcome decides what a try's end means for the pull and for the connection. Who was
// refused with a credential that is replaced by now tries again with the new one.
func (t *try) outcome(failure error, replaced bool, now time.Time) ports.Outcome {
	o := ports.Outcome{
		State: domain.PullSucceeded, Attempts: t.pull.Attempts, At: now,
		Health: func(h domain.Health) domain.Health {
			if h = h.AfterSignal(t.pull.Scope.Signal); replaced {
				return h
			}
			return healthAfter(h, t.standing, failure, now)
		},
	}
	if failure == nil {
		return o
	}
	o.LastError = codeOf(failure)
	switch {
	case errors.Is(failure, domain.Rejected) && !replaced:
		o.State = domain.PullFailed
	case o.LastError == domain.BudgetExhausted, o.LastError == domain.Interrupted:
		o.State, o.Attempts = domain.PullQueued, t.pull.Attempts-1
		o.NotBefore = now.Add(max(domain.RetryAfterOf(failure), handBack))
	case t.pull.Attempts >= domain.MaxAttempts:
		o.State = domain.PullFailed
	default:
		o.State = domain.PullQueued
		o.NotBefore = now.Add(domain.Backoff(t.pull.Attempts, t.jitter(), domain.RetryAfterOf(failure)))
	}
	return o
}

// codeOf is domain.CodeOf, with the end of the worker's own context told apart.
func codeOf(failure error) domain.Code {
	if errors.Is(failure, context.Canceled) {
		return domain.Interrupted
	}
	return domain.CodeOf(failure)
}

// healthAfter folds the look that a try or a test took into the health. Only what the
// vendor refuses for good says something of the connection.
func healthAfter(h domain.Health, standing domain.LinkStatus, failure error, now time.Time) domain.Health {
	switch {
	case failure == nil:
		return h.AfterSuccess(standing, now)
	case errors.Is(failure, domain.Rejected):
		return h.AfterFailure(reasonOf(failure), now)
	}
	return h
}

// jitter draws from [0,1).
func (s *Service) jitter() float64 {
	var b [1]byte
	if _, err := s.Entropy.Read(b[:]); err != nil {
		return 0
	}
	return float64(b[0]) / 256
}
