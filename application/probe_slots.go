package application

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// probeLimit contains the maximum number of concurrent probes (tests of connections) of all tenants together, and the
// maximum for each tenant.
type probeLimit struct{ total, tenant int }

// Probes of engine connections have lower limits than live tests of aggregator connections. A probe connects to a
// system that the tenant chooses. That system can make the probe use much CPU time and memory. A live test only waits
// for the vendor.
var (
	engineProbes = probeLimit{total: 8, tenant: 2}
	liveTests    = probeLimit{total: 64, tenant: 4}
)

// probeWait is how long a probe waits for a slot. It is shorter than the timeout of a probe, which is 10 s. A caller
// that got no slot should wait for probeWait before it tries again.
const probeWait = 5 * time.Second

// probeSlots limits the number of probes that run at the same time. The same type limits how many account statements
// are written at the same time. It is safe for concurrent use.
type probeSlots struct {
	limit   probeLimit
	code    domain.Code // the code of the error if no slot becomes free; "" means too_many_probes
	mu      sync.Mutex
	total   int
	running map[domain.TenantID]int // contains no zeros
	waiting []*probeWaiter          // ordered by the start of their wait
}

// probeWaiter is a probe that waits for a slot.
type probeWaiter struct {
	tenant  domain.TenantID
	granted bool
	wake    context.CancelFunc // ends the wait
}

// acquire waits until the tenant's probe may run, for at most probeWait. The probe that has waited longest runs first.
// The caller must call release when the probe has ended. Errors: Unavailable (p.code) with RetryAfter if no slot
// becomes free; the error of ctx.
func (p *probeSlots) acquire(
	ctx context.Context, sleeper ports.Sleeper, tenant domain.TenantID,
) (release func(), err error) {
	release = func() { p.release(tenant) }
	waitCtx, wake := context.WithCancel(ctx)
	defer wake()
	w, granted := p.enter(tenant, wake)
	if granted {
		return release, nil
	}
	_ = sleeper.Sleep(waitCtx, probeWait)
	if p.leave(w) {
		return release, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, &domain.Error{
		Kind: domain.Unavailable, Code: cmp.Or(p.code, domain.TooManyProbes), RetryAfter: probeWait,
	}
}

// enter returns a new waiter. If a slot is free, enter grants the slot to the waiter, and granted is true. Otherwise it
// appends the waiter to p.waiting.
func (p *probeSlots) enter(tenant domain.TenantID, wake context.CancelFunc) (w *probeWaiter, granted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w = &probeWaiter{tenant: tenant, wake: wake}
	if p.grant(w) {
		return w, true
	}
	p.waiting = append(p.waiting, w)
	return w, false
}

// leave removes w from p.waiting and reports whether a slot was granted to it.
func (p *probeSlots) leave(w *probeWaiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *probeWaiter) bool { return other == w })
	return w.granted
}

// release frees a slot of the tenant. The slot goes to the waiter that has waited longest among those whose
// tenant is below its limit. A released slot allows at most one waiter to run.
func (p *probeSlots) release(tenant domain.TenantID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total--
	if p.running[tenant]--; p.running[tenant] == 0 {
		delete(p.running, tenant)
	}
	if i := slices.IndexFunc(p.waiting, p.grant); i >= 0 {
		p.waiting[i].wake()
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
}

// grant grants a slot to w if one is free, and reports whether it did. The caller must hold p.mu.
func (p *probeSlots) grant(w *probeWaiter) bool {
	if p.total >= p.limit.total || p.running[w.tenant] >= p.limit.tenant {
		return false
	}
	if p.running == nil {
		p.running = make(map[domain.TenantID]int)
	}
	p.total++
	p.running[w.tenant]++
	w.granted = true
	return true
}
