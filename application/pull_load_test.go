package application_test

import (
	"testing"

	"github.com/google/uuid"

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

// runWaiting calls RunWaitingPull and reports whether it found a pull.
func (e *env) runWaiting(ordinaryWorkers int) bool {
	e.Helper()
	found, err := e.RunWaitingPull(e.ctx, ordinaryWorkers)
	e.noError(err)
	return found
}

func (e *env) stateOf(tenant domain.TenantID, id domain.PullID) domain.PullState {
	e.Helper()
	p, err := e.GetPull(e.ctx, tenant, id)
	e.noError(err)
	return p.State
}

// runWhile starts each of the pulls while the previous one reads a page. It calls fn when all pulls are running.
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

// If all ordinary workers run pulls of one tenant, RunWaitingPull must run no further pull of this tenant. It must run
// the waiting pulls of other tenants, oldest first.
func TestAWaitingPullOfATenantThatUsesFewWorkersRuns(t *testing.T) {
	e := newEnv(t)
	busy, other, third := e.tenant, domain.TenantID{UUID: uuid.New()}, domain.TenantID{UUID: uuid.New()}
	first, second := e.requestOf(busy, "first"), e.requestOf(busy, "second")
	e.requestOf(busy, "waits")
	oldest, next := e.requestOf(other, "oldest"), e.requestOf(third, "next")
	e.runWhile(func() {
		if e.runWaiting(3) {
			t.Error("a pull ran although an ordinary worker was free")
		}
		if !e.runWaiting(2) || e.stateOf(other, oldest) != domain.PullSucceeded {
			t.Error("the oldest pull of another tenant did not run")
		}
		if !e.runWaiting(2) || e.stateOf(third, next) != domain.PullSucceeded {
			t.Error("the next pull of another tenant did not run")
		}
		if e.runWaiting(2) {
			t.Error("a pull ran of a tenant that uses all ordinary workers")
		}
	}, first, second)
}

// A tenant that uses less than half of the ordinary workers can use one reserved worker as well, but not more than one.
func TestATenantUsesOneReservedWorker(t *testing.T) {
	e := newEnv(t)
	other := domain.TenantID{UUID: uuid.New()}
	running := []domain.PullID{e.requestOf(e.tenant, "1"), e.requestOf(other, "2"), e.requestOf(other, "3")}
	second := e.requestOf(e.tenant, "4")
	e.requestOf(e.tenant, "5")
	e.runWhile(func() {
		e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			e.vendor.onRead = nil
			if e.runWaiting(3) {
				t.Error("a second pull of the tenant ran on a reserved worker at the same time")
			}
			return nil, nil
		}
		if !e.runWaiting(3) || e.stateOf(e.tenant, second) != domain.PullSucceeded {
			t.Error("no pull ran of a tenant that uses one of three ordinary workers")
		}
	}, running...)
}

func TestAFailureToListWaitingPullsIsReturned(t *testing.T) {
	e := newEnv(t)
	e.failOperation("Pulls.ListWaiting")
	_, err := e.RunWaitingPull(e.ctx, 0)
	e.wantError(err, domain.StoreUnavailable)
}
