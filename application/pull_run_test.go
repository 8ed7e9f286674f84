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

func TestTheInitialPullReadsEverything(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	created := map[string]time.Time{account: epoch}
	e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Created: created}))
	if again := e.runPull(e.nudged[0]); again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.receive(e.mintToken(c), eventBody("e2", domain.PullScope{Created: created}))
	e.runPull(e.nudged[1])
	want := []domain.PullScope{{Everything: true, Accounts: []string{account}}, {Created: created}}
	if diff := cmp.Diff(want, e.vendor.scopes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// A credential that cannot be decrypted does not change the connection's health, because the replica
// may have an outdated copy of the keyset. The pull is retried later with the current keyset.
func TestACredentialUnopenedForNowIsRetried(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	sealer := portmock.NewMockSealer(gomock.NewController(t))
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Credential{},
		unavailable(domain.CredentialUnopened))
	e.deps.Sealer = sealer
	_, err := e.newService().RunPull(e.ctx, id)
	e.noError(err)
	e.wantPull(id, domain.PullQueued, domain.CredentialUnopened)
	stored, err := e.Connections.Get(e.ctx, e.tenant, domain.Aggregator, c.ID)
	e.noError(err)
	if diff := cmp.Diff(domain.Health{}, stored.Health); diff != "" {
		t.Errorf("health: %s", diff)
	}
	e.clock.pass(time.Minute)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
}

// A failed pull does not count as the initial pull, so the next pull reads everything.
func TestTheInitialPullIsTheFirstThatSucceeds(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.vendor.onCheck = func() error { return rejected(domain.AccountNotFound) }
	e.runPull(e.requestFullPull(c))
	e.vendor.onCheck = nil
	p, err := e.RequestPull(e.ctx, e.tenant, c.ID, domain.Window{From: "2026-02-01"})
	e.noError(err)
	e.runPull(p.ID)
	if diff := cmp.Diff([]domain.PullScope{{Everything: true}}, e.vendor.scopes); diff != "" {
		t.Error(diff)
	}
}

func TestASucceededPullEmitsItsCounts(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	id := e.requestFullPull(e.createConnection("books"))
	e.runPull(id)
	p := e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 3, Added: 3}, p.Counts); diff != "" {
		t.Error(diff)
	}
	attempted := eventsOf[ports.PullAttempted](e.events)
	if len(attempted) != 1 || attempted[0].Err != nil || attempted[0].Counts != p.Counts ||
		attempted[0].Pull.State != domain.PullSucceeded || attempted[0].Took <= 0 {
		t.Errorf("emitted %+v, want exactly one event", attempted)
	}
	if again := e.runPull(id); again != 0 || len(e.vendor.scopes) != 1 {
		t.Error("a finished pull ran again")
	}
}

func TestAnUnknownPullNeedsNoWork(t *testing.T) {
	e := newEnv(t)
	if again := e.runPull(domain.PullID{UUID: e.deps.IDs.New()}); again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
}

func TestRetriesUseBackoff(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onAccounts = func() error { return unavailable(domain.VendorUnreachable) }
	var waited time.Duration
	for attempt := 1; attempt <= 5; attempt++ {
		again := e.runPull(id)
		longest := domain.Backoff(attempt, 0, 0)
		if again > longest || again < longest*3/4 {
			t.Errorf("attempt %d: next attempt in %v, want within a quarter of %v", attempt, again, longest)
		}
		p := e.wantPull(id, domain.PullQueued, domain.VendorUnreachable)
		if p.Attempts != attempt {
			t.Errorf("%d attempts, want %d", p.Attempts, attempt)
		}
		e.clock.pass(again)
		waited += again
	}
	if waited > 30*time.Second {
		t.Errorf("the first five retries took %v", waited)
	}
	e.vendor.onAccounts = nil
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
}

func TestRetryAfterOfTheVendorIsRespected(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onCheck = func() error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: 90 * time.Second}
	}
	if again := e.runPull(id); again != 90*time.Second {
		t.Errorf("next attempt in %v, want 1m30s", again)
	}
	if again := e.runPull(id); again < time.Second || again > 90*time.Second {
		t.Errorf("before the Retry-After has passed: next attempt in %v", again)
	}
	if e.vendor.checks != 1 {
		t.Error("the vendor was called before its Retry-After")
	}
}

// An attempt that the service's own rate budget refuses must not count, however often this happens.
func TestAnExhaustedBudgetIsNotCountedAsAnAttempt(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onCheck = func() error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: time.Second}
	}
	for range domain.MaxAttempts + 5 {
		if again := e.runPull(id); again != time.Second {
			t.Fatalf("next attempt in %v, want 1s", again)
		}
		e.clock.pass(time.Second)
	}
	if p := e.wantPull(id, domain.PullQueued, domain.BudgetExhausted); p.Attempts != 0 {
		t.Errorf("%d attempts were counted, want none", p.Attempts)
	}
}

func TestAPullFailsAfter25Attempts(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	received := e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{}))
	id := e.nudged[0]
	e.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	attempts := 0
	for again := time.Nanosecond; again > 0; attempts++ {
		again = e.runPull(id)
		e.clock.pass(again)
	}
	if attempts != domain.MaxAttempts {
		t.Errorf("%d attempts, want %d", attempts, domain.MaxAttempts)
	}
	e.wantPull(id, domain.PullFailed, domain.VendorUnreachable)
	if d := e.getDelivery(received.Delivery.ID); d.Status != domain.DeliveryFailed {
		t.Errorf("the delivery is %s, want failed", d.Status)
	}
	if h := e.getHealth(c); h.Status != domain.Unhealthy || h.Reason != domain.VendorUnreachable {
		t.Errorf("the health after the pull gave up is %+v, want unhealthy (vendor_unreachable)", h)
	}
}

// A pull fails with an error code if its connection's vendor is no longer registered.
func TestAPullOfAnUnregisteredVendorFails(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.deps.Aggregators = []ports.Aggregator{newVendor("belvo")}
	again, err := e.newService().RunPull(e.ctx, id)
	e.noError(err)
	if again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.wantPull(id, domain.PullFailed, domain.TypeUnknown)
}

func TestACredentialThatDoesNotOpenFailsThePull(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.sealer.held = nil
	e.runPull(id)
	e.wantPull(id, domain.PullFailed, domain.CredentialUnopened)
	if h := e.getHealth(c); h.Reason != domain.CredentialUnopened || h.NeedsReauth {
		t.Errorf("the health is %+v", h)
	}
	if len(eventsOf[ports.SealingFailed](e.events)) != 1 {
		t.Error("the failure was not emitted")
	}
}

func TestOnlyOnePullOfAConnectionRunsAtATime(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	first := e.requestFullPull(c)
	var second domain.PullID
	e.vendor.onAccounts = func() error {
		e.vendor.onAccounts = nil
		second = e.requestFullPull(c)
		if again := e.runPull(second); again < time.Second {
			t.Errorf("the second pull ran concurrently with the first: next attempt in %v", again)
		}
		return nil
	}
	e.runPull(first)
	e.runPull(second)
	e.wantPull(first, domain.PullSucceeded, "")
	e.wantPull(second, domain.PullSucceeded, "")
}

// When a worker is stopped, its pull is queued again, and the attempt does not count.
func TestAStoppedWorkerHandsItsPullBack(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	ctx, stop := context.WithCancel(e.ctx)
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "" {
			return nil, nil
		}
		stop()
		return nil, ctx.Err()
	}
	again, err := e.RunPull(ctx, id)
	e.noError(err)
	if again > time.Second {
		t.Errorf("next attempt in %v, want at most 1s", again)
	}
	if p := e.wantPull(id, domain.PullQueued, domain.Interrupted); p.Attempts != 0 {
		t.Errorf("%d attempts were counted, want none", p.Attempts)
	}
	e.vendor.onRead = nil
	e.clock.pass(again)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// An error without a kind is retried like other errors. The pull must record it only as an internal failure.
func TestAnErrorWithoutAKindIsRetried(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onCheck = func() error { return errors.New("a bug") }
	e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.InternalFailure)
	attempted := eventsOf[ports.PullAttempted](e.events)
	want := ports.PullAttempted{Err: errors.New("a bug")}
	if len(attempted) != 1 || cmp.Equal(attempted[0], want, cmpopts.EquateErrors()) {
		t.Errorf("emitted %v, want exactly one event", attempted)
	}
}

func TestBackoffWorksWithoutEntropy(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.deps.Entropy = &entropy{err: errors.New("dry")}
	e.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	again, err := e.newService().RunPull(e.ctx, id)
	e.noError(err)
	if again != time.Second {
		t.Errorf("next attempt in %v, want 1s", again)
	}
}
