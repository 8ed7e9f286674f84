package application

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// leaseTime is longer than the longest single call to an aggregator (15 s), and short enough for
// another worker to resume the pull within 30 s after a worker has died. When a page is stored,
// which extends the lease, the request for the next page is already running. So the time until
// the next extension depends on the longer one of the two calls, to the vendor and to the store,
// and not on their sum. progressFlushInterval is added to it, because unchanged pages are not
// written for that long.
//
// leaseTime is too short for the longest call followed by a store that takes its whole timeout
// (10 s) to look up the page. Another worker may then claim the pull although this worker is still
// alive. This costs reading the page again and one attempt; the data stays correct, because the
// store accepts no write under a lost lease.
const leaseTime = 20 * time.Second

// retryMin is the minimum wait before the retry of an attempt that did not count.
const retryMin = 250 * time.Millisecond

// RunPull implements ports.Worker: it claims the pull under a lease, makes one attempt at it,
// and records the outcome. The returned duration is the wait before the next attempt; 0 if there
// is no next attempt.
func (s *Service) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	startedAt := s.Clock.Now()
	lease := domain.Lease{ID: domain.LeaseID{UUID: s.IDs.New()}, Pull: id, Until: startedAt.Add(leaseTime)}
	claimed, err := s.Pulls.Claim(ctx, lease, startedAt)
	switch {
	case errors.Is(err, domain.NotFound):
		return 0, nil
	case errors.Is(err, domain.NotDue):
		return max(domain.RetryAfterOf(err), time.Second), nil
	case err != nil:
		return 0, err
	}
	a := &attempt{
		Service: s, lease: lease, pull: claimed.Pull, connection: claimed.Connection,
		initial: claimed.Initial, empty: claimed.Empty,
	}
	if a.pull.Attempts > domain.MaxAttempts { // the process died in each of the attempts
		return a.finish(ctx, &domain.Error{Kind: domain.Rejected, Code: domain.Interrupted}, startedAt)
	}
	traced, endSpan := s.Tracer.StartSpan(ctx, a.pull.Trace, "pull "+string(a.pull.Vendor))
	failure := a.run(traced)
	endSpan(failure)
	if errors.Is(failure, domain.StoreUnavailable) {
		// The outcome cannot be stored either. The lease will expire, and the pull will resume from its
		// stored progress.
		return 0, failure
	}
	return a.finish(ctx, failure, startedAt)
}

// finish records the outcome of the attempt, and returns the wait before the next attempt; 0 if
// there is no next attempt. It also does this after ctx was canceled, so that another worker can
// continue the pull of a stopped worker at once.
func (a *attempt) finish(ctx context.Context, failure error, startedAt time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if errors.Is(failure, domain.LeaseLost) {
		return 0, nil
	}
	replaced, err := a.targetReplaced(ctx)
	if err != nil {
		return 0, err
	}
	now := a.Clock.Now()
	outcome := a.outcome(failure, replaced, now)
	if err := a.Pulls.Finish(ctx, a.lease, outcome); err != nil {
		if errors.Is(err, domain.LeaseLost) {
			return 0, nil
		}
		return 0, err
	}
	a.pull.State, a.pull.Attempts, a.pull.LastError = outcome.State, outcome.Attempts, outcome.LastError
	a.Observer.Emit(ctx, ports.PullAttempted{Pull: a.pull, Took: now.Sub(startedAt), Counts: a.counts, Err: failure})
	if outcome.State != domain.PullQueued {
		return 0, nil
	}
	return max(outcome.NotBefore.Sub(now), time.Millisecond), nil
}

// targetReplaced reports whether the connection's credential or target was replaced during the
// attempt. If so, the attempt's result says nothing about the present connection. It returns false
// for a deleted connection, which Finish handles.
func (a *attempt) targetReplaced(ctx context.Context) (bool, error) {
	c, err := a.Connections.Get(ctx, a.connection.Tenant, domain.Aggregator, a.connection.ID)
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	return err == nil && !sameTarget(c, a.connection), err
}

// outcome returns the pull's new state and the change of the connection's health that follow
// from the end of an attempt. If the vendor refused the attempt, the pull normally fails. If
// the credential or the target has been replaced since then, the pull is instead retried with
// the new credential or target.
func (a *attempt) outcome(failure error, replaced bool, now time.Time) ports.Outcome {
	o := ports.Outcome{
		State: domain.PullSucceeded, Attempts: a.pull.Attempts, At: now,
		Health: func(h domain.Health) domain.Health {
			if h = h.AfterSignal(a.pull.Scope.Signal); replaced {
				return h
			}
			return healthAfter(h, a.status, failure, now)
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
		o.State, o.Attempts = domain.PullQueued, a.pull.Attempts-1
		o.NotBefore = now.Add(max(domain.RetryAfterOf(failure), retryMin))
	case a.pull.Attempts >= domain.MaxAttempts:
		o.State = domain.PullFailed
	default:
		o.State = domain.PullQueued
		o.NotBefore = now.Add(domain.Backoff(a.pull.Attempts, a.jitter(), domain.RetryAfterOf(failure)))
	}
	return o
}

// codeOf returns domain.CodeOf(failure), except that it returns Interrupted if the worker's own
// context was canceled.
func codeOf(failure error) domain.Code {
	if errors.Is(failure, context.Canceled) {
		return domain.Interrupted
	}
	return domain.CodeOf(failure)
}

// healthAfter returns the health after a pull attempt or a connection test. A failure changes the
// health only if it is of kind Rejected; other failures say nothing about the connection.
func healthAfter(h domain.Health, status domain.LinkStatus, failure error, now time.Time) domain.Health {
	switch {
	case failure == nil:
		return h.AfterSuccess(status, now)
	case errors.Is(failure, domain.Rejected):
		return h.AfterFailure(reasonOf(failure), now)
	}
	return h
}

// jitter returns a random number in [0,1) for the backoff; 0 if reading the entropy source fails.
func (s *Service) jitter() float64 {
	var b [1]byte
	if _, err := s.Entropy.Read(b[:]); err != nil {
		return 0
	}
	return float64(b[0]) / 256
}
