// Package membudget limits the memory that each tenant may hold. A tenant that holds much memory must wait until its
// own reservations end, and does not take memory from other tenants.
package membudget

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// MaxShare is the maximum number of bytes that one tenant may hold of a budget that New returns.
const MaxShare = 64 << 20

const (
	// maxWait is how long a reservation waits for memory. A caller that got no memory should wait this long before it
	// tries again.
	maxWait = 3 * time.Second
	// maxWaiters is the maximum number of reservations of one tenant that wait at the same time.
	maxWaiters = 512
)

// Budget implements ports.MemoryBudget.
//
// A tenant is active while it holds memory or waits for it. The share of each active tenant is the total divided by the
// number of active tenants, but at most maxShare. A quarter of the total is kept for the first reservations of tenants
// that hold nothing, so that a few tenants cannot exclude all others.
type Budget struct {
	total, maxShare int64

	mu      sync.Mutex
	used    int64
	tenants map[domain.TenantID]*account // the active tenants
	waiting []*waiter                    // ordered by the start of their wait
}

// account contains the number of bytes that a tenant holds, and the number of the tenant's waiting reservations.
type account struct {
	used    int64
	waiters int
}

// waiter is a reservation that waits for memory.
type waiter struct {
	tenant  domain.TenantID
	bytes   int64
	granted chan struct{} // closed when the memory is reserved, or the wait has failed
	err     error         // why the wait has failed; set before granted is closed
}

// New returns a budget of total bytes, of which one tenant may hold MaxShare.
func New(total int64) *Budget { return NewShared(total, MaxShare) }

// NewShared returns a budget of total bytes, of which one tenant may hold maxShare.
func NewShared(total, maxShare int64) *Budget {
	return &Budget{total: total, maxShare: maxShare, tenants: map[domain.TenantID]*account{}}
}

// Acquire implements ports.MemoryBudget. Memory that becomes free goes to the oldest waiting reservation that fits. A
// reservation that does not fit does not delay the others. One that exceeds the whole budget takes all of it, because
// it could never succeed otherwise.
func (b *Budget) Acquire(ctx context.Context, tenant domain.TenantID, bytes int64) (release func(), err error) {
	bytes = min(bytes, b.total)
	w, granted := b.enter(tenant, bytes)
	switch {
	case granted:
		return b.releaseOnce(tenant, bytes), nil
	case w == nil:
		return nil, exhausted()
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-w.granted:
	case <-timer.C:
	case <-ctx.Done():
	}
	if b.leave(w) {
		if w.err != nil {
			return nil, w.err
		}
		return b.releaseOnce(tenant, bytes), nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, exhausted()
}

// exhausted returns the error for a reservation that got no memory.
func exhausted() error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MemoryExhausted, RetryAfter: maxWait}
}

// Fail implements ports.MemoryBudget.
func (b *Budget) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.waiting {
		w.err = err
		b.tenants[w.tenant].waiters--
		b.dropIdle(w.tenant)
		close(w.granted)
	}
	b.waiting = nil
}

// Used returns the number of bytes that are reserved at present, and the number of active tenants.
func (b *Budget) Used() (bytes int64, tenants int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, len(b.tenants)
}

// enter reserves the memory if it is available. Otherwise it returns a new waiter. It returns nil if the tenant
// already has maxWaiters waiters.
func (b *Budget) enter(tenant domain.TenantID, bytes int64) (w *waiter, granted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.tenants[tenant]
	if a == nil {
		a = &account{}
		b.tenants[tenant] = a
	}
	if b.reserve(a, bytes) {
		return nil, true
	}
	if a.waiters == maxWaiters {
		b.dropIdle(tenant)
		return nil, false
	}
	a.waiters++
	w = &waiter{tenant: tenant, bytes: bytes, granted: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	return w, false
}

// reserve adds the bytes to the account if they fit, and reports whether they did. The caller must hold b.mu.
func (b *Budget) reserve(a *account, bytes int64) bool {
	share, limit := min(b.maxShare, b.total/int64(len(b.tenants))), b.total
	if a.used > 0 {
		limit -= b.total / 4
	}
	if b.used+bytes > limit || (a.used > 0 && a.used+bytes > share) {
		return false
	}
	b.used += bytes
	a.used += bytes
	return true
}

// leave ends the wait of w, and reports whether the memory is reserved.
func (b *Budget) leave(w *waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, w)
	if i < 0 {
		return true
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	b.tenants[w.tenant].waiters--
	b.dropIdle(w.tenant)
	b.wake() // fewer active tenants: the share of the others has grown
	return false
}

// releaseOnce returns a function that releases the memory when it is called for the first time.
func (b *Budget) releaseOnce(tenant domain.TenantID, bytes int64) func() {
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.used -= bytes
		b.tenants[tenant].used -= bytes
		b.dropIdle(tenant)
		b.wake()
	})
}

// dropIdle removes the account of a tenant that is no longer active. The caller must hold b.mu.
func (b *Budget) dropIdle(tenant domain.TenantID) {
	if a := b.tenants[tenant]; a.used == 0 && a.waiters == 0 {
		delete(b.tenants, tenant)
	}
}

// wake grants the memory to every waiter for which it is available now. The caller must hold b.mu.
func (b *Budget) wake() {
	b.waiting = slices.DeleteFunc(b.waiting, func(w *waiter) bool {
		a := b.tenants[w.tenant]
		if !b.reserve(a, w.bytes) {
			return false
		}
		a.waiters--
		close(w.granted)
		return true
	})
}
