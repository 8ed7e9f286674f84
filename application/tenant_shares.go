package application

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// shareLimit contains the maximum number of operations of one sort that run at the same time: of all tenants together,
// and of each tenant.
type shareLimit struct {
	total, tenant int
	first         int // number of operations beyond total, only for tenants that have no running operation
}

// Probes of engine connections have lower limits than live tests of aggregator connections. A probe connects to a
// system that the tenant chooses. That system can make the probe use much CPU time and memory. A live test only waits
// for the vendor.
var (
	engineProbes = shareLimit{total: 8, tenant: 2}
	liveTests    = shareLimit{total: 64, tenant: 4}
)

// closings limits the periods that are closed at the same time, because each of them reads all records of an account.
var closings = shareLimit{total: 3, tenant: 1}

// costlyReads returns the limits of reads that use much CPU time, for example searches. One tenant may use a quarter
// of the processors, but at least one. The minimum in total leaves a connection of an SQLite file, which has 4 for
// reading, to other reads.
func costlyReads() shareLimit {
	processors := runtime.GOMAXPROCS(0)
	return shareLimit{total: max(3, processors), tenant: max(1, processors/4)}
}

// smallPage is the largest number of transactions that a list reads without a share: it is as cheap as reading one.
const smallPage = 50

// shareWait is how long an operation waits for a share. It is shorter than the timeout of a probe, which is 10 s. A
// caller that got no share should wait for shareWait before it tries again.
const shareWait = 5 * time.Second

// maxShareWaiters is the maximum number of operations of one tenant that wait for a share. It bounds the goroutines
// and the connections that a tenant occupies by waiting.
const maxShareWaiters = 64

// tenantShares limits how many operations run at the same time, in total and for each tenant. It is safe for concurrent
// use.
type tenantShares struct {
	limit   shareLimit
	code    domain.Code // the code of the error if no share becomes free; "" means too_many_probes
	mu      sync.Mutex
	total   int
	running map[domain.TenantID]int // contains no zeros
	waiting []*shareWaiter          // ordered by the start of their wait
}

// shareWaiter is an operation that waits for a share.
type shareWaiter struct {
	tenant  domain.TenantID
	granted bool
	err     error              // why the wait has failed; nil if it has not
	wake    context.CancelFunc // ends the wait
}

// acquire waits until the tenant's operation may run, for at most shareWait. Among the waiting operations, one of the
// tenant with the fewest running operations runs first; of these, the one that has waited longest. The caller must call
// release when the operation has ended. Errors: Unavailable (p.code) with RetryAfter if no share becomes free, or if
// the tenant already has maxShareWaiters waiting operations; the error of ctx.
func (p *tenantShares) acquire(
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
		Kind: domain.Unavailable, Code: cmp.Or(p.code, domain.TooManyProbes), RetryAfter: shareWait,
	}
}

// await is like acquire, but waits until ctx ends, however many operations of the tenant wait. It is for the service's
// own work, which bounds its waiting operations itself.
func (p *tenantShares) await(ctx context.Context, tenant domain.TenantID) (release func(), err error) {
	waitCtx, wake := context.WithCancel(ctx)
	defer wake()
	if w, granted := p.enter(tenant, wake, math.MaxInt); !granted {
		<-waitCtx.Done()
		if !p.leave(w) {
			return nil, ctx.Err()
		}
	}
	return func() { p.release(tenant) }, nil
}

// enter returns a new waiter. If a share is free, enter grants the share to the waiter, and granted is true. Otherwise
// it appends the waiter to p.waiting. If the tenant already has maxWaiting waiters, enter returns nil.
func (p *tenantShares) enter(
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
func (p *tenantShares) leave(w *shareWaiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *shareWaiter) bool { return other == w })
	return w.granted
}

// release frees a share of the tenant, and grants it to at most one waiter.
func (p *tenantShares) release(tenant domain.TenantID) {
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

// fail ends all waits with this error.
func (p *tenantShares) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.waiting {
		w.err = err
		w.wake()
	}
	p.waiting = nil
}

// mayRun reports whether an operation of the tenant may run now. The caller must hold p.mu.
func (p *tenantShares) mayRun(tenant domain.TenantID) bool {
	running, total := p.running[tenant], p.limit.total
	if running == 0 {
		total += p.limit.first
	}
	return p.total < total && running < p.limit.tenant
}

// tryAcquire is like acquire, but does not wait. If no share is free, ok is false.
func (p *tenantShares) tryAcquire(tenant domain.TenantID) (release func(), ok bool) {
	_, ok = p.enter(tenant, nil, 0)
	return func() { p.release(tenant) }, ok
}

// exhausted returns the tenants that have running operations and may run no further one. full reports whether no tenant
// may run a further one.
func (p *tenantShares) exhausted() (tenants []domain.TenantID, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for tenant := range p.running {
		if !p.mayRun(tenant) {
			tenants = append(tenants, tenant)
		}
	}
	return tenants, p.total >= p.limit.total+p.limit.first
}

// grant grants a share to w. The caller must hold p.mu.
func (p *tenantShares) grant(w *shareWaiter) {
	if p.running == nil {
		p.running = make(map[domain.TenantID]int)
	}
	p.total++
	p.running[w.tenant]++
	w.granted = true
}

// readShared calls read with a share of the tenant's costly reads. If the store is not available, the reads that wait
// for a share fail, too: each of them would otherwise wait for its own timeout after the one before. Errors: those of
// tenantShares.acquire and of read.
func readShared[T any](
	ctx context.Context, s *Service, tenant domain.TenantID, read func() (T, error),
) (result T, err error) {
	release, err := s.readShares.acquire(ctx, s.Sleeper, tenant)
	if err != nil {
		return result, err
	}
	defer release()
	result, err = read()
	if errors.Is(err, domain.StoreUnavailable) {
		s.readShares.fail(err)
	}
	return result, err
}
