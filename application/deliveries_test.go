package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestAReplayQueuesAPullAgain(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	d := e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Removed: []string{"r1"}})).Delivery
	e.runPull(e.nudged[0])
	e.vendor.setRows("r2")
	replayed, err := e.ReplayDelivery(e.ctx, e.tenant, d.ID)
	e.noError(err)
	if replayed.Status != domain.DeliveryAccepted || replayed.Pull == d.Pull || replayed.Pull != e.nudged[1] {
		t.Fatalf("got %+v", replayed)
	}
	if p := e.getPull(replayed.Pull); p.Trigger != domain.TriggerReplay {
		t.Errorf("triggered by %s", p.Trigger)
	}
	e.runPull(replayed.Pull)
	if got := e.getDelivery(d.ID); got.Status != domain.DeliveryProcessed {
		t.Errorf("got %+v", got)
	}
	audits := eventsOf[ports.Audited](e.events)
	if last := audits[len(audits)-1]; last.Action != "delivery.replay" || last.Object != d.ID.String() {
		t.Errorf("audited %+v", last)
	}
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// If the vendor returns a row again after it was deleted, a replay of the webhook that announced the deletion must
// not remove the row.
func TestAReplayOfADeletionKeepsARowThatCameBack(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	token := e.mintToken(c)
	e.runPull(e.requestFullPull(c))
	e.vendor.setRows("r2")
	d := e.receive(token, eventBody("gone", domain.PullScope{Removed: []string{"r1", "r2"}})).Delivery
	e.runPull(d.Pull)
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v2 removed"}, e.storedRows(c)); diff != "" {
		t.Fatal(diff)
	}
	e.runPull(e.requestFullPull(c))
	replayed, err := e.ReplayDelivery(e.ctx, e.tenant, d.ID)
	e.noError(err)
	e.runPull(replayed.Pull)
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v3"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	e.wantDelivery(d, domain.DeliveryProcessed)
}

// If the pull that should remove a deleted row has failed, a replay of the webhook that announced the deletion must
// remove the row.
func TestAReplayOfADeletionThatFailedRemovesTheRow(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	token := e.mintToken(c)
	e.vendor.onCheck = func() error { return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected} }
	d := e.receive(token, eventBody("gone", domain.PullScope{Removed: []string{"r1"}})).Delivery
	e.runPull(d.Pull)
	e.wantDelivery(d, domain.DeliveryFailed)
	e.vendor.onCheck = nil
	replayed, err := e.ReplayDelivery(e.ctx, e.tenant, d.ID)
	e.noError(err)
	e.runPull(replayed.Pull)
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAReplayIsRefused(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	token := e.mintToken(c)
	accepted := e.receive(token, eventBody("e1", domain.PullScope{})).Delivery.ID
	ignored := e.receive(token, `{"DedupKey":"k"}`).Delivery.ID
	unreadable := e.receive(token, "<html>").Delivery.ID
	refuses := func(tenant domain.TenantID, id domain.DeliveryID, kind domain.Kind) {
		t.Helper()
		_, err := e.ReplayDelivery(e.ctx, tenant, id)
		e.wantError(err, kind)
	}
	refuses(e.tenant, ignored, domain.Conflict)
	refuses(e.tenant, unreadable, domain.Conflict)
	refuses(e.tenant, domain.DeliveryID{UUID: uuid.New()}, domain.NotFound)
	refuses(domain.TenantID{UUID: uuid.New()}, accepted, domain.NotFound)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	refuses(e.tenant, accepted, domain.Conflict)
}

func TestDeliveriesAreReplayedInBulk(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	token := e.mintToken(c)
	e.vendor.onCheck = func() error { return rejected(domain.AccountNotFound) }
	var failed []domain.DeliveryID
	for _, key := range []string{"e1", "e2", "e3"} {
		failed = append(failed, e.receive(token, eventBody(key, domain.PullScope{})).Delivery.ID)
		e.clock.pass(time.Second)
	}
	e.receive(token, `{"DedupKey":"k"}`)
	e.runPull(e.nudged[0])
	e.vendor.onCheck = nil

	filter := ports.DeliveryFilter{Connection: c.ID, Status: domain.DeliveryFailed}
	replayed, err := e.ReplayDeliveries(e.ctx, e.tenant, filter, 2)
	e.noError(err)
	got := map[domain.DeliveryID]bool{}
	for _, d := range replayed {
		got[d.ID] = d.Pull == replayed[0].Pull
	}
	if diff := cmp.Diff(map[domain.DeliveryID]bool{failed[1]: true, failed[2]: true}, got); diff != "" {
		t.Errorf("whether the deliveries have one pull (-want +got):\n%s", diff)
	}
	e.runPull(replayed[0].Pull)
	replayed, err = e.ReplayDeliveries(e.ctx, e.tenant, filter, 100)
	e.noError(err)
	if len(replayed) != 1 || replayed[0].ID != failed[0] {
		t.Errorf("got %+v", replayed)
	}
	e.runPull(replayed[0].Pull)
	replayed, err = e.ReplayDeliveries(e.ctx, e.tenant, filter, 100)
	e.noError(err)
	if len(replayed) != 0 {
		t.Errorf("got %+v", replayed)
	}
}

func TestDeliveriesAreListedWithoutBodies(t *testing.T) {
	e := newEnv(t)
	d := e.receive(e.mintToken(e.createConnection("books")), eventBody("e1", domain.PullScope{})).Delivery
	page, err := e.ListDeliveries(e.ctx, e.tenant, ports.DeliveryFilter{EventID: "e1"}, domain.PageRequest{Limit: 5})
	e.noError(err)
	if len(page.Items) != 1 || page.Items[0].ID != d.ID || page.Items[0].Body != nil {
		t.Errorf("got %+v", page.Items)
	}
}
