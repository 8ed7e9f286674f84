package application_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// bubbleClock is the clock and the sleeper of a synctest bubble. Unlike the type clock, it can be used concurrently.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (bubbleClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// blockingConnector is a fake connector. Each of its probes runs until it receives from the channel endSignal.
type blockingConnector struct {
	connector
	started   chan struct{}
	endSignal chan struct{}
}

func (b blockingConnector) Probe(ctx context.Context, _ json.RawMessage, _ domain.Credential) (string, error) {
	b.started <- struct{}{}
	select {
	case <-b.endSignal:
		return "1.0", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// probes runs tests of engine connections, each in a goroutine, in a synctest bubble.
type probes struct {
	*env
	connector blockingConnector
	results   chan error
}

func newProbes(t *testing.T) *probes {
	b := blockingConnector{
		connector{"postgres", domain.CategoryDatabase}, make(chan struct{}, 100), make(chan struct{}),
	}
	e := newEnv(t, func(d *application.Deps) {
		d.Clock, d.Sleeper, d.Connectors = bubbleClock{}, bubbleClock{}, []ports.Connector{b}
	})
	return &probes{e, b, make(chan error, 100)}
}

// start creates a connection of the tenant and starts n tests of this connection. It returns when every test
// has ended, runs a probe, or waits for a slot.
func (p *probes) start(ctx context.Context, tenant domain.TenantID, n int) {
	p.Helper()
	c, err := p.CreateEngine(p.ctx, tenant, ports.NewEngine{
		Type: "postgres", Name: fmt.Sprint("engine-", uuid.New()), Config: json.RawMessage(`{}`),
		Credential: password("right"),
	})
	p.noError(err)
	for range n {
		go func() {
			_, err := p.TestEngine(ctx, tenant, c.ID)
			p.results <- err
		}()
	}
	synctest.Wait()
}

// finish ends n running probes, and checks that their tests have no error.
func (p *probes) finish(n int) {
	p.Helper()
	for range n {
		p.connector.endSignal <- struct{}{}
		p.noError(<-p.results)
	}
	synctest.Wait()
}

// wantStarted fails the test unless exactly n probes have started since the last call.
func (p *probes) wantStarted(n int) {
	p.Helper()
	if got := len(p.connector.started); got != n {
		p.Fatalf("%d probes started, want %d", got, n)
	}
	for range n {
		<-p.connector.started
	}
}

// wantRefused fails the test unless n tests have ended with too_many_probes and a RetryAfter of 5 s.
func (p *probes) wantRefused(n int) {
	p.Helper()
	if got := len(p.results); got != n {
		p.Fatalf("%d tests have ended, want %d", got, n)
	}
	for range n {
		err := <-p.results
		p.wantError(err, domain.Unavailable, domain.TooManyProbes)
		if wait := domain.RetryAfterOf(err); wait != 5*time.Second {
			p.Errorf("RetryAfter is %v, want 5 s", wait)
		}
	}
}

func TestFewProbesOfATenantRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbes(t)
		p.start(p.ctx, p.tenant, 3)
		p.wantStarted(2)
		p.start(p.ctx, domain.TenantID{UUID: uuid.New()}, 1)
		p.wantStarted(1) // the probe of another tenant does not wait
		p.finish(3)
		p.wantStarted(1) // the third probe runs as soon as another probe of its tenant has ended
		p.finish(1)

		p.start(p.ctx, p.tenant, 3)
		p.wantStarted(2)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		p.wantRefused(1)
		stored, err := p.ListEngines(p.ctx, p.tenant, domain.PageRequest{Limit: 5})
		p.noError(err)
		for _, c := range stored.Items {
			if c.Health.Status == domain.Unhealthy {
				t.Error("a refused test changed the health of its connection")
			}
		}
		p.finish(2)
	})
}

func TestFewProbesOfAllTenantsRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbes(t)
		for range 6 {
			p.start(p.ctx, domain.TenantID{UUID: uuid.New()}, 2)
		}
		p.wantStarted(8)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		p.wantRefused(4)
		p.finish(8)
		p.start(p.ctx, p.tenant, 2)
		p.wantStarted(2)
		p.finish(2)
	})
}

func TestAProbeThatWaitsEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbes(t)
		p.start(p.ctx, p.tenant, 2)
		ctx, cancel := context.WithCancel(p.ctx)
		p.start(ctx, p.tenant, 1)
		cancel()
		if err := <-p.results; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		p.finish(2)
		p.wantStarted(2)
	})
}

// TestAFreeShareGoesToTheTenantWithTheFewestRunningProbes uses up all shares. Then a tenant with a running probe
// waits for a second share. After it, a tenant without a running probe waits for its first share. The next free share
// must go to the tenant without a running probe.
func TestAFreeShareGoesToTheTenantWithTheFewestRunningProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbes(t)
		for range 3 {
			p.start(p.ctx, domain.TenantID{UUID: uuid.New()}, 2)
		}
		p.start(p.ctx, domain.TenantID{UUID: uuid.New()}, 1)
		p.start(p.ctx, p.tenant, 1)
		p.wantStarted(8)
		p.start(p.ctx, p.tenant, 1)
		late, cancel := context.WithCancel(p.ctx)
		p.start(late, domain.TenantID{UUID: uuid.New()}, 1)
		p.wantStarted(0)
		p.finish(1) // of one of the first tenants
		p.wantStarted(1)
		cancel() // ends the probe that has started, so that the next one starts
		if err := <-p.results; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		synctest.Wait()
		p.wantStarted(1)
		p.finish(8)
	})
}

// TestOnlyABoundedNumberOfProbesOfATenantWait starts more probes than may run or wait. The others are refused at
// once.
func TestOnlyABoundedNumberOfProbesOfATenantWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const running, waiting, excess = 2, 64, 3
		p := newProbes(t)
		p.start(p.ctx, p.tenant, running+waiting+excess)
		p.wantRefused(excess)
		p.wantStarted(running)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		p.wantRefused(waiting)
		p.finish(running)
	})
}
