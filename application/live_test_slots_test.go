package application_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// silentVendor is a vendor that responds only on request. Each call of Check or CreateLinkToken sends to the channel
// started, and returns when it receives from the channel release.
type silentVendor struct {
	ports.Aggregator
	started chan struct{}
	release chan struct{}
}

func (v silentVendor) Check(ctx context.Context, _ ports.Access) (domain.LinkStatus, error) {
	v.started <- struct{}{}
	select {
	case <-v.release:
		return domain.LinkStatus{}, nil
	case <-ctx.Done():
		return domain.LinkStatus{}, ctx.Err()
	}
}

func (v silentVendor) CreateLinkToken(ctx context.Context, a ports.Access) (ports.LinkToken, error) {
	_, err := v.Check(ctx, a)
	return ports.LinkToken{}, err
}

// At most 4 live tests and link sessions of a tenant may run at the same time. A fifth one must wait. If it cannot
// start within 5 s, it must be refused. The tests of other tenants must not wait.
func TestFewLiveTestsOfATenantRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := silentVendor{newVendor("pluggy"), make(chan struct{}, 100), make(chan struct{})}
		e := newEnv(t, func(d *application.Deps) {
			d.Clock, d.Sleeper, d.Aggregators = bubbleClock{}, bubbleClock{}, []ports.Aggregator{silent}
		})
		flooding, other := e.tenant, domain.TenantID{UUID: uuid.New()}
		results := make(chan error, 100)
		test := func(tenant domain.TenantID) {
			_, err := e.TestConnection(e.ctx, tenant, "pluggy", "books")
			results <- err
		}
		ids := map[domain.TenantID]domain.ConnectionID{}
		for _, tenant := range []domain.TenantID{flooding, other} {
			c, err := e.CreateConnection(e.ctx, tenant, newConnection("books"))
			e.noError(err)
			ids[tenant] = c.ID
		}
		link := func(tenant domain.TenantID) {
			_, err := e.CreateLinkSession(e.ctx, tenant, ids[tenant])
			results <- err
		}
		for i := range 10 {
			if i%2 == 0 {
				go test(flooding)
			} else {
				go link(flooding)
			}
			synctest.Wait() // the fakes of the environment must not be used concurrently
		}
		if got := len(silent.started); got != 4 {
			t.Errorf("%d live tests of one tenant called the vendor, want 4", got)
		}
		go test(other)
		synctest.Wait()
		if got := len(silent.started); got != 5 {
			t.Errorf("%d live tests called the vendor, want 5: that of the other tenant as well", got)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if got := len(results); got != 6 {
			t.Errorf("%d live tests ended without a call, want 6", got)
		}
		for range len(results) {
			err := <-results
			e.wantError(err, domain.Unavailable, domain.TooManyProbes)
		}
		for range 5 {
			silent.release <- struct{}{}
			e.noError(<-results)
		}
	})
}
