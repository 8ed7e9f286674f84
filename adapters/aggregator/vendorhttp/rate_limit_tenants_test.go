package vendorhttp

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The tenants of the tests. The budget has a burst of one token, and newBudgetCalls uses that token for the first of
// these tenants. All later calls must therefore wait.
var (
	flooding = domain.TenantID{UUID: [16]byte{1}}
	second   = domain.TenantID{UUID: [16]byte{2}}
	third    = domain.TenantID{UUID: [16]byte{3}}
)

// slowBudget is a budget with a burst of one token, and tokenTime is the time between two of its tokens.
const (
	slowBudget = 16 // calls per minute
	tokenTime  = 4 * time.Second
)

// budgetCalls makes calls that take tokens from one bucket, and records in which order the calls receive their tokens.
// It must be used inside a synctest bubble.
type budgetCalls struct {
	*testing.T
	bucket  *tokenBucket
	all     sync.WaitGroup
	mu      sync.Mutex
	granted []domain.TenantID
}

func newBudgetCalls(t *testing.T) *budgetCalls {
	t.Helper()
	c := &budgetCalls{T: t, bucket: newTokenBucket(slowBudget, systemClock{})}
	if _, err := c.bucket.take(flooding, 0); err != nil { // uses the burst
		t.Fatal(err)
	}
	return c
}

// call makes a call of the tenant in a goroutine, and returns as soon as the call is queued.
func (c *budgetCalls) call(tenant domain.TenantID) {
	c.Helper()
	queued, err := c.bucket.take(tenant, time.Hour)
	if err != nil || queued == nil {
		c.Fatalf("the call got %v, %v, want to be queued", queued, err)
	}
	c.all.Go(func() {
		if err := c.bucket.await(c.Context(), queued, time.Hour); err != nil {
			c.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.granted = append(c.granted, tenant)
	})
	synctest.Wait()
}

func TestTenantsShareABudgetInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBudgetCalls(t)
		for _, tenant := range []domain.TenantID{flooding, flooding, flooding, flooding, second, second, third} {
			c.call(tenant)
		}
		began := time.Now()
		c.all.Wait()
		want := []domain.TenantID{flooding, second, third, flooding, second, flooding, flooding}
		if diff := cmp.Diff(want, c.granted); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(began).Round(time.Second); took != 7*tokenTime {
			t.Errorf("7 calls took %v, want one token each: %v", took, 7*tokenTime)
		}
	})
}

func TestAFloodOfOneTenantDelaysAnotherByTwoTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBudgetCalls(t)
		for range 100 {
			c.call(flooding)
		}
		time.Sleep(tokenTime / 2)
		began := time.Now()
		queued, err := c.bucket.take(second, 2*tokenTime)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.bucket.await(t.Context(), queued, 2*tokenTime); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*tokenTime {
			t.Errorf("the call of the other tenant waited %v, want at most two tokens: %v", took, 2*tokenTime)
		}
		c.all.Wait()
	})
}

// A call whose expected wait is too long must not be queued. The expected wait depends more on the
// waiting calls of the same tenant than on the waiting calls of other tenants.
func TestACallThatWouldWaitTooLongIsNotQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBudgetCalls(t)
		for range 10 {
			c.call(flooding)
		}
		for tenant, want := range map[domain.TenantID]time.Duration{
			flooding: 11 * tokenTime, second: 2 * tokenTime,
		} {
			_, err := c.bucket.take(tenant, want-time.Second)
			got := domain.RetryAfterOf(err)
			if !errors.Is(err, domain.BudgetExhausted) || got.Round(time.Second) != want {
				t.Errorf("got %v after %v, want budget_exhausted after %v", err, got, want)
			}
		}
		if left := c.bucket.left(time.Now()); left > -9 || left < -10 {
			t.Errorf("%v calls are left, want the 10 waiting ones as a negative number", left)
		}
		c.all.Wait()
	})
}

func TestACallThatIsGivenUpTakesNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBudgetCalls(t)
		ctx, cancel := context.WithCancel(t.Context())
		queued, _ := c.bucket.take(second, time.Hour)
		cancel()
		if err := c.bucket.await(ctx, queued, time.Hour); domain.CodeOf(err) != domain.Interrupted {
			t.Errorf("a canceled call got %v, want interrupted", err)
		}
		queued, _ = c.bucket.take(second, time.Hour)
		if err := c.bucket.await(t.Context(), queued, time.Second); !errors.Is(err, domain.BudgetExhausted) {
			t.Errorf("a call whose wait ended got %v, want budget_exhausted", err)
		}
		began := time.Now()
		c.call(flooding)
		c.all.Wait()
		if took := time.Since(began).Round(time.Second); took != tokenTime-time.Second {
			t.Errorf("the next call waited %v, want the rest of the time of one token", took)
		}
	})
}
