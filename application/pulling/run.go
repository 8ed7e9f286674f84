package pulling

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

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
	e.blocked.Delete(id)
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
	return newAttempt(&claim{Engine: e, Claimed: claimed, lease: lease}).runAndFinish(ctx, startedAt)
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

// WakeWaiting is like ReportEvents, for a pull to which a delivery was added that asks for a read. It does nothing
// unless this process knows that another pull of the connection waits for its next attempt.
func (e *Engine) WakeWaiting(ctx context.Context, id domain.PullID) error {
	if _, blocked := e.blocked.Load(id); !blocked {
		return nil
	}
	return e.ReportEvents(ctx, id)
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
		e.blocked.Store(id, nil)
		delay = min(delay, removalPoll)
	}
	return delay, err
}
