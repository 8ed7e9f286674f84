package gormstore

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pendingFor returns a delivery that needs a pull. Two deliveries with the same key belong to the same event.
func pendingFor(token domain.TokenHash, key string) PendingDelivery {
	incoming := ports.IncomingDelivery{
		Delivery: domain.DeliveryID{UUID: uuid.New()}, Pull: domain.PullID{UUID: uuid.New()},
		Token: token, Vendor: "pluggy", SourceAdmitted: true,
		Event: domain.WebhookEvent{DedupKey: key, WantsPull: true},
	}
	return PendingDelivery{IncomingDelivery: incoming, Fingerprint: domain.FingerprintOf(incoming.Event, nil)}
}

// bindingFor returns the binding of a new token that belongs to the connection.
func bindingFor(connection uuid.UUID) TokenBinding {
	return TokenBinding{Token: uuid.New(), Tenant: uuid.New(), Connection: connection, Vendor: "pluggy"}
}

func TestEachDeliveryOfABatchHasTheResultOfItsEvent(t *testing.T) {
	first, second := domain.HashToken("first"), domain.HashToken("second")
	connection := uuid.New()
	bindings := map[domain.TokenHash]TokenBinding{first: bindingFor(connection), second: bindingFor(connection)}
	otherVendor := pendingFor(first, "new")
	otherVendor.Vendor = "belvo"
	b := Deduplicate([]PendingDelivery{
		pendingFor(first, "new"), pendingFor(first, "stored"), pendingFor(second, "new"), otherVendor,
		pendingFor(domain.HashToken("unknown"), "new"), pendingFor(second, "pruned"),
	}, bindings)
	if len(b.Events) != 3 {
		t.Fatalf("%d events, want 3", len(b.Events))
	}
	earlier := domain.Delivery{
		ID: domain.DeliveryID{UUID: uuid.New()}, Connection: domain.ConnectionID{UUID: connection},
		Fingerprint: b.Deliveries[1].Fingerprint,
	}
	b.Events[0].Inserted = true
	b.SetEarlier(earlier)
	b.SetEarlier(domain.Delivery{ID: earlier.ID}) // repeats no event of the batch

	type outcome struct {
		Delivery  domain.DeliveryID
		Token     uuid.UUID
		Duplicate bool
		Err       error
	}
	var got []outcome
	missing := errors.New("missing")
	for _, r := range b.Results(missing) {
		kind := r.Err
		if errors.Is(kind, domain.Unauthenticated) {
			kind = domain.Unauthenticated
		}
		got = append(got, outcome{r.Delivery.ID, r.Token.UUID, r.Duplicate, kind})
	}
	stored := b.Deliveries[0].Delivery
	want := []outcome{
		{stored, bindings[first].Token, false, nil},
		{earlier.ID, bindings[first].Token, true, nil},
		{stored, bindings[second].Token, true, nil},
		{Err: domain.Unauthenticated},
		{Err: domain.Unauthenticated},
		{Err: missing},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) })); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestNewEventsOfAConnectionShareOnePull(t *testing.T) {
	withQueued, without := domain.HashToken("with"), domain.HashToken("without")
	bindings := map[domain.TokenHash]TokenBinding{withQueued: bindingFor(uuid.New()), without: bindingFor(uuid.New())}
	unwanted := pendingFor(without, "unwanted")
	unwanted.Event.WantsPull = false
	b := Deduplicate([]PendingDelivery{
		pendingFor(withQueued, "a"), pendingFor(without, "stored"), unwanted, pendingFor(without, "b"),
		pendingFor(without, "c"), pendingFor(withQueued, "d"),
	}, bindings)
	b.Events[1].Earlier = &domain.Delivery{}
	queued := uuid.New()
	b.AssignPulls(map[uuid.UUID]uuid.UUID{bindings[withQueued].Connection: queued})

	type assigned struct {
		Pull uuid.UUID
		New  bool
	}
	var got []assigned
	for _, e := range b.Events {
		got = append(got, assigned{e.Pull, e.NewPull})
	}
	created := b.Deliveries[3].Pull.UUID
	want := []assigned{{queued, false}, {}, {}, {created, true}, {created, true}, {queued, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pulls (-want +got):\n%s", diff)
	}
}
