package events

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxBacklog is the maximum number of stored events of a subscription that are not delivered yet. No events are stored
// for further changes until there is room; these changes stay in the feed.
const maxBacklog = 10_000

// backlog holds what was not loaded yet: changes in the feed, and stored events.
type backlog struct {
	changed bool        // there may be changes for which no events are stored yet
	full    atomic.Bool // no events are stored for new changes, because too many events wait
	last    int64       // the sequence number of the latest event
	cursor  int64       // the sequence number after which the next events are staged
	staged  []events.SubscriptionEvent
}

// hasMore reports whether there are stored events that were not loaded yet.
func (b *backlog) hasMore() bool { return len(b.staged) > 0 || b.cursor < b.last }

// appended notes the events that were stored for new changes. If b.staged already contains all earlier events, the new
// events are added to it and need not be read from the store.
func (b *backlog) appended(stored []events.SubscriptionEvent, more bool) {
	b.changed = b.changed || more
	if len(stored) == 0 {
		return
	}
	b.last = stored[len(stored)-1].Sequence
	if b.cursor == stored[0].Sequence-1 && len(b.staged) <= eventBatch {
		b.stage(stored)
	}
}

// stage adds events to b.staged, which contains the events whose resources are loaded next. The added events must
// follow the last event that was staged.
func (b *backlog) stage(recorded []events.SubscriptionEvent) {
	b.staged = append(b.staged, recorded...)
	b.cursor = recorded[len(recorded)-1].Sequence
}

// callAppend stores events for new changes.
func (r *eventRunner) callAppend(ctx context.Context) {
	r.backlog.changed = false
	r.call(ctx, func() (func(), error) {
		newID := func() events.EventID { return events.EventID{UUID: r.IDs.New()} }
		appended, err := r.Subscriptions.Append(ctx, r.lease, r.sub, eventBatch, newID)
		return func() { r.backlog.appended(appended.Events, appended.More) }, err
	})
}

const (
	// eventBatch is the maximum number of changes that are read at once. It is also the maximum number of events that
	// are loaded at once.
	eventBatch = 256
	// queueLow is the number of queued events below which the next events are loaded.
	queueLow = eventBatch / 2
)

// queuedEvent is an event together with its resource.
type queuedEvent struct {
	events.SubscriptionEvent
	encode func() ([]byte, error) // returns the data; the function is nil if the resource no longer exists
	entry  *windowEntry           // nil for a retry
	loaded *loadedEvents          // the events that were loaded together with this one
}

// callLoad loads the resources of the next events. If no events are staged, it first reads the next events from the
// store.
func (r *eventRunner) callLoad(ctx context.Context) {
	staged, cursor, last := r.backlog.staged, r.backlog.cursor, r.backlog.last
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
				r.backlog.stage(read)
			} else if len(batch) == 0 {
				// All events after the cursor are parked. DeliveredTo advances past parked events, because retries
				// deliver them.
				r.backlog.cursor = last
				r.log.skip(last)
			}
			for _, e := range l.events {
				e.entry = r.log.expect(e.Sequence)
			}
			r.backlog.staged = r.backlog.staged[len(l.events):]
			r.sending.queue = append(r.sending.queue, l.events...)
			if len(r.parking.subjects) > 0 {
				r.parkQueued()
			}
		}, err
	})
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
			r.sending.retries = append(r.sending.retries, l.events...)
			wait(due[len(l.events):])
		}, err
	})
}

// callWithMemory is like call, but first reserves memory for the resources that fn loads. fn stores these resources
// in l. If the tenant has used up its share of the memory, the runner calls refused and tries again later.
func (r *eventRunner) callWithMemory(
	ctx context.Context, refused func(), fn func(l *loadedEvents) (took func(), err error),
) {
	l := &loadedEvents{limit: r.loads.size}
	r.calling = true
	go func() {
		var err error
		if l.free, err = r.reserve(ctx); errors.Is(err, domain.MemoryExhausted) {
			r.called(func() {
				r.loads.at = r.Clock.Now().Add(domain.RetryAfterOf(err))
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
		r.called(func() { r.loads.hold(l); took() }, err)
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

const (
	// maxLoadBytes is the size of the resources at which a load ends. A load contains at least one resource, so it can
	// be larger by the size of one resource.
	maxLoadBytes = 1 << 20
	// maxLoadedBytes is a limit for all loaded resources of a subscription. At this size, no further ones are loaded.
	maxLoadedBytes = 2 * maxLoadBytes
)

// loadedEvents are events that were loaded together, and the memory that they hold. Only the runner's goroutine uses
// them after the load.
type loadedEvents struct {
	events []*queuedEvent
	size   int64  // of the resources, in bytes
	limit  int    // maximum number of events in this load; after the load, in the next one
	left   int    // number of events that still hold their resource
	free   func() // releases the memory
}

// reserve reserves memory for the resources that are loaded together. Errors: those of ports.MemoryBudget.
func (r *eventRunner) reserve(ctx context.Context) (free func(), err error) {
	if r.Memory == nil {
		return func() {}, nil
	}
	return r.Memory.Acquire(ctx, r.sub.Tenant, ports.MemoryPerByte*maxLoadBytes)
}

// trim reduces the memory that reserve has reserved to the size of the loaded resources. If the smaller reservation
// is not available at once, the events keep the larger one.
func (l *loadedEvents) trim(ctx context.Context, memory ports.MemoryBudget, tenant domain.TenantID) {
	if memory == nil {
		return
	}
	now, cancel := context.WithCancel(ctx)
	cancel() // Acquire does not wait
	if free, err := memory.Acquire(now, tenant, ports.MemoryPerByte*max(l.size, 1)); err == nil {
		l.free()
		l.free = free
	}
}

// loads holds everything of a subscription that was loaded and not sent.
type loads struct {
	loaded map[*loadedEvents]struct{} // everything that holds memory
	bytes  int64                      // size of the resources in loaded
	size   int                        // maximum number of events in the next load
	at     time.Time                  // no events are loaded before this time
}

// hold adds loaded events.
func (h *loads) hold(l *loadedEvents) {
	h.size = l.limit
	if l.left = len(l.events); l.left == 0 {
		l.free()
		return
	}
	for _, e := range l.events {
		e.loaded = l
	}
	h.loaded[l] = struct{}{}
	h.bytes += l.size
}

// drop releases the loaded resource of an event. Events that were loaded together share one reservation of memory. It
// is released when the last of these events is dropped.
func (h *loads) drop(e *queuedEvent) {
	if e.encode = nil; e.loaded == nil {
		return
	}
	l := e.loaded
	if e.loaded, l.left = nil, l.left-1; l.left == 0 {
		h.forget(l)
	}
}

// forget releases the memory of events that were loaded together.
func (h *loads) forget(l *loadedEvents) {
	delete(h.loaded, l)
	h.bytes -= l.size
	l.free()
}

// forgetAll releases all memory.
func (h *loads) forgetAll() {
	for l := range h.loaded {
		h.forget(l)
	}
}
