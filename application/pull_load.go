package application

import (
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// pullLoad counts the pulls that run in this process, by tenant. The zero value is ready for use. It is
// safe for concurrent use.
type pullLoad struct {
	mu       sync.Mutex
	running  map[domain.TenantID]int  // number of pulls that RunPull runs, by tenant; no value is zero
	reserved map[domain.TenantID]bool // the tenants for which RunWaitingPull is running a pull
}

// begin counts a pull that RunPull runs. The caller must call end when the pull has ended.
func (l *pullLoad) begin(tenant domain.TenantID) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == nil {
		l.running = make(map[domain.TenantID]int)
	}
	l.running[tenant]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.running[tenant]--; l.running[tenant] == 0 {
			delete(l.running, tenant)
		}
	}
}

// busyTenants returns the tenants that use at least half of the ordinary workers, and those for which RunWaitingPull is
// running a pull. The second result reports whether every ordinary worker runs a pull. A worker that is still claiming
// its pull is not counted.
func (l *pullLoad) busyTenants(ordinaryWorkers int) (busy []domain.TenantID, saturated bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for tenant := range l.reserved {
		busy = append(busy, tenant)
	}
	total := 0
	for tenant, n := range l.running {
		total += n
		if 2*n >= ordinaryWorkers && !l.reserved[tenant] {
			busy = append(busy, tenant)
		}
	}
	return busy, total >= ordinaryWorkers
}

// reserve records that RunWaitingPull runs a pull of the tenant, and returns true. If RunWaitingPull already runs a
// pull of the tenant, it records nothing and returns false. If reserve returned true, the caller must call release when
// the pull has ended.
func (l *pullLoad) reserve(tenant domain.TenantID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reserved[tenant] {
		return false
	}
	if l.reserved == nil {
		l.reserved = make(map[domain.TenantID]bool)
	}
	l.reserved[tenant] = true
	return true
}

// release undoes reserve.
func (l *pullLoad) release(tenant domain.TenantID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.reserved, tenant)
}
