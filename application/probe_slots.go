package application

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of the probes of engine connections. A tenant chooses the system that a probe connects to, so a
// probe can be made to use CPU time and memory until its timeout.
const (
	// maxProbes is the maximum number of probes of all tenants that run at the same time.
	maxProbes = 8
	// maxTenantProbes is the maximum number of probes of one tenant that run at the same time.
	maxTenantProbes = 2
	// probeWait is how long a probe waits for a slot. It is shorter than the timeout of a probe, which
	// is 10 s. The caller of a probe that got no slot should repeat it after the same time.
	probeWait = 5 * time.Second
)

// probeSlots limits the number of probes that run at the same time, for each tenant and in total. The
// zero value is ready for use. It is safe for concurrent use.
type probeSlots struct {
	mu      sync.Mutex
	total   int
	running map[domain.TenantID]int // contains no zeros
	waiting []*probeWaiter          // in the order in which they started to wait
}

// probeWaiter is a probe that waits for a slot.
type probeWaiter struct {
	tenant  domain.TenantID
	granted bool
	wake    context.CancelFunc // ends the wait
}

// acquire returns when the tenant's probe may run. It waits for up to probeWait if too many probes run;
// the probe that has waited longest is first. The caller must call release when the probe has ended.
// Errors: Unavailable (too_many_probes) with RetryAfter after the wait; the error of ctx.
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
	return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.TooManyProbes, RetryAfter: probeWait}
}

// enter returns a new waiter, and reports whether a slot was free and is granted to it. Otherwise it
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

// release frees a slot of the tenant, and grants it to the waiter that has waited longest among those
// whose tenant has a free slot. A released slot makes at most one waiter eligible.
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
	if p.total >= maxProbes || p.running[w.tenant] >= maxTenantProbes {
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
