package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestARejectedCredentialFailsAtOnce(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.rotate(c, "wrong")
	id := e.requestFullPull(c)
	if again := e.runPull(id); again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.wantPull(id, domain.PullFailed, domain.CredentialRejected)
	if h := e.getHealth(c); h.Status != domain.Unhealthy || h.Reason != domain.CredentialRejected || !h.NeedsReauth {
		t.Errorf("the health is %+v", h)
	}
}

// If the vendor refuses a credential that was replaced during the attempt, the pull must be retried with the new
// credential. The refusal must not change the connection's health.
func TestAPullIsRetriedWithACredentialRotatedDuringTheAttempt(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.rotate(c, "wrong")
	id := e.requestFullPull(c)
	e.vendor.onCheck = func() error {
		e.vendor.onCheck = nil
		e.rotate(c, "right")
		return nil
	}
	again := e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.CredentialRejected)
	if h := e.getHealth(c); h.StatusOrUnknown() != domain.Unknown || h.NeedsReauth {
		t.Errorf("the result of the old credential changed the health to %+v", h)
	}
	e.clock.pass(again)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if h := e.getHealth(c); h.Status != domain.Healthy {
		t.Errorf("the health is %+v", h)
	}
}

func TestASuccessWithAReplacedCredentialChangesNoHealth(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.vendor.onAccounts = func() error {
		e.rotate(c, "wrong")
		return nil
	}
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if h := e.getHealth(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("the result of the old credential changed the health to %+v", h)
	}
}

func TestEventsSignalWhetherReauthenticationIsNeeded(t *testing.T) {
	e := newEnv(t)
	e.vendor.status = domain.LinkStatus{} // the vendor reports no status of the consent
	c := e.createConnection("books")
	token := e.mintToken(c)
	e.receive(token, eventBody("e1", domain.PullScope{Signal: domain.SignalReauth}))
	e.runPull(e.nudged[0])
	if h := e.getHealth(c); h.Status != domain.Healthy || !h.NeedsReauth {
		t.Errorf("the health is %+v", h)
	}
	e.runPull(e.requestFullPull(c))
	if h := e.getHealth(c); !h.NeedsReauth {
		t.Error("a check cleared what only an event can clear")
	}
	e.receive(token, eventBody("e2", domain.PullScope{Signal: domain.SignalRecovered}))
	e.runPull(e.nudged[2])
	if h := e.getHealth(c); h.NeedsReauth {
		t.Errorf("the health is %+v", h)
	}
}

func TestAPullOfADeletedConnectionFails(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	if again := e.runPull(id); again != 0 || e.vendor.checks != 0 {
		t.Errorf("next attempt in %v after %d checks, want no attempt and no check", again, e.vendor.checks)
	}
	e.wantPull(id, domain.PullFailed, domain.ConnectionGone)
}

func TestAPullFailsWhenItsConnectionIsDeletedMeanwhile(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	received := e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{}))
	id := e.nudged[0]
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return nil, e.DeleteConnection(e.ctx, e.tenant, c.ID, nil)
	}
	if again := e.runPull(id); again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.clock.pass(time.Minute)
	stuck, err := e.ListStuck(e.ctx, 10)
	e.noError(err)
	if diff := cmp.Diff([]domain.PullID{id}, stuck, cmp.AllowUnexported()); diff != "" {
		t.Fatal(diff)
	}
	e.runPull(id)
	e.wantPull(id, domain.PullFailed, domain.ConnectionGone)
	if d := e.getDelivery(received.Delivery.ID); d.Status != domain.DeliveryFailed {
		t.Errorf("the delivery is %s, want failed", d.Status)
	}
}
