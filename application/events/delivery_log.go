package events

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// recordAfter is how long the results of attempts are collected in memory before they are stored with one write.
const recordAfter = 50 * time.Millisecond

// deliveryLog collects the results of attempts until they are stored.
type deliveryLog struct {
	clock       ports.Clock
	pending     ports.AttemptsWrite
	since       time.Time      // when the first result in pending arrived; zero if there is none
	unconfirmed bool           // the last write of results has not succeeded, so no later results may be stored
	window      []*windowEntry // events after pending.DeliveredTo, in the order of their sequences
}

// windowEntry is an event after DeliveredTo. All events up to the position DeliveredTo are done.
type windowEntry struct {
	sequence int64
	done     bool // delivered or parked
}

// isDue reports whether the results must be stored now.
func (l *deliveryLog) isDue(now time.Time) bool {
	return l.pending.Disable != "" || len(l.pending.Attempts) >= 2*eventBatch ||
		!l.since.IsZero() && now.Sub(l.since) >= recordAfter
}

// expect adds an event to the window.
func (l *deliveryLog) expect(sequence int64) *windowEntry {
	entry := &windowEntry{sequence: sequence}
	l.window = append(l.window, entry)
	return entry
}

// skip marks all events up to this one as done.
func (l *deliveryLog) skip(sequence int64) {
	l.expect(sequence).done = true
	l.slide()
	l.touch()
}

// delivered adds an event that was delivered, and the attempt; nil if the attempt is not recorded.
func (l *deliveryLog) delivered(e *queuedEvent, attempt *events.EventAttempt) {
	l.touch()
	if e.entry == nil {
		l.pending.Unparked = append(l.pending.Unparked, e.Sequence)
	}
	if attempt != nil {
		l.pending.Attempts = append(l.pending.Attempts, *attempt)
	}
	l.settle(e)
}

// failed adds a failed attempt. The event is parked already.
func (l *deliveryLog) failed(e *queuedEvent, attempt events.EventAttempt) {
	l.touch()
	l.pending.Attempts = append(l.pending.Attempts, attempt)
	l.settle(e)
}

// reported adds an attempt of the worker of a subscription to Matcher. If disable is set, the subscription is disabled.
func (l *deliveryLog) reported(attempt events.EventAttempt, disable bool) {
	l.touch()
	l.pending.Attempts = append(l.pending.Attempts, attempt)
	if disable {
		l.disable(attempt.Error, attempt.At.Add(attempt.Took))
	}
}

// disable makes the next write disable the subscription.
func (l *deliveryLog) disable(reason domain.Code, at time.Time) {
	l.pending.Disable, l.pending.At = reason, at
}

// park adds an event to the parked events in pending. The store writes these events in the order in which they were
// added, so the last state of an event remains.
func (l *deliveryLog) park(e events.SubscriptionEvent) {
	l.touch()
	l.pending.Parked = append(l.pending.Parked, e)
}

// settle marks an event as done (delivered or parked), and advances DeliveredTo if possible.
func (l *deliveryLog) settle(e *queuedEvent) {
	if e.entry == nil {
		return
	}
	e.entry.done = true
	l.slide()
}

// slide advances the position DeliveredTo over the events at the start of the window, up to the first event that is
// neither delivered nor parked.
func (l *deliveryLog) slide() {
	for len(l.window) > 0 && l.window[0].done {
		l.pending.DeliveredTo = l.window[0].sequence
		l.window = l.window[1:]
	}
}

// touch records when the first result was added to pending. When recordAfter has passed since that time, the pending
// results are stored.
func (l *deliveryLog) touch() {
	if l.since.IsZero() {
		l.since = l.clock.Now()
	}
}

// take returns the pending results and begins with new ones. Until confirm is called, the write has not succeeded.
func (l *deliveryLog) take() ports.AttemptsWrite {
	taken := l.pending
	l.pending, l.since, l.unconfirmed = ports.AttemptsWrite{DeliveredTo: taken.DeliveredTo}, time.Time{}, true
	return taken
}

// confirm notes that the write of the results that take has returned has succeeded.
func (l *deliveryLog) confirm() { l.unconfirmed = false }

// callRecord stores the pending results of attempts. Then it reads the next parked event of each of the subjects, whose
// first parked event was delivered. The results must be stored first, because they include newly parked events.
func (r *eventRunner) callRecord(ctx context.Context, subjects []string) {
	write := r.log.take()
	r.parking.flush()
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
		if len(subjects) == 0 {
			return r.log.confirm, nil
		}
		heads, err := r.nextParked(record, subjects)
		return func() { r.log.confirm(); r.parking.advance(subjects, heads) }, err
	})
}

// nextParked reads the next parked event of each subject. A subject without one is missing in the result.
func (r *eventRunner) nextParked(
	ctx context.Context, subjects []string,
) (map[string]events.SubscriptionEvent, error) {
	heads := map[string]events.SubscriptionEvent{}
	for _, subject := range subjects {
		head, err := r.Subscriptions.NextParked(ctx, r.lease, subject)
		if errors.Is(err, domain.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		heads[subject] = head
	}
	return heads, nil
}
