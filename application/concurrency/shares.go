package concurrency

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limit contains how many operations of one sort may run at the same time: of all tenants together, and of each
// tenant.
type Limit struct {
	Total, Tenant int
	First         int // number of operations beyond Total, only for tenants that have no running operation
}

// shareWait is how long an operation waits for a share, the permission to run. It is shorter than the timeout of a
// probe, which is 10 s. A caller that got no share should wait for shareWait before it tries again.
const shareWait = 5 * time.Second

// maxShareWaiters is the maximum number of operations of one tenant that wait for a share. It bounds the goroutines
// and the connections that a tenant occupies by waiting.
const maxShareWaiters = 64

// Shares limits how many operations run at the same time, in total and for each tenant. It is safe for concurrent
// use.
type Shares struct {
	limit   Limit
	code    domain.Code // the code of the error if no share becomes free
	mu      sync.Mutex
	total   int
	running map[domain.TenantID]int // contains no zeros
	waiting []*shareWaiter          // ordered by the start of their wait
}

// NewShares returns shares with this limit. If no share becomes free in time, the error of Acquire has the given code;
// "" means too_many_probes.
func NewShares(limit Limit, code domain.Code) *Shares {
	return &Shares{limit: limit, code: cmp.Or(code, domain.TooManyProbes)}
}

// shareWaiter is an operation that waits until its tenant may run it.
type shareWaiter struct {
	tenant  domain.TenantID
	granted bool
	err     error              // why the wait has failed; nil if it has not
	wake    context.CancelFunc // ends the wait
}

// Acquire waits until the tenant's operation may run, for at most shareWait. If several operations wait, an operation
// of the tenant with the fewest running operations runs first. Among such operations, the one that has waited longest
// runs first. The caller must call release when the operation has ended.
//
// Errors: Unavailable with RetryAfter if no share becomes free, or if the tenant already has maxShareWaiters waiting
// operations; the error of ctx.
func (p *Shares) Acquire(
	ctx context.Context, sleeper ports.Sleeper, tenant domain.TenantID,
) (release func(), err error) {
	release = func() { p.release(tenant) }
	waitCtx, wake := context.WithCancel(ctx)
	defer wake()
	w, granted := p.enter(tenant, wake, maxShareWaiters)
	if granted {
		return release, nil
	}
	if w != nil {
		_ = sleeper.Sleep(waitCtx, shareWait)
		if p.leave(w) {
			return release, nil
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if w != nil && w.err != nil {
		return nil, w.err
	}
	return nil, &domain.Error{
		Kind: domain.Unavailable, Code: p.code, RetryAfter: shareWait,
	}
}

// Await is like Acquire, but waits until ctx ends. It does not limit the number of waiting operations. It is meant
// for work of the service itself. Such work limits the number of its waiting operations in another way. Errors: the
// error of ctx, or of Fail.
func (p *Shares) Await(ctx context.Context, tenant domain.TenantID) (release func(), err error) {
	waitCtx, wake := context.WithCancel(ctx)
	defer wake()
	if w, granted := p.enter(tenant, wake, math.MaxInt); !granted {
		<-waitCtx.Done()
		if !p.leave(w) {
			return nil, cmp.Or(ctx.Err(), w.err)
		}
	}
	return func() { p.release(tenant) }, nil
}

// enter returns a new waiter. If a share is free, enter grants the share to the waiter, and granted is true. Otherwise
// it appends the waiter to p.waiting. If the tenant already has maxWaiting waiters, enter returns nil.
func (p *Shares) enter(
	tenant domain.TenantID, wake context.CancelFunc, maxWaiting int,
) (w *shareWaiter, granted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w = &shareWaiter{tenant: tenant, wake: wake}
	if p.mayRun(tenant) {
		p.grant(w)
		return w, true
	}
	waiting := 0
	for _, other := range p.waiting {
		if other.tenant == tenant {
			waiting++
		}
	}
	if waiting >= maxWaiting {
		return nil, false
	}
	p.waiting = append(p.waiting, w)
	return w, false
}

// leave removes w from p.waiting and reports whether a share was granted to it.
func (p *Shares) leave(w *shareWaiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *shareWaiter) bool { return other == w })
	return w.granted
}

// release frees a share of the tenant, and grants it to at most one waiter.
func (p *Shares) release(tenant domain.TenantID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total--
	if p.running[tenant]--; p.running[tenant] == 0 {
		delete(p.running, tenant)
	}
	next := -1
	for i, w := range p.waiting {
		if p.mayRun(w.tenant) && (next < 0 || p.running[w.tenant] < p.running[p.waiting[next].tenant]) {
			next = i
		}
	}
	if next >= 0 {
		w := p.waiting[next]
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.grant(w)
		w.wake()
	}
}

// Fail makes all operations that wait for a share fail with err.
func (p *Shares) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.waiting {
		w.err = err
		w.wake()
	}
	p.waiting = nil
}

// mayRun reports whether an operation of the tenant may run now. The caller must hold p.mu.
func (p *Shares) mayRun(tenant domain.TenantID) bool {
	running, total := p.running[tenant], p.limit.Total
	if running == 0 {
		total += p.limit.First
	}
	return p.total < total && running < p.limit.Tenant
}

// TryAcquire is like Acquire, but does not wait. If no share is free, ok is false.
func (p *Shares) TryAcquire(tenant domain.TenantID) (release func(), ok bool) {
	_, ok = p.enter(tenant, nil, 0)
	return func() { p.release(tenant) }, ok
}

// Exhausted returns the tenants that already run as many operations as they may. full reports whether no tenant may
// start another operation.
func (p *Shares) Exhausted() (tenants []domain.TenantID, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for tenant := range p.running {
		if !p.mayRun(tenant) {
			tenants = append(tenants, tenant)
		}
	}
	return tenants, p.total >= p.limit.Total+p.limit.First
}

// grant grants a share to w. The caller must hold p.mu.
func (p *Shares) grant(w *shareWaiter) {
	if p.running == nil {
		p.running = make(map[domain.TenantID]int)
	}
	p.total++
	p.running[w.tenant]++
	w.granted = true
}
