package vendorhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func newClock() *porttest.Clock {
	return porttest.NewClock(time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC))
}

// TestNoMinuteExceedsTheRateLimit checks that not even the minute with the most calls exceeds the
// limit. This minute starts with a full bucket, and every token is used as soon as it is available.
func TestNoMinuteExceedsTheRateLimit(t *testing.T) {
	for _, perMinute := range []int{1, 2, 7, 60, 360} {
		t.Run(fmt.Sprint(perMinute), func(t *testing.T) {
			clock, taken := newClock(), 0
			b := newTokenBucket(perMinute, clock)
			for range 6000 {
				if _, err := b.take(domain.TenantID{}, 0); err == nil {
					taken++
				}
				clock.Advance(10 * time.Millisecond)
			}
			if taken > max(perMinute, 2) || taken < perMinute*9/10 {
				t.Errorf("%d calls in a minute, limit %d", taken, perMinute)
			}
		})
	}
}

func TestAnExhaustedBudgetReturnsWhenToRetry(t *testing.T) {
	clock := newClock()
	var calls atomic.Int32
	client, call := serve(t, Config{Clock: clock, MaxBudgetWait: -1}, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = io.WriteString(w, "{}")
	})
	call.Vendor = &Vendor{Name: "sim", Budgets: map[string]int{"rows": 16}}
	call.Resource = "rows"
	if _, err := client.Do(t.Context(), call); err != nil { // uses the burst of one token; the next is due in 4 s
		t.Fatal(err)
	}
	_, err := client.Do(t.Context(), call)
	if !errors.Is(err, domain.BudgetExhausted) || domain.RetryAfterOf(err) != 4*time.Second {
		t.Fatalf("got %v after %v, want budget_exhausted after 4s", err, domain.RetryAfterOf(err))
	}
	other := call
	other.Resource = "auth"
	if _, err := client.Do(t.Context(), other); err != nil {
		t.Errorf("a resource without a budget: %v", err)
	}
	clock.Advance(4 * time.Second)
	if _, err := client.Do(t.Context(), call); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if calls.Load() != 3 {
		t.Errorf("%d requests, want 3", calls.Load())
	}
}

func TestACallWaitsForItsBudget(t *testing.T) {
	client, call := serve(t, Config{}, emptyObject)
	call.Vendor = &Vendor{Name: "sim", Budgets: map[string]int{"rows": 1200}}
	call.Resource = "rows"
	origin := client.origins.get(originKey{"sim", call.BaseURL}, client.cfg.Clock.Now())
	budget := client.origins.budget(origin, Budget{Resource: "rows"}, limit{perMinute: 1200}).(*tokenBucket)
	for range 50 {
		_, _ = budget.take(call.Tenant, 0)
	}
	budget.mu.Lock()
	now := client.cfg.Clock.Now()
	due := now.Add(budget.expectedWait(call.Tenant, now))
	budget.mu.Unlock()
	if _, err := client.Do(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if ended := client.cfg.Clock.Now(); ended.Before(due) {
		t.Errorf("the call ended %v before its token was due", due.Sub(ended))
	}
}

func TestA429BlocksTheBudgetForItsRetryAfter(t *testing.T) {
	clock := newClock()
	for name, test := range map[string]struct {
		header, value string
		want          time.Duration
	}{
		"seconds":      {"Retry-After", "60", time.Minute},
		"date":         {"Retry-After", clock.Now().Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		"reset":        {"RateLimit-Reset", "37", 37 * time.Second},
		"too long":     {"Retry-After", "999999999999999999999", time.Hour},
		"far date":     {"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT", time.Hour},
		"past date":    {"Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT", 0},
		"negative":     {"Retry-After", "-5", 0},
		"not a number": {"Retry-After", "NaN", 0},
		"nonsense":     {"Retry-After", "soon", 0},
		"none":         {"X", "y", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			cfg := Config{Clock: clock, MaxBudgetWait: -1}
			client, call := serve(t, cfg, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set(test.header, test.value)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			call.Vendor = &Vendor{Name: "sim", Budgets: map[string]int{"rows": 600}}
			call.Resource = "rows"
			_, err := client.Do(t.Context(), call)
			if !errors.Is(err, domain.VendorRateLimited) || domain.RetryAfterOf(err) != test.want {
				t.Fatalf("got %v after %v, want %v", err, domain.RetryAfterOf(err), test.want)
			}
			_, err = client.Do(t.Context(), call)
			if !errors.Is(err, domain.BudgetExhausted) || domain.RetryAfterOf(err) != max(test.want, time.Second) {
				t.Errorf("got %v after %v, want a blocked bucket", err, domain.RetryAfterOf(err))
			}
			if calls.Load() != 1 {
				t.Errorf("%d requests, want 1", calls.Load())
			}
		})
	}
}

// If a vendor counts calls by subject, for example by client id, each subject must have its own budget. A 429 must
// block only the first budget of the call, which is the budget that the fewest calls share.
func TestCallsAreLimitedForEachSubject(t *testing.T) {
	clock := newClock()
	refuse := map[string]bool{}
	client, call := serve(t, Config{Clock: clock, MaxBudgetWait: -1}, func(w http.ResponseWriter, r *http.Request) {
		if refuse[r.URL.Query().Get("of")] {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = io.WriteString(w, "{}")
	})
	call.Vendor = &Vendor{Name: "sim", Budgets: map[string]int{"rows": 240, "rows of one": 24}}
	do := func(clientID, one string) error {
		c := call
		c.Query, c.Resource = "of="+one, ""
		c.Budgets = []Budget{{"rows of one", one}, {"rows", clientID}, {"unlimited", one}}
		_, err := client.Do(t.Context(), c)
		return err
	}
	want := func(err error, target error) {
		t.Helper()
		if target == nil && err != nil || !errors.Is(err, target) {
			t.Errorf("got %v, want %v", err, target)
		}
	}
	want(do("a", "1"), nil) // the burst of "1" is one call
	want(do("a", "1"), domain.BudgetExhausted)
	want(do("a", "2"), nil)
	for i := range 8 { // the burst of "a" is ten calls
		want(do("a", fmt.Sprint("more", i)), nil)
	}
	want(do("a", "last"), domain.BudgetExhausted)
	want(do("b", "last"), domain.BudgetExhausted) // its token was taken before
	want(do("b", "3"), nil)
	clock.Advance(time.Minute)
	refuse["1"] = true
	want(do("a", "1"), domain.VendorRateLimited)
	want(do("a", "1"), domain.BudgetExhausted)
	want(do("a", "2"), nil)
}

func TestTheBudgetsOfAnOriginAreBounded(t *testing.T) {
	all, clock := origins{byKey: map[originKey]*origin{}, clock: newClock()}, newClock()
	of := all.get(originKey{"sim", "https://vendor.example"}, clock.Now())
	for i := range maxBudgets + 10 {
		all.budget(of, Budget{"rows", fmt.Sprint(i)}, limit{perMinute: 60})
	}
	if n := len(of.budgets); n != maxBudgets {
		t.Errorf("%d budgets", n)
	}
}

func TestOriginsAreBounded(t *testing.T) {
	all, clock := origins{byKey: map[originKey]*origin{}}, newClock()
	for i := range maxOrigins + 10 {
		all.get(originKey{"sim", fmt.Sprint(i)}, clock.Now())
		clock.Advance(time.Second)
	}
	if len(all.byKey) != maxOrigins {
		t.Errorf("%d origins kept, want %d", len(all.byKey), maxOrigins)
	}
	if _, found := all.byKey[originKey{"sim", "0"}]; found {
		t.Error("the least recently used origin was kept")
	}
}
