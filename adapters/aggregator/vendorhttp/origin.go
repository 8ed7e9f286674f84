package vendorhttp

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// maxOrigins bounds what is kept of origins: base URLs come from operators, and a list
// that only grows would be theirs to fill.
const maxOrigins = 1024

// origin is what is known of one vendor's one origin.
type origin struct {
	breaker circuitbreaker.CircuitBreaker[answer]
	buckets map[string]*bucket // by resource; guarded by origins.mu
	used    time.Time
}

// originKey: two vendors at one origin (a sandbox) do not share budgets.
type originKey struct{ vendor, origin string }

type origins struct {
	mu    sync.Mutex
	known map[originKey]*origin
}

// of gives the origin's state, made at first use.
func (o *origins) of(key originKey, now time.Time) *origin {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.known[key]
	if !ok {
		o.evict()
		found = &origin{breaker: newBreaker(), buckets: map[string]*bucket{}}
		o.known[key] = found
	}
	found.used = now
	return found
}

// bucket gives the origin's budget of a resource; nil where there is no limit.
func (o *origins) bucket(of *origin, resource string, perMinute int) *bucket {
	if resource == "" || perMinute <= 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := of.buckets[resource]
	if !ok {
		found = newBucket(perMinute)
		of.buckets[resource] = found
	}
	return found
}

// evict makes room by forgetting the origin that was used longest ago.
func (o *origins) evict() {
	if len(o.known) < maxOrigins {
		return
	}
	var oldest originKey
	var at time.Time
	for key, kept := range o.known {
		if at.IsZero() || kept.used.Before(at) {
			oldest, at = key, kept.used
		}
	}
	delete(o.known, oldest)
}
