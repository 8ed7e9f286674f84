package background

import (
	"context"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// turnTask is a task whose work is taken in turn by tenant.
type turnTask struct {
	name     string
	interval time.Duration  // between two checks whether work is due; a worker that has ended its work checks at once
	workers  int            // maximum number of pieces of work at the same time in this process
	share    int            // maximum number of them that belong to one tenant
	next     ports.NextWork // claims the next piece of work
}

// turns runs the work of one turnTask. However much work of a tenant is waiting, it occupies only its share of the
// workers, and each other tenant with due work gets a worker before it gets another one.
type turns struct {
	task    turnTask
	onError func(ports.BackgroundError)
	spawn   func(func()) // starts a goroutine

	mu      sync.Mutex
	total   int                      // pieces of work that are running
	running map[domain.TenantID]int  // the same by tenant; contains no zeros
	served  map[domain.TenantID]bool // the tenants that had their turn in this round of turns
}

// newTurns returns a turns that runs its workers with the function start.
func newTurns(task turnTask, onError func(ports.BackgroundError), start func(func())) *turns {
	return &turns{
		task: task, onError: onError, spawn: start,
		running: map[domain.TenantID]int{}, served: map[domain.TenantID]bool{},
	}
}

// start starts a worker for each piece of work that is due, until all workers are busy. It does not wait for them.
// Errors: those of claiming.
func (t *turns) start(ctx context.Context) error {
	for {
		work, err := t.claim(ctx)
		if err != nil || work == nil {
			return err
		}
		t.spawn(func() { t.work(ctx, work) })
	}
}

// work runs a piece of work and then the next ones, until none is due. The caller of start reports the errors of
// claiming.
func (t *turns) work(ctx context.Context, work *ports.Work) {
	for work != nil {
		err := Recover(func() error { return work.Run(ctx) })
		t.end(work.Tenant)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			t.onError(ports.BackgroundError{Task: "maintenance " + t.task.name, Err: err})
		}
		work, _ = t.claim(ctx)
	}
}

// claim claims the next piece of work for a worker. It returns nil if no worker is free or nothing is due. A round of
// turns ends when only tenants that had their turn in it have due work.
func (t *turns) claim(ctx context.Context) (*ports.Work, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.total >= t.task.workers {
		return nil, nil
	}
	var full, skip []domain.TenantID
	for tenant, n := range t.running {
		if n >= t.task.share {
			full = append(full, tenant)
		}
	}
	skip = full
	for tenant := range t.served {
		if t.running[tenant] < t.task.share {
			skip = append(skip, tenant)
		}
	}
	work, err := t.task.next(ctx, skip)
	if err == nil && work == nil && len(skip) > len(full) {
		clear(t.served)
		work, err = t.task.next(ctx, full)
	}
	if err != nil || work == nil {
		return nil, err
	}
	t.total++
	t.running[work.Tenant]++
	t.served[work.Tenant] = true
	return work, nil
}

// end ends a piece of work of the tenant.
func (t *turns) end(tenant domain.TenantID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total--
	if t.running[tenant]--; t.running[tenant] == 0 {
		delete(t.running, tenant)
	}
}
