package events

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Intervals and limits of the dispatcher.
const (
	// claimInterval is the interval at which a process claims subscriptions and extends its leases.
	claimInterval = time.Second
	// eventLease is how long the lease of a subscription lasts. The lease is extended when half of it is left. If a
	// process dies, another process takes over its subscriptions after this time.
	eventLease = 12 * time.Second
	// leaseMargin is how long before the end of a lease all attempts must have ended. It allows for the difference
	// between the clocks of two processes.
	leaseMargin = 2 * time.Second
	// claimLimit is the maximum number of subscriptions that a process claims at a time, so that the processes share
	// them.
	claimLimit = 8
	// minEventPoll and maxEventPoll bound the interval at which a process polls for changes, with one query for all of
	// its subscriptions. The interval grows while there are no changes.
	minEventPoll = 10 * time.Millisecond
	maxEventPoll = 200 * time.Millisecond
	// stopSending is how long attempts under way may continue after the runner of their subscription was stopped.
	stopSending = 3 * time.Second
)

// eventStoreCalls limits the number of concurrent store calls for all subscriptions of a process. One tenant can make
// at most half of these calls, even if many of its events fail.
var eventStoreCalls = concurrency.Limit{Total: 4, Tenant: 2}

// signal wakes the dispatcher of this process. The zero value is ready to use.
type signal struct {
	mu       sync.Mutex
	claim    bool               // a subscription has changed, so subscriptions are claimed immediately
	poll     bool               // changes are polled immediately
	stopWait context.CancelFunc // ends the sleep of the dispatcher; nil while it does not sleep
}

// nudge makes the dispatcher notice a change of a subscription immediately.
func (d *signal) nudge() { d.set(true) }

// changed makes the dispatcher poll for changes immediately.
func (d *signal) changed() { d.set(false) }

func (d *signal) set(claim bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claim, d.poll = d.claim || claim, true
	if d.stopWait != nil {
		d.stopWait()
	}
}

// take returns the signals that have arrived since the last call, and resets them.
func (d *signal) take() (claim, poll bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	claim, poll = d.claim, d.poll
	d.claim, d.poll = false, false
	return claim, poll
}

// sleep sleeps until the duration has passed, a signal has arrived, or ctx has ended.
func (d *signal) sleep(ctx context.Context, sleeper ports.Sleeper, duration time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	waits := !d.poll
	if waits {
		d.stopWait = cancel
	}
	d.mu.Unlock()
	if waits {
		_ = sleeper.Sleep(ctx, duration)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopWait = nil
}

// dispatcher sends the events of the subscriptions that a process has claimed.
type dispatcher struct {
	*Service
	holder  domain.LeaseID
	runners map[events.SubscriptionID]*eventRunner
	calls   *concurrency.Shares // limits the store calls

	claimAt  time.Time     // when to claim next
	interval time.Duration // until the next poll
	failedAt time.Time     // when an error was last reported
}

// DispatchEvents implements ports.EventDispatcher. Each subscription has a runner of its own, so a slow sink delays no
// other subscription. A single query finds all subscriptions with new changes.
func (s *Service) DispatchEvents(ctx context.Context) {
	d := &dispatcher{
		Service: s, holder: domain.LeaseID{UUID: s.IDs.New()}, runners: map[events.SubscriptionID]*eventRunner{},
		calls: concurrency.NewShares(eventStoreCalls, ""), interval: maxEventPoll,
	}
	for ctx.Err() == nil {
		claim, changed := s.signal.take()
		if now := s.Clock.Now(); claim || !now.Before(d.claimAt) {
			d.claimAt = now.Add(claimInterval)
			d.claim(ctx)
		}
		if changed {
			d.interval = minEventPoll
		}
		d.poll(ctx)
		s.signal.sleep(ctx, s.Sleeper, d.interval)
	}
	for _, r := range d.runners {
		r.stop()
	}
	for _, r := range d.runners {
		<-r.done
	}
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	d.report(ctx, s.Subscriptions.ReleaseSubscriptions(ctx, d.holder))
}

// report emits an error of the store as a background error, at most once every five seconds.
func (d *dispatcher) report(ctx context.Context, err error) {
	if now := d.Clock.Now(); err != nil && ctx.Err() == nil && now.Sub(d.failedAt) >= 5*time.Second {
		d.failedAt = now
		d.Observer.Emit(ctx, ports.BackgroundError{Task: "events", Err: err})
	}
}

// claim claims subscriptions, starts a runner for each of them, and stops the runners of all other subscriptions. A
// runner whose subscription has changed is stopped, and replaced once it has ended.
func (d *dispatcher) claim(ctx context.Context) {
	now := d.Clock.Now()
	held, err := d.Subscriptions.ClaimSubscriptions(ctx, d.holder, now, now.Add(eventLease), claimLimit)
	if err != nil {
		d.report(ctx, err)
		return
	}
	wanted := make(map[events.SubscriptionID]events.Subscription, len(held))
	for _, sub := range held {
		wanted[sub.ID] = sub
	}
	for id, r := range d.runners {
		sub, wants := wanted[id]
		switch {
		case r.hasEnded():
			delete(d.runners, id)
		case wants && r.serves(sub, now):
			r.extend(now)
		default:
			r.stop()
		}
	}
	for id, sub := range wanted {
		if d.runners[id] == nil {
			d.runners[id] = d.start(ctx, sub, now)
		}
	}
	if len(held) > 0 && len(held)%claimLimit == 0 {
		d.claimAt = now.Add(claimInterval / 10) // there may be more subscriptions to claim
	}
}

// poll wakes the runners of subscriptions that have new changes.
func (d *dispatcher) poll(ctx context.Context) {
	if len(d.runners) == 0 {
		d.interval = max(d.claimAt.Sub(d.Clock.Now()), minEventPoll)
		return
	}
	pending, err := d.Subscriptions.ListPending(ctx, d.holder)
	if err != nil {
		d.report(ctx, err)
		d.interval = claimInterval
		return
	}
	woken := false
	for _, id := range pending {
		if r := d.runners[id]; r != nil && !r.backlog.full.Load() {
			r.wake()
			woken = true
		}
	}
	if woken {
		d.interval = minEventPoll
	} else {
		d.interval = min(max(d.interval, minEventPoll)*5/4, maxEventPoll)
	}
}

// start starts the runner of a subscription that was claimed at the given time.
func (d *dispatcher) start(ctx context.Context, sub events.Subscription, claimedAt time.Time) *eventRunner {
	runCtx, cancel := context.WithCancel(ports.ForTenant(ctx, sub.Tenant))
	if !claimedAt.Before(sub.PreviousUntil) {
		sub.PreviousUntil = time.Time{} // the replaced secret is no longer used for signing
	}
	r := newRunner(d.Service, served{
		sub: sub, calls: d.calls,
		lease: ports.SubscriptionLease{
			Tenant: sub.Tenant, Subscription: sub.ID, Holder: d.holder, Epoch: sub.Epoch,
		},
	}, claimedAt, cancel)
	go func() {
		defer close(r.done)
		defer cancel()
		defer func() {
			if value := recover(); value != nil {
				d.Observer.Emit(ctx, ports.BackgroundError{Task: "events", Err: concurrency.CapturePanic(value)})
			}
		}()
		if err := r.run(runCtx); err != nil && runCtx.Err() == nil && !errors.Is(err, domain.LeaseLost) {
			d.Observer.Emit(ctx, ports.BackgroundError{Task: "events", Err: err})
		}
	}()
	return r
}
