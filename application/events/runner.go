package events

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of one subscription.
const (
	// maxInFlight is the maximum number of concurrent attempts to send an event.
	maxInFlight = 16
	// eventBatch is the maximum number of changes that are read at once. It is also the maximum number of events that
	// are loaded at once.
	eventBatch = 256
	// queueLow is the number of queued events below which the next events are loaded.
	queueLow = eventBatch / 2
	// maxParked is the maximum number of parked subjects. A subject is parked while its first undelivered event is
	// retried and its later events wait. When the maximum is reached, no other events are sent, because the sink is
	// then assumed to be down.
	maxParked = 256
	// maxBacklog is the maximum number of stored events of a subscription that are not delivered yet. No events are
	// stored for further changes until there is room; these changes stay in the feed.
	maxBacklog = 10_000
	// recordAfter is how long the results of attempts are collected in memory before they are stored with one write.
	recordAfter = 50 * time.Millisecond
	// openRetry is how long a runner waits before it ends if the secrets of its subscription cannot be opened. The wait
	// delays the next runner.
	openRetry = 10 * time.Second
	// sinkDown is the number of consecutive failures after which the sink is assumed to be down. The first success
	// after such an outage makes all retries due immediately.
	sinkDown = 8
	// slowFailure is the duration from which a failed attempt counts as slow. After sinkDown consecutive slow
	// failures, only one attempt at a time is made, because each of them occupies a connection of the tenant.
	slowFailure = 5 * time.Second
	// outcomeInterval is the shortest time between two reports of a changed outcome of a subscription's attempts.
	outcomeInterval = time.Minute
	// probeInterval is the interval of attempts while maxParked subjects are parked and no retry is due. Without these
	// attempts, a sink that works again could get no event for up to an hour, until the next retry is due.
	probeInterval = 10 * time.Second
)

// eventRunner sends the events of one subscription. The goroutine of the runner owns all members that change, except
// the atomic ones.
//
// Store calls and attempts run in separate goroutines. At its end, each of them sends a function to the channel
// r.results. The runner's goroutine calls this function to apply the result. At most one store call runs at a time.
// This limits the number of events in memory.
type eventRunner struct {
	*Service
	sub    events.Subscription
	lease  ports.SubscriptionLease
	until  atomic.Int64        // when the lease ends, in Unix microseconds
	calls  *concurrency.Shares // limits the store calls of all runners
	sender ports.EventSender
	// without contains the members that are left out of the data of events.
	without []string
	// matcher gets the events of a subscription to Matcher instead of sender; nil for every other subscription.
	matcher *matcherWorker

	cancel  context.CancelFunc
	done    chan struct{}
	awake   chan struct{} // receives an element when there are new changes
	results chan func()

	append  bool  // there may be changes for which no events are appended yet
	last    int64 // the sequence number of the latest event
	cursor  int64 // the sequence number after which the next events are staged
	staged  []events.SubscriptionEvent
	queue   []*queuedEvent // loaded events, in the order of their sequences
	retries []*queuedEvent // loaded events that are retried
	window  []*windowEntry // events after pending.DeliveredTo, in the order of their sequences

	loaded      map[*loadedEvents]struct{} // everything that holds memory
	loadedBytes int64                      // size of the resources in loaded
	loadSize    int                        // maximum number of events in the next load
	loadAt      time.Time                  // no events are loaded before this time

	inFlight int
	busy     map[string]bool // the subjects of attempts under way
	parked   map[string]*parkedSubject
	failures int // number of consecutive failed attempts
	slow     int // number of consecutive slow failures
	outcome  attemptsOutcome
	probeAt  time.Time // from then on, a retry may be sent before it is due; see probeInterval

	calling      bool // a store call is under way
	pending      ports.AttemptsWrite
	pendingSince time.Time   // when the first result in pending arrived; zero if there is none
	lostResults  bool        // the last call to store results has not succeeded, so no later results may be stored
	failed       error       // the error that ends the runner
	full         atomic.Bool // no events are appended for new changes, because too many events wait
}

// queuedEvent is an event together with its resource.
type queuedEvent struct {
	events.SubscriptionEvent
	encode func() ([]byte, error) // returns the data; the function is nil if the resource no longer exists
	entry  *windowEntry           // nil for a retry
	loaded *loadedEvents          // the events that were loaded together with this one
}

// windowEntry is an event after DeliveredTo. All events up to the position DeliveredTo are done.
type windowEntry struct {
	sequence int64
	done     bool // delivered or parked
}

// parkedSubject is a subject whose events wait separately from those of other subjects, because the first of them has
// failed.
type parkedSubject struct {
	head      events.SubscriptionEvent
	state     parkedState
	unflushed int // number of the subject's parked events that are not stored yet
}

// parkedState is the state of the first parked event of a subject.
type parkedState int

const (
	parkedWaiting parkedState = iota // the event waits for its next attempt
	parkedSending                    // the event is being loaded or sent
	parkedNext                       // the event was delivered, and the next event of the subject must be read
)

// attemptsOutcome contains the outcome (success or failure) that was reported last for a subscription, and the time
// of that report.
type attemptsOutcome struct {
	failing bool
	at      time.Time
}

// changed reports whether the outcome of an attempt must be reported: it differs from the outcome that was reported
// last, and that report is at least outcomeInterval old.
func (o *attemptsOutcome) changed(failing bool, now time.Time) bool {
	if failing == o.failing || now.Sub(o.at) < outcomeInterval {
		return false
	}
	o.failing, o.at = failing, now
	return true
}

// parallel returns the maximum number of attempts that may be under way now.
func (r *eventRunner) parallel() int {
	if r.slow >= sinkDown {
		return 1
	}
	return maxInFlight
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
	if r.sender, err = r.openSender(ctx, r.sub); err != nil {
		_ = r.Sleeper.Sleep(ctx, openRetry)
		return err
	}
	defer r.sender.Close()
	_, r.without = events.SplitWithout(r.sub.Sink.Settings)
	endWorker, err := r.startWorker(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, endWorker()) }()
	// More than maxParked subjects can be parked. At that number, no further attempts start, but up to maxInFlight
	// attempts are under way, and each of them can park one more subject.
	heads, err := r.Subscriptions.ListParked(ctx, r.lease, maxParked+maxInFlight)
	if err != nil {
		return err
	}
	for _, head := range heads {
		r.parked[head.Subject] = &parkedSubject{head: head}
	}
	// The sink may have been down until now. If so, its first success must make all retries due. For this purpose, each
	// parked subject counts as a failure.
	r.outcome.failing = len(heads) > 0
	r.failures, r.probeAt = len(heads), r.Clock.Now().Add(probeInterval)
	sending, stopSends := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSends()
	for ctx.Err() == nil && r.failed == nil {
		if r.inFlight > 0 && r.leaseEnds() {
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

// startWorker starts the worker of a subscription to Matcher. end stops the worker, waits for it, and returns its
// error. If the worker fails, the runner ends.
func (r *eventRunner) startWorker(ctx context.Context) (end func() error, err error) {
	if r.matcher, err = r.newMatcherWorker(ctx, r.sub, r.lease); err != nil || r.matcher == nil {
		return func() error { return nil }, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r.matcher.report = func(attempt events.EventAttempt, disable bool) {
		select {
		case r.results <- func() { r.reported(attempt, disable) }:
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
	}, nil
}

// finish waits until the attempts under way have ended, and stores the last results. It cancels the attempts after the
// duration stopSending, or earlier if the lease is about to end.
func (r *eventRunner) finish(ctx context.Context, stopSends context.CancelFunc) {
	go func() {
		_ = r.Sleeper.Sleep(ctx, max(min(stopSending, r.sendsUntil().Sub(r.Clock.Now())), 0))
		stopSends()
	}()
	for r.inFlight > 0 || r.calling {
		(<-r.results)()
	}
	for l := range r.loaded {
		r.forget(l)
	}
	if r.pendingSince.IsZero() || r.lostResults || errors.Is(r.failed, domain.LeaseLost) {
		return
	}
	record, cancel := concurrency.Detach(ctx)
	defer cancel()
	err := r.Subscriptions.RecordAttempts(record, r.lease, r.pending)
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
			r.append = true
		case <-timer:
		case <-ctx.Done():
		}
	}
	for {
		select {
		case take := <-r.results:
			take()
		case <-r.awake:
			r.append = true
		default:
			return
		}
	}
}

// alarm returns a channel that receives an element when the runner has something to do, for example a retry. The
// channel is nil if nothing will become due.
func (r *eventRunner) alarm(ctx context.Context) (alarm <-chan struct{}, stop func()) {
	var due time.Time
	sooner := func(at time.Time) {
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if !r.pendingSince.IsZero() && !r.calling {
		sooner(r.pendingSince.Add(recordAfter))
	}
	blocked := r.blocked()
	for _, p := range r.parked {
		if p.state == parkedWaiting && !r.calling && len(r.retries) < maxInFlight {
			at := p.head.NextAttempt
			if blocked && r.probeAt.Before(at) {
				at = r.probeAt
			}
			if at.IsZero() {
				at = r.Clock.Now()
			}
			if at.Before(r.loadAt) {
				at = r.loadAt
			}
			sooner(at)
		}
	}
	if r.inFlight > 0 {
		sooner(r.sendsUntil())
	}
	if !r.calling && r.loadAt.After(r.Clock.Now()) {
		sooner(r.loadAt)
	}
	if len(r.queue)+len(r.retries) > 0 && r.inFlight == 0 {
		sooner(r.Clock.Now().Add(claimInterval)) // by then, the lease may be extended
	}
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

// startAttempts starts attempts, at most one for each subject: first retries, then the queue in its order.
func (r *eventRunner) startAttempts(ctx context.Context) {
	if r.leaseEnds() {
		return
	}
	for len(r.retries) > 0 && r.inFlight < r.parallel() {
		e := r.retries[0]
		r.retries = r.retries[1:]
		r.attempt(ctx, e)
	}
	if len(r.parked) >= maxParked {
		return
	}
	kept := r.queue[:0]
	for i, e := range r.queue {
		switch {
		case r.inFlight >= r.parallel():
			kept = append(kept, r.queue[i:]...)
			r.queue = kept
			return
		case r.busy[e.Subject]:
			kept = append(kept, e)
		default:
			r.attempt(ctx, e)
		}
	}
	clear(r.queue[len(kept):])
	r.queue = kept
}

// attempt sends an event in a goroutine of its own.
func (r *eventRunner) attempt(ctx context.Context, e *queuedEvent) {
	r.inFlight++
	r.busy[e.Subject] = true
	go func() {
		started := r.Clock.Now()
		answer, err := r.send(ctx, e)
		ended := r.Clock.Now()
		stopped := ctx.Err() != nil
		r.results <- func() {
			r.inFlight--
			delete(r.busy, e.Subject)
			r.drop(e)
			if err == nil || !stopped {
				r.attempted(ctx, e, &events.EventAttempt{At: started, Took: ended.Sub(started), Answer: answer}, err)
			}
		}
	}()
}

func (r *eventRunner) send(ctx context.Context, e *queuedEvent) (answer events.SinkAnswer, err error) {
	defer func() {
		if value := recover(); value != nil {
			r.Observer.Emit(ctx, ports.BackgroundError{Task: "events", Err: concurrency.CapturePanic(value)})
			err = &domain.Error{Kind: domain.Unavailable, Code: domain.InternalFailure}
		}
	}()
	if r.matcher != nil {
		return answer, r.matcher.marker.mark(ctx, e.SubscriptionEvent)
	}
	var data []byte
	if e.encode != nil {
		if data, err = e.encode(); err == nil {
			data, err = events.LeaveOut(data, r.without)
		}
		if err != nil {
			return answer, err
		}
	}
	return r.sender.Send(ctx, e.CloudEvent(r.sub.Tenant, data))
}

// reported records an attempt of the worker of a subscription to Matcher.
func (r *eventRunner) reported(attempt events.EventAttempt, disable bool) {
	r.touch()
	r.pending.Attempts = append(r.pending.Attempts, attempt)
	if disable {
		r.pending.Disable, r.pending.At = attempt.Error, attempt.At.Add(attempt.Took)
	}
}

// attempted records an attempt, of which the times and the answer are set.
func (r *eventRunner) attempted(ctx context.Context, e *queuedEvent, attempt *events.EventAttempt, failure error) {
	ended := attempt.At.Add(attempt.Took)
	if r.matcher != nil && failure == nil { // the event was only stored; reported records the calls to Matcher
		r.touch()
		r.succeeded(e)
		r.settle(e)
		return
	}
	r.Observer.Emit(ctx, ports.EventAttempted{
		Subscription: r.sub.ID, Sink: r.sub.Sink.Kind, Took: attempt.Took, Err: failure,
		Changed: r.outcome.changed(failure != nil, ended),
	})
	if failure != nil && attempt.Took >= slowFailure {
		r.slow++
	} else {
		r.slow = 0
	}
	attempt.ID, attempt.Sequence, attempt.Event = events.AttemptID{UUID: r.IDs.New()}, e.Sequence, e.ID
	attempt.Type, attempt.Subject, attempt.Number = e.Type, e.Subject, e.Attempts+1
	r.touch()
	if failure == nil {
		attempt.Answer.Body = "" // it explains nothing
		r.succeeded(e)
	} else {
		attempt.Error = domain.CodeOf(failure)
		attempt.NextAttempt = r.fails(e.SubscriptionEvent, ended, failure)
	}
	r.pending.Attempts = append(r.pending.Attempts, *attempt)
	r.settle(e)
}

// succeeded records a successful attempt. If it is the first success after an outage of the sink, all retries become
// due.
func (r *eventRunner) succeeded(e *queuedEvent) {
	outage := r.failures >= sinkDown
	r.failures = 0
	if outage {
		for _, p := range r.parked {
			if p.state == parkedWaiting {
				p.head.NextAttempt = time.Time{}
			}
		}
	}
	if e.entry == nil {
		r.pending.Unparked = append(r.pending.Unparked, e.Sequence)
		r.parked[e.Subject].state = parkedNext
	}
}

// fails records a failed attempt. The event is parked until its next attempt, whose time fails returns. If the event
// has failed for too long, the subscription is disabled, and the result is zero.
func (r *eventRunner) fails(e events.SubscriptionEvent, now time.Time, failure error) (next time.Time) {
	r.failures++
	r.probeAt = now.Add(max(probeInterval, domain.RetryAfterOf(failure)))
	if e.FailingSince.IsZero() {
		e.FailingSince = now
	}
	e.Attempts++
	e.LastError = domain.CodeOf(failure)
	e.NextAttempt = now.Add(domain.Backoff(e.Attempts, domain.Jitter(r.Entropy), domain.RetryAfterOf(failure)))
	if next = e.NextAttempt; !now.Before(events.GivesUpAt(e.FailingSince)) {
		r.pending.Disable, r.pending.At, next = e.LastError, now, time.Time{}
	}
	if p := r.parked[e.Subject]; p != nil {
		p.head, p.state = e, parkedWaiting
	} else {
		r.parked[e.Subject] = &parkedSubject{head: e}
	}
	r.park(e)
	r.parkQueued()
	return next
}

// parkQueued parks the loaded events of parked subjects, and drops their loaded data. The data is loaded again before
// an event is sent, because a retry for the same subject may have sent newer data.
func (r *eventRunner) parkQueued() {
	kept := r.queue[:0]
	for _, e := range r.queue {
		if p := r.parked[e.Subject]; p != nil {
			p.unflushed++
			r.park(e.SubscriptionEvent)
			r.settle(e)
			r.drop(e)
		} else {
			kept = append(kept, e)
		}
	}
	clear(r.queue[len(kept):])
	r.queue = kept
}

// park adds an event to the parked events in pending. The store writes these events in the order in which they were
// added, so the last state of an event remains.
func (r *eventRunner) park(e events.SubscriptionEvent) {
	r.touch()
	r.pending.Parked = append(r.pending.Parked, e)
}

// settle marks an event as done (delivered or parked), and advances DeliveredTo if possible.
func (r *eventRunner) settle(e *queuedEvent) {
	if e.entry == nil {
		return
	}
	e.entry.done = true
	r.slide()
}

// slide advances the position DeliveredTo over the events at the start of the window, up to the first event that is
// neither delivered nor parked.
func (r *eventRunner) slide() {
	for len(r.window) > 0 && r.window[0].done {
		r.pending.DeliveredTo = r.window[0].sequence
		r.window = r.window[1:]
	}
}

// touch records when the first result was added to pending. When recordAfter has passed since that time, the pending
// results are stored.
func (r *eventRunner) touch() {
	if r.pendingSince.IsZero() {
		r.pendingSince = r.Clock.Now()
	}
}

// startCall starts the most urgent store call if there is one to make and no other call is under way.
func (r *eventRunner) startCall(ctx context.Context) {
	if r.calling || r.failed != nil {
		return
	}
	now := r.Clock.Now()
	due := !r.pendingSince.IsZero() && now.Sub(r.pendingSince) >= recordAfter
	retries := r.dueRetries(now)
	undelivered := r.last - r.pending.DeliveredTo
	more := len(r.staged) > 0 || r.cursor < r.last
	r.full.Store(undelivered >= maxBacklog)
	switch {
	case r.pending.Disable != "" || due || len(r.pending.Attempts) >= 2*eventBatch || len(r.next()) > 0:
		r.callRecord(ctx)
	case len(retries) > 0 && !now.Before(r.loadAt):
		r.callRetry(ctx, retries)
	case len(r.queue) < queueLow && more && len(r.parked) < maxParked && r.loadedBytes < maxLoadedBytes &&
		!now.Before(r.loadAt):
		r.callLoad(ctx)
	case r.append && undelivered < maxBacklog:
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

// callWithMemory is like call, but first reserves memory for the resources that fn loads. fn stores these resources
// in l. If the tenant has used up its share of the memory, the runner calls refused and tries again later.
func (r *eventRunner) callWithMemory(
	ctx context.Context, refused func(), fn func(l *loadedEvents) (took func(), err error),
) {
	l := &loadedEvents{limit: r.loadSize}
	r.calling = true
	go func() {
		var err error
		if l.free, err = r.reserve(ctx); errors.Is(err, domain.MemoryExhausted) {
			r.called(func() {
				r.loadAt = r.Clock.Now().Add(domain.RetryAfterOf(err))
				refused()
			}, nil)
			return
		}
		var took func()
		var release func()
		if err == nil {
			release, err = r.calls.Await(ctx, r.sub.Tenant)
		}
		if err == nil {
			took, err = r.callCostly(ctx, func() (func(), error) { return fn(l) })
			release()
		}
		if err != nil && l.free != nil {
			l.free()
		}
		r.called(func() { r.hold(l); took() }, err)
	}()
}

// callCostly waits until the tenant may run another costly read, and then calls fn. If fn fails because the store is
// not available, all operations that wait for a costly read fail, too.
func (r *eventRunner) callCostly(ctx context.Context, fn func() (func(), error)) (func(), error) {
	release, err := r.CostlyReads.Await(ctx, r.sub.Tenant)
	if err != nil {
		return nil, err
	}
	defer release()
	took, err := fn()
	if errors.Is(err, domain.StoreUnavailable) {
		r.CostlyReads.Fail(err)
	}
	return took, err
}

// callAppend stores events for new changes. If r.staged already contains all earlier events, the new events are added
// to r.staged directly and need not be read from the store.
func (r *eventRunner) callAppend(ctx context.Context) {
	r.append = false
	r.call(ctx, func() (func(), error) {
		newID := func() events.EventID { return events.EventID{UUID: r.IDs.New()} }
		appended, err := r.Subscriptions.Append(ctx, r.lease, r.sub, eventBatch, newID)
		return func() {
			r.append = r.append || appended.More
			if n := len(appended.Events); n > 0 {
				r.last = appended.Events[n-1].Sequence
				if r.cursor == appended.Events[0].Sequence-1 && len(r.staged) <= eventBatch {
					r.stage(appended.Events)
				}
			}
		}, err
	})
}

// stage adds events to r.staged, which contains the events whose resources are loaded next. The added events must
// follow the last event that was staged.
func (r *eventRunner) stage(recorded []events.SubscriptionEvent) {
	r.staged = append(r.staged, recorded...)
	r.cursor = recorded[len(recorded)-1].Sequence
}

// callLoad loads the resources of the next events. If no events are staged, it first reads the next events from the
// store.
func (r *eventRunner) callLoad(ctx context.Context) {
	staged, cursor, last := r.staged, r.cursor, r.last
	batch := staged[:min(len(staged), queueLow)]
	r.callWithMemory(ctx, func() {}, func(l *loadedEvents) (func(), error) {
		var read []events.SubscriptionEvent
		if len(staged) == 0 {
			var err error
			if read, err = r.Subscriptions.ListEvents(ctx, r.lease, cursor, eventBatch); err != nil {
				return nil, err
			}
			batch = read[:min(len(read), queueLow)]
		}
		err := r.load(ctx, l, batch)
		return func() {
			if len(read) > 0 {
				r.stage(read)
			} else if len(batch) == 0 {
				// All events after the cursor are parked. DeliveredTo advances past parked events, because retries
				// deliver them.
				r.cursor = last
				r.window = append(r.window, &windowEntry{sequence: last, done: true})
				r.slide()
				r.touch()
			}
			for _, e := range l.events {
				e.entry = &windowEntry{sequence: e.Sequence}
				r.window = append(r.window, e.entry)
			}
			r.queue = append(r.queue, l.events...)
			r.parkQueued()
			r.staged = r.staged[len(l.events):]
		}, err
	})
}

// blocked reports whether nothing can be sent until a retry is due, because too many subjects are parked.
func (r *eventRunner) blocked() bool {
	return len(r.parked) >= maxParked && r.inFlight == 0 && len(r.retries) == 0
}

// dueRetries returns at most maxInFlight subjects whose first event is due for a retry.
//
// While maxParked subjects are parked, no other events are sent. If then no retry is due and probeAt has passed,
// dueRetries returns the subject whose retry is due next.
func (r *eventRunner) dueRetries(now time.Time) []*parkedSubject {
	if len(r.retries) >= maxInFlight {
		return nil
	}
	var due []*parkedSubject
	var next *parkedSubject
	for _, p := range r.parked {
		switch {
		case p.state != parkedWaiting:
		case !p.head.NextAttempt.After(now):
			due = append(due, p)
		case next == nil || p.head.NextAttempt.Before(next.head.NextAttempt):
			next = p
		}
	}
	if len(due) == 0 && next != nil && r.blocked() && !now.Before(r.probeAt) {
		return []*parkedSubject{next}
	}
	slices.SortFunc(due, func(x, y *parkedSubject) int { return int(x.head.Sequence - y.head.Sequence) })
	return due[:min(len(due), maxInFlight)]
}

// callRetry loads the resources of events that are due for a retry.
func (r *eventRunner) callRetry(ctx context.Context, due []*parkedSubject) {
	heads := make([]events.SubscriptionEvent, len(due))
	for i, p := range due {
		p.state, heads[i] = parkedSending, p.head
	}
	wait := func(due []*parkedSubject) {
		for _, p := range due {
			p.state = parkedWaiting
		}
	}
	r.callWithMemory(ctx, func() { wait(due) }, func(l *loadedEvents) (func(), error) {
		err := r.load(ctx, l, heads)
		return func() {
			r.retries = append(r.retries, l.events...)
			wait(due[len(l.events):])
		}, err
	})
}

// next returns the parked subjects whose first parked event was delivered. The next event of these subjects must be
// read.
func (r *eventRunner) next() []string {
	var subjects []string
	for subject, p := range r.parked {
		if p.state == parkedNext {
			subjects = append(subjects, subject)
		}
	}
	slices.SortFunc(subjects, strings.Compare)
	return subjects
}

// callRecord stores the pending results of attempts. Then it reads the next parked event of each subject whose first
// parked event was delivered. The results must be stored first, because they include newly parked events.
func (r *eventRunner) callRecord(ctx context.Context) {
	write, subjects := r.pending, r.next()
	r.pending = ports.AttemptsWrite{DeliveredTo: write.DeliveredTo}
	r.pendingSince = time.Time{}
	for _, p := range r.parked {
		p.unflushed = 0
	}
	r.lostResults = true // until the call has succeeded
	record := context.WithoutCancel(ctx)
	r.call(record, func() (func(), error) {
		if err := r.Subscriptions.RecordAttempts(record, r.lease, write); err != nil {
			return nil, err
		}
		if write.Disable != "" {
			r.Observer.Emit(ctx, ports.SubscriptionDisabled{
				Tenant: r.sub.Tenant, Subscription: r.sub.ID, Reason: write.Disable,
			})
			return nil, &domain.Error{Kind: domain.Conflict, Code: domain.LeaseLost}
		}
		heads := map[string]events.SubscriptionEvent{}
		for _, subject := range subjects {
			head, err := r.Subscriptions.NextParked(record, r.lease, subject)
			if errors.Is(err, domain.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			heads[subject] = head
		}
		return func() { r.lostResults = false; r.advance(subjects, heads) }, nil
	})
}

// advance sets the next parked event of each given subject. The map heads contains these events by subject. A subject
// without an entry has no more stored events. It is no longer parked, unless some of its parked events are not stored
// yet.
func (r *eventRunner) advance(subjects []string, heads map[string]events.SubscriptionEvent) {
	for _, subject := range subjects {
		p := r.parked[subject]
		if head, ok := heads[subject]; ok {
			p.head, p.state = head, parkedWaiting
		} else if p.unflushed == 0 {
			delete(r.parked, subject)
		}
	}
}
