package events

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

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

// hold adds loaded events to the memory that the runner holds.
func (r *eventRunner) hold(l *loadedEvents) {
	r.loadSize = l.limit
	if l.left = len(l.events); l.left == 0 {
		l.free()
		return
	}
	for _, e := range l.events {
		e.loaded = l
	}
	r.loaded[l] = struct{}{}
	r.loadedBytes += l.size
}

// drop releases the loaded resource of an event. Events that were loaded together share one reservation of memory. It
// is released when the last of these events is dropped.
func (r *eventRunner) drop(e *queuedEvent) {
	if e.encode = nil; e.loaded == nil {
		return
	}
	l := e.loaded
	if e.loaded, l.left = nil, l.left-1; l.left == 0 {
		r.forget(l)
	}
}

// forget releases the memory of events that were loaded together.
func (r *eventRunner) forget(l *loadedEvents) {
	delete(r.loaded, l)
	r.loadedBytes -= l.size
	l.free()
}
