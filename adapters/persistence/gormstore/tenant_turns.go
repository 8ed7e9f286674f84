package gormstore

import (
	"context"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// changesOfTenant is the number of changes of one tenant that run at the same time. Changes of a tenant often wait for
// the same lock (Dialect.LockTenant, or the lock of a row), so that more of them would not be faster.
const changesOfTenant = 2

// tenantTurns limits how many operations of one tenant run at the same time. An operation that waits for its turn holds
// no connection of a pool, which all tenants share. Without this limit, one tenant could hold all connections.
type tenantTurns struct {
	atOnce int
	mu     sync.Mutex
	queues map[domain.TenantID]*turnQueue // of the tenants that have an operation that runs or waits
}

// turnQueue contains the operations of one tenant.
type turnQueue struct {
	running    chan struct{} // contains an item for each operation that runs; its capacity is tenantTurns.atOnce
	operations int           // the number of operations that run or wait
}

// newTenantTurns returns turns of so many operations of a tenant at once; nil, which has no limit, if there are none.
func newTenantTurns(atOnce int) *tenantTurns {
	if atOnce <= 0 {
		return nil
	}
	return &tenantTurns{atOnce: atOnce, queues: map[domain.TenantID]*turnQueue{}}
}

// acquire waits for the turn of an operation of the context's tenant (ports.ForTenant). The operation that has waited
// longest is next. Work without a tenant does not wait. The caller must call release when the operation has ended.
// Errors: the error of ctx.
func (t *tenantTurns) acquire(ctx context.Context) (release func(), err error) {
	tenant := ports.TenantOf(ctx)
	if t == nil || tenant.IsZero() {
		return func() {}, nil
	}
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
		q = &turnQueue{running: make(chan struct{}, t.atOnce)}
		t.queues[tenant] = q
	}
	q.operations++
	return q
}

func (t *tenantTurns) leave(tenant domain.TenantID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[tenant]
	if q.operations--; q.operations == 0 {
		delete(t.queues, tenant)
	}
}
