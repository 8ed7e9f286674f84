package events

import (
	"iter"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

const (
	// maxParked is the maximum number of parked subjects. A subject is parked while its first undelivered event is
	// retried and its later events wait. When the maximum is reached, no other events are sent, because the sink is
	// then assumed to be down.
	maxParked = 256
	// probeInterval is the interval of attempts while maxParked subjects are parked and no retry is due. Without these
	// attempts, a sink that works again could get no event for up to an hour, until the next retry is due.
	probeInterval = 10 * time.Second
)

// parking holds the parked subjects.
type parking struct {
	subjects map[string]*parkedSubject
	probeAt  time.Time // from then on, a retry may be sent before it is due; see probeInterval
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

// open sets the first events of the subjects that were parked before the runner has started.
func (p *parking) open(heads []events.SubscriptionEvent, now time.Time) {
	for _, head := range heads {
		p.subjects[head.Subject] = &parkedSubject{head: head}
	}
	p.probeAt = now.Add(probeInterval)
}

// isFull reports whether too many subjects are parked.
func (p *parking) isFull() bool { return len(p.subjects) >= maxParked }

// fail parks a failed event until its next attempt.
func (p *parking) fail(e events.SubscriptionEvent) {
	if known := p.subjects[e.Subject]; known != nil {
		known.head, known.state = e, parkedWaiting
	} else {
		p.subjects[e.Subject] = &parkedSubject{head: e}
	}
}

// retryAll makes all retries due.
func (p *parking) retryAll() {
	for _, subject := range p.subjects {
		if subject.state == parkedWaiting {
			subject.head.NextAttempt = time.Time{}
		}
	}
}

// retryTimes returns the times at which events are retried; zero means now. blocked is set if nothing else can be
// sent.
func (p *parking) retryTimes(blocked bool) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for _, subject := range p.subjects {
			if subject.state != parkedWaiting {
				continue
			}
			at := subject.head.NextAttempt
			if blocked && p.probeAt.Before(at) {
				at = p.probeAt
			}
			if !yield(at) {
				return
			}
		}
	}
}

// dueRetries returns at most maxInFlight subjects whose first event is due for a retry.
//
// While maxParked subjects are parked, no other events are sent. If then blocked is set (nothing can be sent until a
// retry is due), no retry is due, and probeAt has passed, dueRetries returns the subject whose retry is due next.
func (p *parking) dueRetries(now time.Time, blocked bool) []*parkedSubject {
	var due []*parkedSubject
	var next *parkedSubject
	for _, subject := range p.subjects {
		switch {
		case subject.state != parkedWaiting:
		case !subject.head.NextAttempt.After(now):
			due = append(due, subject)
		case next == nil || subject.head.NextAttempt.Before(next.head.NextAttempt):
			next = subject
		}
	}
	if len(due) == 0 && next != nil && blocked && !now.Before(p.probeAt) {
		return []*parkedSubject{next}
	}
	slices.SortFunc(due, func(x, y *parkedSubject) int { return int(x.head.Sequence - y.head.Sequence) })
	return due[:min(len(due), maxInFlight)]
}

// delivered returns the sorted subjects whose first parked event was delivered. The next event of these subjects must
// be read.
func (p *parking) delivered() []string {
	var subjects []string
	for name, subject := range p.subjects {
		if subject.state == parkedNext {
			subjects = append(subjects, name)
		}
	}
	slices.Sort(subjects)
	return subjects
}

// flush notes that all parked events are being stored.
func (p *parking) flush() {
	for _, subject := range p.subjects {
		subject.unflushed = 0
	}
}

// advance sets the next parked event of each given subject. The map heads contains these events by subject. A subject
// without an entry has no more stored events. It is no longer parked, unless some of its parked events are not stored
// yet.
func (p *parking) advance(subjects []string, heads map[string]events.SubscriptionEvent) {
	for _, name := range subjects {
		subject := p.subjects[name]
		if head, ok := heads[name]; ok {
			subject.head, subject.state = head, parkedWaiting
		} else if subject.unflushed == 0 {
			delete(p.subjects, name)
		}
	}
}

// fails records a failed attempt. The event is parked until its next attempt. If the event has failed for too long, the
// subscription is disabled.
func (r *eventRunner) fails(e *queuedEvent, attempt *events.EventAttempt, failure error) {
	now, failed := attempt.At.Add(attempt.Took), e.SubscriptionEvent
	r.sending.failed(attempt.Took)
	r.parking.probeAt = now.Add(max(probeInterval, domain.RetryAfterOf(failure)))
	if failed.FailingSince.IsZero() {
		failed.FailingSince = now
	}
	failed.Attempts++
	failed.LastError = domain.CodeOf(failure)
	wait := domain.Backoff(failed.Attempts, domain.Jitter(r.Entropy), domain.RetryAfterOf(failure))
	failed.NextAttempt = now.Add(wait)
	attempt.Error, attempt.NextAttempt = failed.LastError, failed.NextAttempt
	if !now.Before(events.GivesUpAt(failed.FailingSince)) {
		r.log.disable(failed.LastError, now)
		attempt.NextAttempt = time.Time{}
	}
	r.parking.fail(failed)
	r.log.park(failed)
	r.parkQueued()
	r.log.failed(e, *attempt)
}

// parkQueued parks the loaded events of parked subjects, and drops their loaded data. The data is loaded again before
// an event is sent, because a retry for the same subject may have sent newer data.
func (r *eventRunner) parkQueued() {
	r.sending.queue = slices.DeleteFunc(r.sending.queue, func(e *queuedEvent) bool {
		subject := r.parking.subjects[e.Subject]
		if subject == nil {
			return false
		}
		subject.unflushed++
		r.log.park(e.SubscriptionEvent)
		r.log.settle(e)
		r.loads.drop(e)
		return true
	})
}
