package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Every refused request must get the same error text. The cause of the error, which is only logged, must name the
// reason.
func TestAllRefusalsAreTheSame(t *testing.T) {
	e := newEnv(t)
	token := e.mintToken(e.createConnection("books"))
	body := eventBody("e1", domain.PullScope{Everything: true})
	good := webhookRequest(token, body)
	revoked, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.noError(err)
	e.noError(e.RevokeToken(e.ctx, e.tenant, revoked.ID, false))
	tests := map[string]struct {
		change func(*domain.WebhookRequest)
		reason string
	}{
		"no such token": {
			func(request *domain.WebhookRequest) { request.Token = "nothing" }, "unknown token",
		},
		"no token": {func(request *domain.WebhookRequest) { request.Token = "" }, "unknown token"},
		"a revoked token": {
			func(request *domain.WebhookRequest) { request.Token = string(revoked.Raw.Reveal()) }, "token revoked",
		},
		"a token of another vendor": {
			func(request *domain.WebhookRequest) {
				e.deps.Sources["belvo"] = domain.SourcePolicy{Authorization: domain.SecretText("belvo's")}
				request.Vendor, request.Authorization = "belvo", "belvo's"
			}, "token of another vendor",
		},
		"an unproved source": {
			func(request *domain.WebhookRequest) { request.Authorization = "wrong" }, "source not proved",
		},
		"a vendor without policy": {
			func(request *domain.WebhookRequest) {
				delete(e.deps.Sources, "belvo")
				request.Vendor = "belvo"
			}, "source not proved",
		},
		"a vendor not wired": {func(request *domain.WebhookRequest) { request.Vendor = "unknown" }, "unknown vendor"},
		"no vendor":          {func(request *domain.WebhookRequest) { request.Vendor = "" }, "unknown vendor"},
		"neither token nor source": {
			func(request *domain.WebhookRequest) { request.Token, request.Authorization = "x", "y" },
			"source not proved",
		},
	}
	for cause, c := range tests {
		t.Run(cause, func(t *testing.T) {
			request := good
			c.change(&request)
			e.events.all = nil
			_, err := e.Receive(e.ctx, request)
			if err == nil || err.Error() != (&domain.Error{Kind: domain.Unauthenticated}).Error() {
				t.Errorf("got the error %v", err)
			}
			if reason := errors.Unwrap(err); reason == nil || reason.Error() != c.reason {
				t.Errorf("the reason is %v, want %s", reason, c.reason)
			}
			want := ports.WebhookReceived{Outcome: "refused", Vendor: request.Vendor}
			if request.Vendor == "unknown" {
				want.Vendor = ""
			}
			if diff := cmp.Diff([]ports.TelemetryEvent{want}, e.events.all); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(e.nudged) != 0 {
		t.Error("a refusal queued a pull")
	}
	if got := e.receive(token, body); got.Delivery.Status != domain.DeliveryAccepted {
		t.Errorf("the valid webhook is %s", got.Delivery.Status)
	}
}

// A refused webhook must get the same response even if the reason for the refusal cannot be determined.
func TestARefusalNeedsNoReason(t *testing.T) {
	e := newEnv(t)
	e.failOperation("Tokens.FindByHash")
	_, err := e.Receive(e.ctx, webhookRequest("nothing", "{}"))
	e.wantError(err, domain.Unauthenticated)
	if reason := errors.Unwrap(err); reason == nil || reason.Error() != "no live token of the vendor" {
		t.Errorf("the reason is %v", reason)
	}
}

func TestTheReceiverSetsTheDeliveryStatus(t *testing.T) {
	noPull := `{"Name":"rows/boring","DedupKey":"k"}`
	foreign := `{"Name":"rows/changed","DedupKey":"k","AccountRef":"another","WantsPull":true}`
	own := `{"Name":"rows/changed","DedupKey":"k","AccountRef":"item-1","WantsPull":true}`
	tests := map[string]struct {
		body string
		want domain.DeliveryStatus
	}{
		"accepted: it requests a pull":           {own, domain.DeliveryAccepted},
		"unreadable: not the vendor's JSON":      {"<html>", domain.DeliveryUnreadable},
		"unreadable: no body at all":             {"", domain.DeliveryUnreadable},
		"ignored: it requests no pull":           {noPull, domain.DeliveryIgnored},
		"ignored: for another account reference": {foreign, domain.DeliveryIgnored},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			got := e.receive(e.mintToken(e.createConnection("books")), test.body)
			if got.Delivery.Status != test.want || got.Duplicate {
				t.Errorf("got %+v", got)
			}
			if queued := len(e.nudged) == 1; queued != (test.want == domain.DeliveryAccepted) {
				t.Errorf("nudged the pulls %v", e.nudged)
			}
			stored := e.getDelivery(got.Delivery.ID)
			body := test.body
			if body == foreign {
				body = "" // the event belongs to no connection
			}
			if string(stored.Body) != body || stored.Status != test.want {
				t.Errorf("stored %+v", stored)
			}
			emitted := eventsOf[ports.WebhookReceived](e.events)
			want := []ports.WebhookReceived{{Vendor: "pluggy", Outcome: string(test.want), Delivery: got.Delivery.ID}}
			if diff := cmp.Diff(want, emitted); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADuplicateDeliveryQueuesNoPull(t *testing.T) {
	e := newEnv(t)
	token := e.mintToken(e.createConnection("books"))
	first := e.receive(token, eventBody("e1", domain.PullScope{Everything: true}))
	e.runPull(e.nudged[0])
	again := e.receive(token, eventBody("e1", domain.PullScope{Everything: true, Removed: []string{"x"}}))
	if !again.Duplicate || again.Delivery.ID != first.Delivery.ID || len(e.nudged) != 1 {
		t.Errorf("got %+v, nudged the pulls %v", again, e.nudged)
	}
	emitted := eventsOf[ports.WebhookReceived](e.events)
	if emitted[1].Outcome != "duplicate" {
		t.Errorf("emitted %v", emitted)
	}
}

func TestManyDeliveriesAreOnePull(t *testing.T) {
	e := newEnv(t)
	token := e.mintToken(e.createConnection("books"))
	var all []domain.DeliveryID
	for _, key := range []string{"e1", "e2", "e3"} {
		all = append(all, e.receive(token, eventBody(key, domain.PullScope{Removed: []string{key}})).Delivery.ID)
	}
	if len(e.nudged) != 1 {
		t.Fatalf("nudged the pulls %v", e.nudged)
	}
	e.runPull(e.nudged[0])
	for _, id := range all {
		if d := e.getDelivery(id); d.Status != domain.DeliveryProcessed || d.Pull != e.nudged[0] {
			t.Errorf("got %+v", d)
		}
	}
}

// A delivery that arrives while a pull is reading is processed by the next pull.
func TestADeliveryNeverJoinsAPullThatReads(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	token := e.mintToken(c)
	first := e.requestFullPull(c)
	var late domain.Delivery
	e.vendor.onAccounts = func() error {
		late = e.receive(token, eventBody("late", domain.PullScope{Everything: true})).Delivery
		e.vendor.onAccounts = nil
		return nil
	}
	e.runPull(first)
	if d := e.getDelivery(late.ID); d.Status != domain.DeliveryAccepted || d.Pull == first {
		t.Fatalf("got %+v", d)
	}
	e.runPull(late.Pull)
	if d := e.getDelivery(late.ID); d.Status != domain.DeliveryProcessed {
		t.Errorf("got %+v", d)
	}
}

func TestAParserErrorStoresNoDelivery(t *testing.T) {
	e := newEnv(t)
	e.deps.Aggregators = []ports.Aggregator{brokenParser{e.vendor}}
	token := e.mintToken(e.createConnection("books"))
	_, err := e.newService().Receive(e.ctx, webhookRequest(token, "{}"))
	e.wantError(err, errBroken)
}

var errBroken = errors.New("broken")

type brokenParser struct{ *vendor }

func (brokenParser) Parse([]byte) (domain.WebhookEvent, error) {
	return domain.WebhookEvent{}, errBroken
}

// The trace of a request is stored with the pull that the request queued, and the pull continues this
// trace.
func TestThePullContinuesTheTraceOfItsRequest(t *testing.T) {
	e := newEnv(t)
	tracer := &tracer{}
	e.deps.Tracer = tracer
	service := e.newService()
	c := e.createConnection("books")
	p, err := service.RequestPull(e.ctx, e.tenant, c.ID, domain.Window{})
	e.noError(err)
	e.vendor.onCheck = func() error { return rejected(domain.AccountNotFound) }
	_, err = service.RunPull(e.ctx, p.ID)
	e.noError(err)
	if tracer.carried != 1 || len(tracer.resumed) != 1 || tracer.resumed[0] != "pull pluggy" {
		t.Errorf("got %+v", tracer)
	}
	e.wantError(tracer.ended, domain.AccountNotFound)
}

type tracer struct {
	carried int
	resumed []string
	ended   error
}

func (t *tracer) Inject(context.Context) string {
	t.carried++
	return "trace"
}

func (t *tracer) StartSpan(ctx context.Context, _, name string) (context.Context, func(error)) {
	t.resumed = append(t.resumed, name)
	return ctx, func(err error) { t.ended = err }
}
