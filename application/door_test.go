package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Every refusal is the same, whatever its cause.
func TestRefusalsAreAllAlike(t *testing.T) {
	b := newBench(t)
	token := b.mint(b.connection("books"))
	body := event("e1", domain.PullScope{Everything: true})
	good := knock(token, body)
	tests := map[string]func(*domain.WebhookRequest){
		"no such token":            func(k *domain.WebhookRequest) { k.Token = "nothing" },
		"no token":                 func(k *domain.WebhookRequest) { k.Token = "" },
		"an unproved source":       func(k *domain.WebhookRequest) { k.Authorization = "wrong" },
		"a vendor without policy":  func(k *domain.WebhookRequest) { k.Vendor = "belvo" },
		"a vendor not wired":       func(k *domain.WebhookRequest) { k.Vendor = "nobody" },
		"no vendor":                func(k *domain.WebhookRequest) { k.Vendor = "" },
		"neither token nor source": func(k *domain.WebhookRequest) { k.Token, k.Authorization = "x", "y" },
	}
	for cause, spoil := range tests {
		t.Run(cause, func(t *testing.T) {
			k := good
			spoil(&k)
			b.seen.all = nil
			_, err := b.Receive(b.ctx, k)
			if diff := cmp.Diff(&domain.Error{Kind: domain.Unauthenticated}, err); diff != "" {
				t.Error(diff)
			}
			want := ports.WebhookReceived{Outcome: "refused", Vendor: k.Vendor}
			if k.Vendor == "nobody" {
				want.Vendor = ""
			}
			if diff := cmp.Diff([]ports.Event{want}, b.seen.all); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(b.kicked) != 0 {
		t.Error("a refusal queued a pull")
	}
	if got := b.receive(token, body); got.Delivery.Status != domain.DeliveryAccepted {
		t.Errorf("the good knock is %s", got.Delivery.Status)
	}
}

func TestTheDoorSorts(t *testing.T) {
	unwanted := `{"Name":"rows/boring","DedupKey":"k"}`
	foreign := `{"Name":"rows/changed","DedupKey":"k","AccountRef":"another","WantsPull":true}`
	own := `{"Name":"rows/changed","DedupKey":"k","AccountRef":"item-1","WantsPull":true}`
	tests := map[string]struct {
		body string
		want domain.DeliveryStatus
	}{
		"accepted: it asks for something":   {own, domain.DeliveryAccepted},
		"unreadable: not the vendor's JSON": {"<html>", domain.DeliveryUnreadable},
		"unreadable: no body at all":        {"", domain.DeliveryUnreadable},
		"ignored: it asks for nothing":      {unwanted, domain.DeliveryIgnored},
		"ignored: of another reference":     {foreign, domain.DeliveryIgnored},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			got := b.receive(b.mint(b.connection("books")), test.body)
			if got.Delivery.Status != test.want || got.Duplicate {
				t.Errorf("got %+v", got)
			}
			if queued := len(b.kicked) == 1; queued != (test.want == domain.DeliveryAccepted) {
				t.Errorf("kicked %v", b.kicked)
			}
			stored := b.delivered(got.Delivery.ID)
			if string(stored.Body) != test.body || stored.Status != test.want {
				t.Errorf("stored %+v", stored)
			}
			seen := noted[ports.WebhookReceived](b.seen)
			want := []ports.WebhookReceived{{Vendor: "pluggy", Outcome: string(test.want), Delivery: got.Delivery.ID}}
			if diff := cmp.Diff(want, seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADuplicateQueuesNothing(t *testing.T) {
	b := newBench(t)
	token := b.mint(b.connection("books"))
	first := b.receive(token, event("e1", domain.PullScope{Everything: true}))
	b.run(b.kicked[0])
	again := b.receive(token, event("e1", domain.PullScope{Everything: true, Removed: []string{"x"}}))
	if !again.Duplicate || again.Delivery.ID != first.Delivery.ID || len(b.kicked) != 1 {
		t.Errorf("got %+v, kicked %v", again, b.kicked)
	}
	seen := noted[ports.WebhookReceived](b.seen)
	if seen[1].Outcome != "duplicate" {
		t.Errorf("observed %v", seen)
	}
}

func TestManyDeliveriesAreOnePull(t *testing.T) {
	b := newBench(t)
	token := b.mint(b.connection("books"))
	var all []domain.DeliveryID
	for _, key := range []string{"e1", "e2", "e3"} {
		all = append(all, b.receive(token, event(key, domain.PullScope{Removed: []string{key}})).Delivery.ID)
	}
	if len(b.kicked) != 1 {
		t.Fatalf("kicked %v", b.kicked)
	}
	b.run(b.kicked[0])
	for _, id := range all {
		if d := b.delivered(id); d.Status != domain.DeliveryProcessed || d.Pull != b.kicked[0] {
			t.Errorf("got %+v", d)
		}
	}
}

// What arrives while a pull reads is for the pull after it.
func TestADeliveryNeverJoinsAPullThatReads(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	token := b.mint(c)
	first := b.everything(c)
	var late domain.Delivery
	b.vendor.onAccounts = func() error {
		late = b.receive(token, event("late", domain.PullScope{Everything: true})).Delivery
		b.vendor.onAccounts = nil
		return nil
	}
	b.run(first)
	if d := b.delivered(late.ID); d.Status != domain.DeliveryAccepted || d.Pull == first {
		t.Fatalf("got %+v", d)
	}
	b.run(late.Pull)
	if d := b.delivered(late.ID); d.Status != domain.DeliveryProcessed {
		t.Errorf("got %+v", d)
	}
}

func TestAParserThatBreaksIsNoDelivery(t *testing.T) {
	b := newBench(t)
	b.deps.Aggregators = []ports.Aggregator{broken{b.vendor}}
	token := b.mint(b.connection("books"))
	_, err := b.again().Receive(b.ctx, knock(token, "{}"))
	b.fails(err, errBroken)
}

var errBroken = errors.New("broken")

type broken struct{ *vendor }

func (broken) Parse([]byte) (domain.WebhookEvent, error) { return domain.WebhookEvent{}, errBroken }

// The trace of the request is kept with the pull that it queued.
func TestATraceGoesOnInThePull(t *testing.T) {
	b := newBench(t)
	tracer := &tracer{}
	b.deps.Tracer = tracer
	service := b.again()
	c := b.connection("books")
	p, err := service.RequestPull(b.ctx, b.tenant, c.ID, domain.Window{})
	b.ok(err)
	b.vendor.onCheck = func() error { return rejected(domain.AccountNotFound) }
	_, err = service.RunPull(b.ctx, p.ID)
	b.ok(err)
	if tracer.carried != 1 || len(tracer.resumed) != 1 || tracer.resumed[0] != "pull pluggy" {
		t.Errorf("got %+v", tracer)
	}
	b.fails(tracer.ended, domain.AccountNotFound)
}

type tracer struct {
	carried int
	resumed []string
	ended   error
}

func (t *tracer) Carry(context.Context) string {
	t.carried++
	return "trace"
}

func (t *tracer) Resume(ctx context.Context, _, name string) (context.Context, func(error)) {
	t.resumed = append(t.resumed, name)
	return ctx, func(err error) { t.ended = err }
}
