package application_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// requestOf creates a connection of the tenant and requests a pull of it.
func (e *env) requestOf(tenant domain.TenantID, name string) domain.PullID {
	e.Helper()
	c, err := e.CreateConnection(e.ctx, tenant, newConnection(name))
	e.noError(err)
	p, err := e.RequestPull(e.ctx, tenant, c.ID, domain.Window{})
	e.noError(err)
	e.clock.pass(1)
	return p.ID
}

// newEnvWithWorkers returns an environment whose service has this number of pull workers.
func newEnvWithWorkers(t *testing.T, workers int) *env {
	t.Helper()
	e := newEnv(t)
	deps := e.Deps
	deps.PullWorkers = workers
	service, err := application.New(deps)
	e.noError(err)
	e.Service = service
	return e
}

// runWaiting calls RunWaitingPull and reports whether it found a pull.
func (e *env) runWaiting() bool {
	e.Helper()
	found, err := e.RunWaitingPull(e.ctx)
	e.noError(err)
	return found
}

func (e *env) stateOf(tenant domain.TenantID, id domain.PullID) domain.PullState {
	e.Helper()
	p, err := e.GetPull(e.ctx, tenant, id)
	e.noError(err)
	return p.State
}

// runWhile nests the pulls: each of them starts while the previous one reads a page. It calls fn while all of them
// are running.
func (e *env) runWhile(fn func(), pulls ...domain.PullID) {
	e.Helper()
	if len(pulls) == 0 {
		fn()
		return
	}
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		e.vendor.onRead = nil
		e.runWhile(fn, pulls[1:]...)
		return nil, nil
	}
	e.runPull(pulls[0])
}

// otherTenants returns n new tenants.
func otherTenants(n int) (tenants []domain.TenantID) {
	for range n {
		tenants = append(tenants, domain.TenantID{UUID: uuid.New()})
	}
	return tenants
}

// Four tenants occupy all 8 workers with two pulls each. Two workers are a quarter, which is the maximum for one
// tenant. RunWaitingPull must run no further pull of these tenants. It must run the waiting pulls of other tenants,
// oldest first.
func TestWhileAllWorkersAreBusyATenantWithoutARunningPullGetsOne(t *testing.T) {
	e := newEnvWithWorkers(t, 8)
	var running, waits []domain.PullID
	busy, quiet := otherTenants(4), otherTenants(2)
	for _, tenant := range busy {
		running = append(running, e.requestOf(tenant, "first"), e.requestOf(tenant, "second"))
		waits = append(waits, e.requestOf(tenant, "waits"))
	}
	oldest, next := e.requestOf(quiet[0], "oldest"), e.requestOf(quiet[1], "next")
	e.runWhile(func() {
		for i, id := range []domain.PullID{oldest, next} {
			if !e.runWaiting() || e.stateOf(quiet[i], id) != domain.PullSucceeded {
				t.Errorf("pull %d of another tenant did not run", i)
			}
		}
		if e.runWaiting() {
			t.Error("a further pull ran of a tenant that uses a quarter of the workers")
		}
	}, running...)
	for i, id := range waits {
		if e.stateOf(busy[i], id) != domain.PullQueued {
			t.Errorf("a third pull of tenant %d ran", i)
		}
	}
}

// A tenant that already uses a quarter of the workers must wait before another of its pulls runs. If no share becomes
// free, the pull must be queued again. It is not claimed, so no attempt is counted.
func TestAPullBeyondTheShareOfItsTenantIsQueuedAgain(t *testing.T) {
	e := newEnvWithWorkers(t, 8)
	running := []domain.PullID{e.requestOf(e.tenant, "1"), e.requestOf(e.tenant, "2")}
	third := e.requestOf(e.tenant, "3")
	e.runWhile(func() {
		retryAfter, err := e.RunPull(e.ctx, third)
		e.noError(err)
		p, err := e.GetPull(e.ctx, e.tenant, third)
		e.noError(err)
		if retryAfter <= 0 || p.State != domain.PullQueued || p.Attempts != 0 {
			t.Errorf("the job of a tenant at its share: retry after %v, state %v, %d attempts",
				retryAfter, p.State, p.Attempts)
		}
	}, running...)
	if e.runPull(third); e.stateOf(e.tenant, third) != domain.PullSucceeded {
		t.Error("the pull did not run afterwards")
	}
}

// When all workers are busy, a further pull may run only for a tenant without a running pull. The number of further
// pulls must not exceed the number of workers.
func TestPullsBeyondTheWorkersAreFirstPulls(t *testing.T) {
	e := newEnvWithWorkers(t, 4)
	tenants := otherTenants(9)
	var running []domain.PullID
	for _, tenant := range tenants {
		running = append(running, e.requestOf(tenant, "runs"))
	}
	e.runWhile(func() {
		if retryAfter, err := e.RunPull(e.ctx, running[8]); retryAfter <= 0 || err != nil {
			t.Errorf("a ninth pull ran beside 8: %v, %v", retryAfter, err)
		}
		if e.runWaiting() {
			t.Error("RunWaitingPull ran a ninth pull beside 8")
		}
	}, running[:8]...)
}

func TestRunWaitingPullLeavesThePullsToTheFreeWorkers(t *testing.T) {
	e := newEnvWithWorkers(t, 2)
	running := e.requestOf(e.tenant, "runs")
	e.requestOf(otherTenants(1)[0], "waits")
	e.runWhile(func() {
		if e.runWaiting() {
			t.Error("a pull ran although a worker was free")
		}
	}, running)
}

func TestAFailureToListWaitingPullsIsReturned(t *testing.T) {
	e := newEnvWithWorkers(t, 1)
	running := e.requestOf(e.tenant, "runs")
	e.runWhile(func() {
		e.failOperation("Pulls.ListWaiting")
		_, err := e.RunWaitingPull(e.ctx)
		e.wantError(err, domain.StoreUnavailable)
	}, running)
}

func TestAFailureToFindTheTenantOfAPullIsReturned(t *testing.T) {
	e := newEnv(t)
	id := e.requestOf(e.tenant, "name")
	e.failOperation("Pulls.TenantOf")
	_, err := e.RunPull(e.ctx, id)
	e.wantError(err, domain.StoreUnavailable)
}
