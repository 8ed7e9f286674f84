package pulling

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// leaseTime is the duration of a lease. It is longer than the longest single call to an aggregator (15 s). It is short
// enough for another worker to resume the pull within 30 s after a worker has died.
//
// Each write extends the lease. Two facts limit the time between two writes:
//   - Unchanged pages delay a write by at most progressFlushInterval.
//   - The next page is requested from the vendor while a page is stored.
//
// The time between two extensions is therefore at most progressFlushInterval plus one call, either to the vendor or to
// the store.
//
// An attempt whose requests may take longer extends its lease also while it waits for the vendor (keepLease).
//
// leaseTime is too short if the longest vendor call is followed by a page lookup that takes the store's whole timeout
// (10 s). Another worker may then claim the pull although this worker is still alive. This costs one attempt, and the
// new worker reads the page again. The data stays correct, because the store accepts no write under a lost lease.
const leaseTime = 20 * time.Second

// retryMin is the minimum wait after an attempt that does not count towards domain.MaxAttempts.
const retryMin = 250 * time.Millisecond

// RunPull implements ports.Worker: it waits for a share of the workers, claims the pull under a lease, makes one
// attempt at it, and records the outcome. The returned duration is the wait before the next attempt; 0 if there is no
// next attempt.
func (e *Engine) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	tenant, err := e.Pulls.TenantOf(ctx, id)
	switch {
	case errors.Is(err, domain.NotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	ctx = ports.ForTenant(ctx, tenant)
	release, ok := e.load.shares.TryAcquire(tenant)
	if !ok {
		end := e.load.occupy()
		release, err = e.load.shares.Acquire(ctx, e.Sleeper, tenant)
		end()
		if err != nil {
			return domain.RetryAfterOf(err), ctx.Err()
		}
	}
	defer release()
	return e.runPull(ctx, id, e.load.occupy)
}

// RunWaitingPull implements ports.Worker.
func (e *Engine) RunWaitingPull(ctx context.Context) (bool, error) {
	l := e.load
	l.looking.Lock()
	claimed := sync.OnceFunc(l.looking.Unlock)
	defer claimed()
	for {
		now := e.Clock.Now()
		excluded, ok := l.mayLook(now)
		if !ok {
			return false, nil
		}
		waiting, err := e.Pulls.ListWaiting(ctx, now, excluded, 1)
		if err != nil || len(waiting) == 0 {
			l.foundNone(now)
			return false, err
		}
		release, ok := l.shares.TryAcquire(waiting[0].Tenant)
		if !ok {
			continue // RunPull has started a pull of the tenant in the meantime
		}
		defer release()
		_, err = e.runPull(
			ports.ForTenant(ctx, waiting[0].Tenant),
			waiting[0].ID,
			func() (end func()) { claimed(); return func() {} },
		)
		return true, err
	}
}

// runPull does the work of RunPull once the tenant has a share. It calls onStart after it has claimed the pull, and
// calls the function that onStart returned after the attempt.
func (e *Engine) runPull(
	ctx context.Context, id domain.PullID, onStart func() (end func()),
) (time.Duration, error) {
	startedAt := e.Clock.Now()
	lease := domain.Lease{ID: domain.LeaseID{UUID: e.IDs.New()}, Pull: id, Until: startedAt.Add(leaseTime)}
	claimed, err := e.Pulls.Claim(ctx, lease, startedAt)
	switch {
	case errors.Is(err, domain.NotFound), errors.Is(err, domain.ConnectionPaused):
		return 0, nil // a new job is created when a paused connection is resumed
	case errors.Is(err, domain.NotDue):
		return e.removeAnnounced(ctx, id, startedAt, max(domain.RetryAfterOf(err), time.Second))
	case err != nil:
		return 0, err
	}
	lease.Tenant = claimed.Pull.Tenant
	defer onStart()()
	a := &attempt{
		Engine: e, lease: lease, pull: claimed.Pull, connection: claimed.Connection,
		initial: claimed.Initial, empty: claimed.Empty, quarantine: newQuarantine(claimed.Quarantine),
		removed: claimed.Removed, removedAccounts: claimed.RemovedAccounts,
		recentlyRemoved: claimed.RecentlyRemoved, carriedOver: claimed.CarriedOver, shown: claimed.Pull.Progress,
		reread: claimed.Pull.Progress.Planned, resumed: claimed.Pull.Progress.Planned,
	}
	a.readRows = a.newReadRows()
	a.nameless = claimed.Nameless
	if a.pull.Attempts > domain.MaxAttempts { // the process died in each of the attempts
		return a.finish(ctx, &domain.Error{Kind: domain.Rejected, Code: domain.Interrupted}, domain.ConsentReport{},
			startedAt)
	}
	traced, endSpan := e.Tracer.StartSpan(ctx, a.pull.Trace, "pull "+string(a.pull.Vendor))
	timeout := domain.RequestTimeout(a.pull.Attempts)
	patient, stop := ports.WithRequestTimeout(traced, timeout), func() {}
	if timeout > domain.MinRequestTimeout {
		stop = a.keepLease(ctx)
	}
	failure := a.run(patient)
	a.report(ctx, failure)
	consent := a.readConsent(patient, failure)
	stop()
	endSpan(failure)
	if errors.Is(failure, domain.StoreUnavailable) {
		// The outcome cannot be stored either. The lease will expire, and the pull will resume from its
		// stored progress.
		return 0, failure
	}
	return a.finish(ctx, failure, consent, startedAt)
}

// keepLeaseInterval is the time between two writes of keepLease. It is short enough for the lease to survive a failed
// write, and a write that waits for the store's whole timeout (10 s).
const keepLeaseInterval = 5 * time.Second

// keepLease extends the lease regularly until stop is called. It ignores errors: if the lease was lost, the next write
// of the attempt fails.
func (a *attempt) keepLease(ctx context.Context) (stop func()) {
	if a.Every == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	wait := a.Every(keepLeaseInterval, func() {
		_, until := a.leaseTimes()
		_ = a.Pulls.ExtendLease(ctx, a.lease, until)
	})
	return func() {
		cancel()
		wait()
	}
}

// removalPoll is the maximum time between two calls of removeAnnounced for a pull that must wait for another pull of
// the same connection.
const removalPoll = 5 * time.Second

// ReportEvents applies what the events of a queued pull have reported about its connection, before the pull starts.
// Errors are those of the store: the pull then applies the reports itself.
func (e *Engine) ReportEvents(ctx context.Context, id domain.PullID) error {
	_, err := e.removeAnnounced(ctx, id, e.Clock.Now(), 0)
	return err
}

// removeAnnounced applies the announced removals of a pull that is not due yet. Such a pull may wait for hours, for
// example while another pull of the connection is running. delay is the minimum time that the pull must still wait. The
// result is how long the caller must wait before it handles the pull again.
func (e *Engine) removeAnnounced(
	ctx context.Context, id domain.PullID, at time.Time, delay time.Duration,
) (time.Duration, error) {
	blocked, err := e.Pulls.RemoveAnnounced(ctx, id, at, func(vendor domain.Vendor) *ports.Matching {
		return e.Matching(ctx, vendor)
	})
	if blocked {
		delay = min(delay, removalPoll)
	}
	return delay, err
}

// finish records the outcome of the attempt, and returns the wait before the next attempt; 0 if there is no next
// attempt. finish records the outcome even if ctx is already canceled, for example because the worker stops. Another
// worker can then continue the pull immediately.
func (a *attempt) finish(
	ctx context.Context, failure error, consent domain.ConsentReport, startedAt time.Time,
) (time.Duration, error) {
	work := ctx
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	if errors.Is(failure, domain.LeaseLost) {
		return 0, nil
	}
	replaced, err := a.targetReplaced(ctx)
	if err != nil {
		return 0, err
	}
	now := a.Clock.Now()
	outcome := a.outcome(failure, consent, replaced, now)
	if err := a.finishSettled(work, outcome); err != nil {
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

// finishSettled stores the outcome of the attempt. If o.Settled is set, the store also computes the balance of each
// account and the sum of its records. Such a store call takes as long as reading all records of the connection, so
// the time limit of concurrency.Detach does not apply. If the store call fails with an error other than LeaseLost,
// finishSettled stores the outcome without balances and sums.
func (a *attempt) finishSettled(ctx context.Context, o ports.Outcome) error {
	if o.Settled != nil {
		if err := a.Pulls.Finish(ctx, a.lease, o); err == nil || errors.Is(err, domain.LeaseLost) {
			return err
		}
		o.Settled = nil
	}
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	return a.Pulls.Finish(ctx, a.lease, o)
}

// targetReplaced reports whether the connection's credential or target was replaced during the attempt, so
// that the result of the attempt no longer applies. It returns false for a deleted connection, which Finish
// handles.
func (a *attempt) targetReplaced(ctx context.Context) (bool, error) {
	c, err := a.Connections.Get(ctx, a.connection.Tenant, domain.Aggregator, a.connection.ID)
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	return err == nil && !c.SameAccess(a.connection), err
}

// outcome returns the result of an attempt: the new state of the pull, and the changes to the connection. These changes
// concern the health, the consent and the record of missing webhooks. If the vendor refused the attempt, the pull
// fails. But if the credential or the target was replaced during the attempt, the pull is retried. When the last
// permitted attempt of a pull fails, the connection becomes unhealthy.
func (a *attempt) outcome(
	failure error, consent domain.ConsentReport, replaced bool, now time.Time,
) ports.Outcome {
	o := ports.Outcome{
		State: domain.PullSucceeded, Attempts: a.pull.Attempts, At: now, Complete: a.pull.Scope.Everything,
		Health: func(h domain.Health) domain.Health {
			if h = h.AfterSignal(a.pull.Scope.Signal, a.pull.StartedAt); replaced {
				return h
			}
			return h.After(a.status, failure, now)
		},
	}
	if !replaced && a.checked {
		o.Bank, o.ReadAt, o.Coverage, o.Grace = a.status.Bank, a.listedAt, a.Coverage, a.DriftGrace
		o.BankRead = failure == nil && a.readsAll() && !a.relink.staged && a.status.Bank != nil
	}
	if !replaced {
		o.Consent = func(c domain.Consent) domain.Consent { return a.consentAfter(c, consent, now) }
		o.Webhook = func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch {
			return a.webhookAfter(w, failure, heardSince)
		}
	}
	if failure == nil {
		if inconsistent := a.pull.Progress.Inconsistent; !replaced && (inconsistent || a.readsEverything()) {
			o.Inconsistent = &inconsistent
		}
		if !replaced {
			o.Settled, o.Announced = a.settledRead(), a.pull.Scope.Announced
		}
		if a.connection.NewReference && !a.relink.staged && !a.relink.published {
			o.Target = a.connection.Target()
		}
		o.Ambiguous, o.Unmatched = a.relink.ambiguous, a.relink.unmatched
		if position := a.pull.Progress.StreamPosition; position != "" && !replaced && !a.relink.staged {
			o.Stream = &records.StreamRead{Target: a.pull.Progress.Target, Position: position}
		}
		return o
	}
	o.LastError = codeOf(failure)
	asked := domain.RetryAfterOf(failure)
	if asked > 0 {
		o.RetryAfterUntil = now.Add(asked)
	}
	switch {
	case errors.Is(failure, domain.Rejected) && !replaced:
		o.State = domain.PullFailed
	case o.LastError == domain.BudgetExhausted, o.LastError == domain.MemoryExhausted,
		o.LastError == domain.Interrupted, o.LastError == domain.ConnectionPaused:
		o.State, o.NotBefore = domain.PullQueued, now.Add(max(asked, retryMin))
		if o.ScheduledAt = a.pull.ScheduledAt; !a.pull.IsEarly() {
			o.Attempts--
		}
	case a.pull.IsEarly(): // the next attempt is due when it was due before
		o.State, o.NotBefore = domain.PullQueued, a.pull.ScheduledAt
		if earliest := now.Add(max(min(asked, domain.MaxBackoff), retryMin)); earliest.After(o.NotBefore) {
			o.NotBefore = earliest
		}
	case a.pull.Attempts >= domain.MaxAttempts:
		o.State = domain.PullFailed
		if !replaced {
			o.Health = func(h domain.Health) domain.Health {
				return h.AfterSignal(a.pull.Scope.Signal, a.pull.StartedAt).AfterFailure(o.LastError, now)
			}
		}
	default:
		o.State = domain.PullQueued
		o.NotBefore = now.Add(domain.Backoff(a.pull.Attempts, domain.Jitter(a.Entropy), asked))
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
