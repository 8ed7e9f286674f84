package events

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// maxInFlight is the maximum number of concurrent attempts to send an event.
	maxInFlight = 16
	// sinkDown is the number of consecutive failures after which the sink is assumed to be down. The first success
	// after such an outage makes all retries due immediately.
	sinkDown = 8
	// slowFailure is the duration from which a failed attempt counts as slow. After sinkDown consecutive slow
	// failures, only one attempt at a time is made, because each of them occupies a connection of the tenant.
	slowFailure = 5 * time.Second
	// outcomeInterval is the shortest time between two reports of a changed outcome of a subscription's attempts.
	outcomeInterval = time.Minute
)

// sending holds the loaded events, and the attempts to send them.
type sending struct {
	queue    []*queuedEvent // in the order of their sequences
	retries  []*queuedEvent
	inFlight int
	busy     map[string]bool // the subjects of attempts under way
	failures int             // number of consecutive failed attempts
	slow     int             // number of consecutive slow failures
	outcome  attemptsOutcome
}

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
func (s *sending) parallel() int {
	if s.slow >= sinkDown {
		return 1
	}
	return maxInFlight
}

// take removes and returns the event to send now; nil if there is none. Retries come first, then the events of the
// queue in their order if queued is set. Of the queue, it takes no event whose subject has an attempt under way.
func (s *sending) take(queued bool) *queuedEvent {
	if s.inFlight >= s.parallel() {
		return nil
	}
	if len(s.retries) > 0 {
		e := s.retries[0]
		s.retries = s.retries[1:]
		return e
	}
	i := slices.IndexFunc(s.queue, func(e *queuedEvent) bool { return !s.busy[e.Subject] })
	if !queued || i < 0 {
		return nil
	}
	e := s.queue[i]
	s.queue = slices.Delete(s.queue, i, i+1)
	return e
}

// failed counts a failed attempt, which has taken this time.
func (s *sending) failed(took time.Duration) {
	s.failures++
	if s.slow++; took < slowFailure {
		s.slow = 0
	}
}

// startAttempts starts attempts, at most one for each subject. While too many subjects are parked, it starts only
// retries.
func (r *eventRunner) startAttempts(ctx context.Context) {
	if r.leaseEnds() {
		return
	}
	for e := r.sending.take(!r.parking.isFull()); e != nil; e = r.sending.take(!r.parking.isFull()) {
		r.attempt(ctx, e)
	}
}

// attempt sends an event in a goroutine of its own.
func (r *eventRunner) attempt(ctx context.Context, e *queuedEvent) {
	r.sending.inFlight++
	r.sending.busy[e.Subject] = true
	go func() {
		started := r.Clock.Now()
		answer, err := r.send(ctx, e)
		ended := r.Clock.Now()
		stopped := ctx.Err() != nil
		r.results <- func() {
			r.sending.inFlight--
			delete(r.sending.busy, e.Subject)
			r.loads.drop(e)
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

// attempted records an attempt, of which the times and the answer are set.
func (r *eventRunner) attempted(ctx context.Context, e *queuedEvent, attempt *events.EventAttempt, failure error) {
	if r.matcher != nil && failure == nil { // the event was only stored; reported records the calls to Matcher
		r.succeeded(e)
		r.log.delivered(e, nil)
		return
	}
	ended := attempt.At.Add(attempt.Took)
	r.Observer.Emit(ctx, ports.EventAttempted{
		Subscription: r.sub.ID, Sink: r.sub.Sink.Kind, Took: attempt.Took, Err: failure,
		Changed: r.sending.outcome.changed(failure != nil, ended),
	})
	attempt.ID, attempt.Sequence, attempt.Event = events.AttemptID{UUID: r.IDs.New()}, e.Sequence, e.ID
	attempt.Type, attempt.Subject, attempt.Number = e.Type, e.Subject, e.Attempts+1
	if failure != nil {
		r.fails(e, attempt, failure)
		return
	}
	attempt.Answer.Body = "" // it explains nothing
	r.succeeded(e)
	r.log.delivered(e, attempt)
}

// succeeded counts a successful attempt. If it is the first success after an outage of the sink, all retries become
// due.
func (r *eventRunner) succeeded(e *queuedEvent) {
	if r.sending.failures >= sinkDown {
		r.parking.retryAll()
	}
	r.sending.failures = 0
	if r.matcher == nil {
		r.sending.slow = 0
	}
	if e.entry == nil {
		r.parking.subjects[e.Subject].state = parkedNext
	}
}
