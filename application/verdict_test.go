package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestARejectedCredentialFailsAtOnce(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.rotate(c, "wrong")
	id := b.everything(c)
	if again := b.run(id); again != 0 {
		t.Errorf("again in %v", again)
	}
	b.stands(id, domain.PullFailed, domain.CredentialRejected)
	if h := b.health(c); h.Status != domain.Unhealthy || h.Reason != domain.CredentialRejected || !h.NeedsReauth {
		t.Errorf("got %+v", h)
	}
}

// Who was refused with a credential that is replaced by now tries again with the new
// one, and the refusal says nothing of it.
func TestACredentialRotatedDuringATry(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.rotate(c, "wrong")
	id := b.everything(c)
	b.vendor.onCheck = func() error {
		b.vendor.onCheck = nil
		b.rotate(c, "right")
		return nil
	}
	again := b.run(id)
	b.stands(id, domain.PullQueued, domain.CredentialRejected)
	if h := b.health(c); h.StatusOrUnknown() != domain.Unknown || h.NeedsReauth {
		t.Errorf("the new credential is %+v", h)
	}
	b.clock.pass(again)
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
	if h := b.health(c); h.Status != domain.Healthy {
		t.Errorf("got %+v", h)
	}
}

func TestASuccessWithTheOldCredentialSaysNothingOfTheNew(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	id := b.everything(c)
	b.vendor.onAccounts = func() error {
		b.rotate(c, "wrong")
		return nil
	}
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
	if h := b.health(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("the new credential is %+v", h)
	}
}

func TestEventsTellOfTheHolder(t *testing.T) {
	b := newBench(t)
	b.vendor.standing = domain.LinkStatus{} // a vendor whose status does not know of consents
	c := b.connection("books")
	token := b.mint(c)
	b.receive(token, event("e1", domain.PullScope{Signal: domain.SignalReauth}))
	b.run(b.kicked[0])
	if h := b.health(c); h.Status != domain.Healthy || !h.NeedsReauth {
		t.Errorf("got %+v", h)
	}
	b.run(b.everything(c))
	if h := b.health(c); !h.NeedsReauth {
		t.Error("a look took back what only an event can")
	}
	b.receive(token, event("e2", domain.PullScope{Signal: domain.SignalRecovered}))
	b.run(b.kicked[2])
	if h := b.health(c); h.NeedsReauth {
		t.Errorf("got %+v", h)
	}
}

func TestAConnectionDeletedBeforeItsPull(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	id := b.everything(c)
	b.ok(b.DeleteConnection(b.ctx, b.tenant, c.ID, nil))
	if again := b.run(id); again != 0 || b.vendor.checks != 0 {
		t.Errorf("again in %v after %d checks", again, b.vendor.checks)
	}
	b.stands(id, domain.PullFailed, domain.ConnectionGone)
}

func TestAConnectionDeletedDuringItsPull(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	received := b.receive(b.mint(c), event("e1", domain.PullScope{}))
	id := b.kicked[0]
	b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return nil, b.DeleteConnection(b.ctx, b.tenant, c.ID, nil)
	}
	if again := b.run(id); again != 0 {
		t.Errorf("again in %v", again)
	}
	b.clock.pass(time.Minute)
	stranded, err := b.ListStuck(b.ctx, 10)
	b.ok(err)
	if diff := cmp.Diff([]domain.PullID{id}, stranded, cmp.AllowUnexported()); diff != "" {
		t.Fatal(diff)
	}
	b.run(id)
	b.stands(id, domain.PullFailed, domain.ConnectionGone)
	if d := b.delivered(received.Delivery.ID); d.Status != domain.DeliveryFailed {
		t.Errorf("its delivery is %s", d.Status)
	}
}
