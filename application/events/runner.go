package events

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// openRetry is how long a runner waits before it ends if the secrets of its subscription cannot be opened. The wait
// delays the next runner.
const openRetry = 10 * time.Second

// eventRunner sends the events of one subscription. The goroutine of the runner owns all members that change, except
// the atomic ones. An event passes its parts in this order:
//
//   - The backlog (loading.go) stores events for changes, and holds the next ones without their resources.
//   - The loads (loading.go, resources.go) hold the resources.
//   - The sending (sending.go) makes the attempts.
//   - The parking (parking.go) holds the events of subjects whose first event has failed.
//   - The log (delivery_log.go) stores the results.
//
// Store calls and attempts run in separate goroutines. At its end, each of them sends a function to the channel
// r.results. The runner's goroutine calls this function to apply the result. At most one store call runs at a time.
// This limits the number of events in memory.
type eventRunner struct {
	*Service
	served
	eventTarget // set by run

	until   atomic.Int64 // when the lease ends, in Unix microseconds
	cancel  context.CancelFunc
	done    chan struct{}
	awake   chan struct{} // receives an element when there are new changes
	results chan func()

	backlog backlog
	loads   loads
	sending sending
	parking parking
	log     deliveryLog
	calling bool  // a store call is under way
	failed  error // the error that ends the runner
}

// served is the subscription that a runner serves, as it was claimed.
type served struct {
	sub   events.Subscription
	lease ports.SubscriptionLease
	calls *concurrency.Shares // limits the store calls of all runners
}

// eventTarget is where a runner sends events.
type eventTarget struct {
	sender ports.EventSender
	// without contains the members that are left out of the data of events.
	without []string
	// matcher gets the events of a subscription to Matcher instead of sender; nil for every other subscription.
	matcher *matcherWorker
}

// newRunner returns the runner of a subscription that was claimed at the given time.
func newRunner(s *Service, from served, claimedAt time.Time, cancel context.CancelFunc) *eventRunner {
	r := &eventRunner{
		Service: s, served: from, cancel: cancel, done: make(chan struct{}), awake: make(chan struct{}, 1),
		results: make(chan func(), 2*maxInFlight),
		loads:   loads{loaded: map[*loadedEvents]struct{}{}, size: queueLow},
		sending: sending{busy: map[string]bool{}},
		parking: parking{subjects: map[string]*parkedSubject{}},
		log:     deliveryLog{clock: s.Clock},
	}
	r.backlog.changed, r.backlog.last, r.backlog.cursor = true, from.sub.LastSequence, from.sub.DeliveredTo
	r.log.pending.DeliveredTo = from.sub.DeliveredTo
	r.extend(claimedAt)
	return r
}

// serves reports whether the runner's copy of the subscription is still valid. The copy is outdated in these cases:
//   - The subscription was changed or claimed again.
//   - The copy contains a replaced secret that must no longer be used for signing.
func (r *eventRunner) serves(sub events.Subscription, now time.Time) bool {
	expired := !r.sub.PreviousUntil.IsZero() && !now.Before(r.sub.PreviousUntil)
	return sub.Revision == r.sub.Revision && sub.Epoch == r.lease.Epoch && !expired
}

// extend sets the earliest possible end of the lease after a claim at the given time. A claim extends the lease if less
// than eventLease / 2 is left. After a claim, the lease therefore lasts for at least eventLease / 2.
func (r *eventRunner) extend(now time.Time) { r.until.Store(now.Add(eventLease / 2).UnixMicro()) }

// sendsUntil returns the time at which all attempts must have ended. It is leaseMargin before the time at which the
// lease may end.
func (r *eventRunner) sendsUntil() time.Time { return time.UnixMicro(r.until.Load()).Add(-leaseMargin) }

// leaseEnds reports whether the lease may have ended or will end soon.
func (r *eventRunner) leaseEnds() bool { return !r.Clock.Now().Before(r.sendsUntil()) }

// stop makes the runner end. Attempts under way may finish.
func (r *eventRunner) stop() { r.cancel() }

func (r *eventRunner) hasEnded() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// wake makes the runner store events for the new changes in the change feed.
func (r *eventRunner) wake() {
	select {
	case r.awake <- struct{}{}:
	default:
	}
}

// run sends events until (a) ctx ends, (b) a store call fails, or (c) the lease is about to end while attempts are
// under way. The dispatcher can then start another runner, which continues from the stored state.
func (r *eventRunner) run(ctx context.Context) (err error) {
	closeTarget, err := r.openTarget(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTarget()) }()
	// More than maxParked subjects can be parked. At that number, no further attempts start, but up to maxInFlight
	// attempts are under way, and each of them can park one more subject.
	heads, err := r.Subscriptions.ListParked(ctx, r.lease, maxParked+maxInFlight)
	if err != nil {
		return err
	}
	r.parking.open(heads, r.Clock.Now())
	// The sink may have been down until now. If so, its first success must make all retries due. For this purpose, each
	// parked subject counts as a failure.
	r.sending.failures, r.sending.outcome.failing = len(heads), len(heads) > 0
	sending, stopSends := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSends()
	for ctx.Err() == nil && r.failed == nil {
		if r.sending.inFlight > 0 && r.leaseEnds() {
			stopSends()
			break
		}
		r.startAttempts(sending)
		r.startCall(ctx)
		r.wait(ctx)
	}
	r.finish(sending, stopSends)
	return r.failed
}

// openTarget opens the sink of the subscription. The returned function closes it.
func (r *eventRunner) openTarget(ctx context.Context) (closeTarget func() error, err error) {
	if r.sender, err = r.openSender(ctx, r.sub); err != nil {
		_ = r.Sleeper.Sleep(ctx, openRetry)
		return nil, err
	}
	_, r.without = events.SplitWithout(r.sub.Sink.Settings)
	if r.matcher, err = r.newMatcherWorker(ctx, r.sub, r.lease); err != nil {
		r.sender.Close()
		return nil, err
	}
	endWorker := func() error { return nil }
	if r.matcher != nil {
		endWorker = r.startWorker(ctx)
	}
	return func() error {
		defer r.sender.Close()
		return endWorker()
	}, nil
}

// startWorker starts the worker of a subscription to Matcher. end stops the worker, waits for it, and returns its
// error. If the worker fails, the runner ends.
func (r *eventRunner) startWorker(ctx context.Context) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	r.matcher.report = func(attempt events.EventAttempt, disable bool) {
		select {
		case r.results <- func() { r.log.reported(attempt, disable) }:
		case <-ctx.Done():
		}
	}
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer func() {
			if value := recover(); value != nil {
				err = concurrency.CapturePanic(value)
			}
		}()
		if err = r.matcher.run(ctx); ctx.Err() != nil {
			err = nil
		}
		r.cancel()
	}()
	return func() error {
		cancel()
		return <-done
	}
}

// finish waits until the attempts under way have ended, and stores the last results. It cancels the attempts after the
// duration stopSending, or earlier if the lease is about to end.
func (r *eventRunner) finish(ctx context.Context, stopSends context.CancelFunc) {
	go func() {
		_ = r.Sleeper.Sleep(ctx, max(min(stopSending, r.sendsUntil().Sub(r.Clock.Now())), 0))
		stopSends()
	}()
	for r.sending.inFlight > 0 || r.calling {
		(<-r.results)()
	}
	r.loads.forgetAll()
	if r.log.since.IsZero() || r.log.unconfirmed || errors.Is(r.failed, domain.LeaseLost) {
		return
	}
	record, cancel := concurrency.Detach(ctx)
	defer cancel()
	err := r.Subscriptions.RecordAttempts(record, r.lease, r.log.pending)
	if r.failed == nil && !errors.Is(err, domain.LeaseLost) {
		r.failed = err
	}
}

// wait waits until a result or a change arrives, or until something is due (see alarm). Then it applies all results
// that have arrived.
func (r *eventRunner) wait(ctx context.Context) {
	select {
	case take := <-r.results:
		take()
	default:
		timer, stop := r.alarm(ctx)
		defer stop()
		select {
		case take := <-r.results:
			take()
		case <-r.awake:
			r.backlog.changed = true
		case <-timer:
		case <-ctx.Done():
		}
	}
	for {
		select {
		case take := <-r.results:
			take()
		case <-r.awake:
			r.backlog.changed = true
		default:
			return
		}
	}
}

// alarm returns a channel that receives an element when the runner has something to do, for example a retry. The
// channel is nil if nothing will become due.
func (r *eventRunner) alarm(ctx context.Context) (alarm <-chan struct{}, stop func()) {
	due := r.dueAt()
	if due.IsZero() {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	fired := make(chan struct{}, 1)
	go func() {
		if r.Sleeper.Sleep(ctx, max(due.Sub(r.Clock.Now()), 0)) == nil {
			fired <- struct{}{}
		}
	}()
	return fired, cancel
}

// dueAt returns the earliest time at which the runner has something to do; zero if nothing will become due.
func (r *eventRunner) dueAt() (due time.Time) {
	now := r.Clock.Now()
	sooner := func(at time.Time) {
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if !r.log.since.IsZero() && !r.calling {
		sooner(r.log.since.Add(recordAfter))
	}
	if len(r.parking.subjects) > 0 && !r.calling && len(r.sending.retries) < maxInFlight {
		for at := range r.parking.retryTimes(r.isBlocked()) {
			if at.IsZero() {
				at = now
			}
			if at.Before(r.loads.at) {
				at = r.loads.at
			}
			sooner(at)
		}
	}
	if r.sending.inFlight > 0 {
		sooner(r.sendsUntil())
	}
	if !r.calling && r.loads.at.After(now) {
		sooner(r.loads.at)
	}
	if r.sending.inFlight == 0 && len(r.sending.queue)+len(r.sending.retries) > 0 {
		sooner(now.Add(claimInterval)) // by then, the lease may be extended
	}
	return due
}

// isBlocked reports whether nothing can be sent until a retry is due, because too many subjects are parked.
func (r *eventRunner) isBlocked() bool {
	return r.parking.isFull() && r.sending.inFlight == 0 && len(r.sending.retries) == 0
}

// startCall starts the most urgent store call if there is one to make and no other call is under way.
func (r *eventRunner) startCall(ctx context.Context) {
	if r.calling || r.failed != nil {
		return
	}
	now := r.Clock.Now()
	undelivered := r.backlog.last - r.log.pending.DeliveredTo
	r.backlog.full.Store(undelivered >= maxBacklog)
	mayLoad := !now.Before(r.loads.at)
	var delivered []string
	var retries []*parkedSubject
	if len(r.parking.subjects) > 0 {
		delivered = r.parking.delivered()
		if mayLoad && len(r.sending.retries) < maxInFlight {
			retries = r.parking.dueRetries(now, r.isBlocked())
		}
	}
	switch {
	case r.log.isDue(now) || len(delivered) > 0:
		r.callRecord(ctx, delivered)
	case len(retries) > 0:
		r.callRetry(ctx, retries)
	case mayLoad && len(r.sending.queue) < queueLow && r.backlog.hasMore() && !r.parking.isFull() &&
		r.loads.bytes < maxLoadedBytes:
		r.callLoad(ctx)
	case r.backlog.changed && undelivered < maxBacklog:
		r.callAppend(ctx)
	}
}

// call runs fn in a separate goroutine. fn makes a store call and returns a function that applies the result. The
// runner's goroutine then calls the returned function. If fn returns an error, the runner ends.
func (r *eventRunner) call(ctx context.Context, fn func() (func(), error)) {
	r.calling = true
	go func() {
		var took func()
		release, err := r.calls.Await(ctx, r.sub.Tenant)
		if err == nil {
			took, err = fn()
			release()
		}
		r.called(took, err)
	}()
}

// called sends the result of a store call to the runner's goroutine, which calls took to apply it. If err is not nil,
// the runner ends instead.
func (r *eventRunner) called(took func(), err error) {
	r.results <- func() {
		r.calling = false
		if err != nil {
			r.failed = err
			return
		}
		took()
	}
}
