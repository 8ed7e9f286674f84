package application_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/mock/gomock"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/portmock"
)

func TestTheFirstPullReadsEverything(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	created := map[string]time.Time{account: epoch}
	b.receive(b.mint(c), event("e1", domain.PullScope{Created: created}))
	if again := b.run(b.kicked[0]); again != 0 {
		t.Errorf("again in %v", again)
	}
	b.receive(b.mint(c), event("e2", domain.PullScope{Created: created}))
	b.run(b.kicked[1])
	want := []domain.PullScope{{Everything: true}, {Created: created}}
	if diff := cmp.Diff(want, b.vendor.asks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// A keyset that is an old copy says nothing of the credential: the pull waits for the new one.
func TestACredentialThatDoesNotOpenIsTriedAgain(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1")
	c := b.connection("books")
	id := b.everything(c)
	sealer := portmock.NewMockSealer(gomock.NewController(t))
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Credential{}, unavailable(domain.CredentialUnopened))
	b.deps.Sealer = sealer
	_, err := b.again().RunPull(b.ctx, id)
	b.ok(err)
	b.stands(id, domain.PullQueued, domain.CredentialUnopened)
	kept, err := b.Connections.Get(b.ctx, b.tenant, domain.Aggregator, c.ID)
	b.ok(err)
	if diff := cmp.Diff(domain.Health{}, kept.Health); diff != "" {
		t.Errorf("health: %s", diff)
	}
	b.clock.pass(time.Minute)
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
}

// A pull that failed does not count as the first.
func TestTheFirstPullIsTheFirstThatSucceeds(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.vendor.onCheck = func() error { return rejected(domain.AccountNotFound) }
	b.run(b.everything(c))
	b.vendor.onCheck = nil
	p, err := b.RequestPull(b.ctx, b.tenant, c.ID, domain.Window{From: "2026-02-01"})
	b.ok(err)
	b.run(p.ID)
	if diff := cmp.Diff([]domain.PullScope{{Everything: true}}, b.vendor.asks); diff != "" {
		t.Error(diff)
	}
}

func TestASucceededPullTellsWhatItDid(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	id := b.everything(b.connection("books"))
	b.run(id)
	p := b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 3, Added: 3}, p.Counts); diff != "" {
		t.Error(diff)
	}
	tried := noted[ports.PullAttempted](b.seen)
	if len(tried) != 1 || tried[0].Err != nil || tried[0].Counts != p.Counts || tried[0].Pull.State != domain.PullSucceeded || tried[0].Took <= 0 {
		t.Errorf("observed %+v", tried)
	}
	if again := b.run(id); again != 0 || len(b.vendor.asks) != 1 {
		t.Error("a pull that is over ran again")
	}
}

func TestAPullThatIsUnknownIsNothingToDo(t *testing.T) {
	b := newBench(t)
	if again := b.run(domain.PullID{UUID: b.deps.IDs.New()}); again != 0 {
		t.Errorf("again in %v", again)
	}
}

func TestRetriesBackOff(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.vendor.onAccounts = func() error { return unavailable(domain.VendorUnreachable) }
	var waited time.Duration
	for attempt := 1; attempt <= 5; attempt++ {
		again := b.run(id)
		longest := domain.Backoff(attempt, 0, 0)
		if again > longest || again < longest*3/4 {
			t.Errorf("try %d: again in %v, want within a quarter of %v", attempt, again, longest)
		}
		p := b.stands(id, domain.PullQueued, domain.VendorUnreachable)
		if p.Attempts != attempt {
			t.Errorf("%d attempts, want %d", p.Attempts, attempt)
		}
		b.clock.pass(again)
		waited += again
	}
	if waited > 30*time.Second {
		t.Errorf("the first five retries took %v", waited)
	}
	b.vendor.onAccounts = nil
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
}

func TestAVendorsWishIsObeyed(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.vendor.onCheck = func() error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: 90 * time.Second}
	}
	if again := b.run(id); again != 90*time.Second {
		t.Errorf("again in %v", again)
	}
	if again := b.run(id); again < time.Second || again > 90*time.Second {
		t.Errorf("before its time: again in %v", again)
	}
	if b.vendor.checks != 1 {
		t.Error("the vendor was asked before the time it wished")
	}
}

// A try that our own budget did not let out costs nothing, however many there are.
func TestABudgetIsNotAnAttempt(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.vendor.onCheck = func() error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: time.Second}
	}
	for range domain.MaxAttempts + 5 {
		if again := b.run(id); again != time.Second {
			t.Fatalf("again in %v", again)
		}
		b.clock.pass(time.Second)
	}
	if p := b.stands(id, domain.PullQueued, domain.BudgetExhausted); p.Attempts != 0 {
		t.Errorf("%d attempts", p.Attempts)
	}
}

func TestAPullIsGivenUpAfter25Tries(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	received := b.receive(b.mint(c), event("e1", domain.PullScope{}))
	id := b.kicked[0]
	b.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	tries := 0
	for again := time.Nanosecond; again > 0; tries++ {
		again = b.run(id)
		b.clock.pass(again)
	}
	if tries != domain.MaxAttempts {
		t.Errorf("%d tries, want %d", tries, domain.MaxAttempts)
	}
	b.stands(id, domain.PullFailed, domain.VendorUnreachable)
	if d := b.delivered(received.Delivery.ID); d.Status != domain.DeliveryFailed {
		t.Errorf("its delivery is %s", d.Status)
	}
	if h := b.health(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("a vendor that is away says nothing of the connection: %+v", h)
	}
}

// A connection whose vendor is not wired any more fails visibly.
func TestAnUnpluggedVendor(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.deps.Aggregators = []ports.Aggregator{newVendor("belvo")}
	again, err := b.again().RunPull(b.ctx, id)
	b.ok(err)
	if again != 0 {
		t.Errorf("again in %v", again)
	}
	b.stands(id, domain.PullFailed, domain.TypeUnknown)
}

func TestACredentialThatDoesNotOpen(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	id := b.everything(c)
	b.sealer.held = nil
	b.run(id)
	b.stands(id, domain.PullFailed, domain.CredentialUnopened)
	if h := b.health(c); h.Reason != domain.CredentialRejected {
		t.Errorf("got %+v", h)
	}
	if len(noted[ports.SealingFailed](b.seen)) != 1 {
		t.Error("the failure was not observed")
	}
}

func TestOnePullOfAConnectionAtATime(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	first := b.everything(c)
	var second domain.PullID
	b.vendor.onAccounts = func() error {
		b.vendor.onAccounts = nil
		second = b.everything(c)
		if again := b.run(second); again < time.Second {
			t.Errorf("the second ran beside the first: again in %v", again)
		}
		return nil
	}
	b.run(first)
	b.run(second)
	b.stands(first, domain.PullSucceeded, "")
	b.stands(second, domain.PullSucceeded, "")
}

// A worker that is told to stop hands its work back, and the try is not counted.
func TestAWorkerThatIsToldToStop(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	id := b.everything(c)
	ctx, stop := context.WithCancel(b.ctx)
	b.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "" {
			return nil, nil
		}
		stop()
		return nil, ctx.Err()
	}
	again, err := b.RunPull(ctx, id)
	b.ok(err)
	if again > time.Second {
		t.Errorf("again in %v", again)
	}
	if p := b.stands(id, domain.PullQueued, domain.Interrupted); p.Attempts != 0 {
		t.Errorf("%d attempts", p.Attempts)
	}
	b.vendor.onRead = nil
	b.clock.pass(again)
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// Faults of no kind are retried like any, and shown as nothing but internal.
func TestAFaultOfNoKind(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.vendor.onCheck = func() error { return errors.New("a bug") }
	b.run(id)
	b.stands(id, domain.PullQueued, domain.InternalFailure)
	tried := noted[ports.PullAttempted](b.seen)
	want := ports.PullAttempted{Err: errors.New("a bug")}
	if len(tried) != 1 || cmp.Equal(tried[0], want, cmpopts.EquateErrors()) {
		t.Errorf("observed %v", tried)
	}
}

func TestJitterDoesWithoutEntropy(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.deps.Entropy = &entropy{err: errors.New("dry")}
	b.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	again, err := b.again().RunPull(b.ctx, id)
	b.ok(err)
	if again != time.Second {
		t.Errorf("again in %v", again)
	}
}
