package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestAReplayAsksForTheWorkAgain(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	b.vendor.shows("r1", "r2")
	c := b.connection("books")
	d := b.receive(b.mint(c), event("e1", domain.PullScope{Removed: []string{"r1"}})).Delivery
	b.run(b.kicked[0])
	replayed, err := b.ReplayDelivery(b.ctx, b.tenant, d.ID)
	b.ok(err)
	if replayed.Status != domain.DeliveryAccepted || replayed.Pull == d.Pull || replayed.Pull != b.kicked[1] {
		t.Fatalf("got %+v", replayed)
	}
	if p := b.pull(replayed.Pull); p.Trigger != domain.TriggerReplay {
		t.Errorf("triggered by %s", p.Trigger)
	}
	b.run(replayed.Pull)
	if got := b.delivered(d.ID); got.Status != domain.DeliveryProcessed {
		t.Errorf("got %+v", got)
	}
	audits := noted[ports.Audited](b.seen)
	if last := audits[len(audits)-1]; last.Action != "delivery.replay" || last.Object != d.ID.String() {
		t.Errorf("audited %+v", last)
	}
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAReplayRefuses(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	token := b.mint(c)
	accepted := b.receive(token, event("e1", domain.PullScope{})).Delivery.ID
	ignored := b.receive(token, `{"DedupKey":"k"}`).Delivery.ID
	unreadable := b.receive(token, "<html>").Delivery.ID
	refuses := func(tenant domain.TenantID, id domain.DeliveryID, kind domain.Kind) {
		t.Helper()
		_, err := b.ReplayDelivery(b.ctx, tenant, id)
		b.fails(err, kind)
	}
	refuses(b.tenant, ignored, domain.Conflict)
	refuses(b.tenant, unreadable, domain.Conflict)
	refuses(b.tenant, domain.DeliveryID{UUID: uuid.New()}, domain.NotFound)
	refuses(domain.TenantID{UUID: uuid.New()}, accepted, domain.NotFound)
	b.ok(b.DeleteConnection(b.ctx, b.tenant, c.ID, nil))
	refuses(b.tenant, accepted, domain.Conflict)
}

func TestReplaysInBulk(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	token := b.mint(c)
	b.vendor.onCheck = func() error { return rejected(domain.AccountNotFound) }
	var failed []domain.DeliveryID
	for _, key := range []string{"e1", "e2", "e3"} {
		failed = append(failed, b.receive(token, event(key, domain.PullScope{})).Delivery.ID)
		b.clock.pass(time.Second)
	}
	b.receive(token, `{"DedupKey":"k"}`)
	b.run(b.kicked[0])
	b.vendor.onCheck = nil

	filter := ports.DeliveryFilter{Connection: c.ID, Status: domain.DeliveryFailed}
	replayed, err := b.ReplayDeliveries(b.ctx, b.tenant, filter, 2)
	b.ok(err)
	if len(replayed) != 2 || replayed[0].ID != failed[2] || replayed[1].ID != failed[1] || replayed[0].Pull != replayed[1].Pull {
		t.Errorf("got %+v", replayed)
	}
	b.run(replayed[0].Pull)
	replayed, err = b.ReplayDeliveries(b.ctx, b.tenant, filter, 100)
	b.ok(err)
	if len(replayed) != 1 || replayed[0].ID != failed[0] {
		t.Errorf("got %+v", replayed)
	}
	b.run(replayed[0].Pull)
	replayed, err = b.ReplayDeliveries(b.ctx, b.tenant, filter, 100)
	b.ok(err)
	if len(replayed) != 0 {
		t.Errorf("got %+v", replayed)
	}
}

func TestDeliveriesAreListedWithoutBodies(t *testing.T) {
	b := newBench(t)
	d := b.receive(b.mint(b.connection("books")), event("e1", domain.PullScope{})).Delivery
	page, err := b.ListDeliveries(b.ctx, b.tenant, ports.DeliveryFilter{EventID: "e1"}, domain.PageRequest{Limit: 5})
	b.ok(err)
	if len(page.Items) != 1 || page.Items[0].ID != d.ID || page.Items[0].Body != nil {
		t.Errorf("got %+v", page.Items)
	}
}
