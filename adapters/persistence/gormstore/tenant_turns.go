package gormstore

import (
	"context"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// changesOfTenant is the number of changes of one tenant that run at the same time. Changes of a tenant often wait for
// the same lock (Dialect.LockTenant, or the lock of a row), so that more of them would not be faster.
const changesOfTenant = 2

// tenantTurns limits how many changes of one tenant run at the same time. A change that waits for its turn holds no
// connection of the pool. Without this limit, one tenant's changes that wait for a lock could hold all connections of
// the pool, which all tenants share. The zero value is ready to use.
type tenantTurns struct {
	mu     sync.Mutex
	queues map[domain.TenantID]*turnQueue // of the tenants that have a change that runs or waits
}

// turnQueue contains the changes of one tenant.
type turnQueue struct {
	running chan struct{} // contains an item for each change that runs; its capacity is changesOfTenant
	changes int           // the number of changes that run or wait
}

// acquire waits for the turn of a change of the tenant. The change that has waited longest is next. The caller must
// call release when the change has ended. Errors: the error of ctx.
func (t *tenantTurns) acquire(ctx context.Context, tenant domain.TenantID) (release func(), err error) {
	q := t.enter(tenant)
	select {
	case q.running <- struct{}{}:
		return func() {
			<-q.running
			t.leave(tenant)
		}, nil
	case <-ctx.Done():
		t.leave(tenant)
		return nil, ctx.Err()
	}
}

func (t *tenantTurns) enter(tenant domain.TenantID) *turnQueue {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[tenant]
	if q == nil {
		q = &turnQueue{running: make(chan struct{}, changesOfTenant)}
		if t.queues == nil {
			t.queues = map[domain.TenantID]*turnQueue{}
		}
		t.queues[tenant] = q
	}
	q.changes++
	return q
}

func (t *tenantTurns) leave(tenant domain.TenantID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[tenant]
	if q.changes--; q.changes == 0 {
		delete(t.queues, tenant)
	}
}
