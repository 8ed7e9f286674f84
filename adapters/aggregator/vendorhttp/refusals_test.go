package vendorhttp

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// refusingVendor is a vendor without a network. It answers the calls of some clients with a 429.
type refusingVendor struct {
	mu     sync.Mutex
	refuse map[string]string // Retry-After of the 429, by client
	calls  []string          // the clients of all calls
}

func (v *refusingVendor) RoundTrip(r *http.Request) (*http.Response, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	client := r.Header.Get("X-Key")
	v.calls = append(v.calls, client)
	body := io.NopCloser(strings.NewReader("{}"))
	response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body}
	if after := v.refuse[client]; after != "" {
		response.StatusCode = http.StatusTooManyRequests
		response.Header.Set("Retry-After", after)
	}
	return response, nil
}

func (v *refusingVendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.calls)
}

// refusedCalls makes calls of several clients on two replicas of the service, to one vendor.
type refusedCalls struct {
	*testing.T
	vendor   *refusingVendor
	replicas []*Client
	kind     Vendor
}

// call makes a call of the client, which belongs to the tenant with this number.
func (c refusedCalls) call(replica int, client string, tenant byte) error {
	_, err := c.replicas[replica].Do(c.Context(), Call{
		Vendor: &c.kind, BaseURL: "https://vendor.example", Path: "/rows", PathTemplate: "/rows", Resource: "rows",
		Client: client, Tenant: domain.TenantID{UUID: uuid.UUID{tenant}},
		SetAuth: func(h http.Header) { h.Set("X-Key", client) },
	})
	return err
}

func (c refusedCalls) want(err, target error) {
	c.Helper()
	if target == nil && err != nil || !errors.Is(err, target) {
		c.Errorf("got %v, want %v", err, target)
	}
}

// onEachBudget runs a test with each sort of rate budget, once in the memory of one replica, and once shared by two.
func onEachBudget(t *testing.T, test func(c refusedCalls)) {
	t.Helper()
	for name, kind := range map[string]Vendor{
		"bucket": {Name: "sim", Budgets: map[string]int{"rows": 600}},
		"window": {Name: "sim", Windows: map[string]Window{"rows": {Limit: 60, Share: 30}}},
	} {
		for _, shared := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " of two replicas"}[shared], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := refusedCalls{T: t, vendor: &refusingVendor{refuse: map[string]string{}}, kind: kind}
					cfg := Config{WrapTransport: func(http.RoundTripper) http.RoundTripper { return c.vendor }}
					if shared {
						cfg.SharedBudgets = newSharedStore(1)
					}
					client := New(cfg)
					defer client.Close()
					c.replicas = []*Client{client, client}
					if shared {
						c.replicas[1] = New(cfg)
						defer c.replicas[1].Close()
					}
					test(c)
					time.Sleep(10 * time.Second) // the requests to the store end
				})
			})
		}
	}
}

func TestA429BlocksOnlyTheClientThatWasRefused(t *testing.T) {
	onEachBudget(t, func(c refusedCalls) {
		c.vendor.refuse["a"] = "3600"
		c.want(c.call(0, "b", 2), nil)
		c.want(c.call(0, "a", 1), domain.VendorRateLimited)
		time.Sleep(2 * time.Second)
		c.want(c.call(1, "b", 2), nil)
		before := c.vendor.count()
		for replica := range 2 {
			err := c.call(replica, "a", 1)
			c.want(err, domain.BudgetExhausted)
			if after := domain.RetryAfterOf(err); after < 59*time.Minute || after > time.Hour {
				c.Errorf("RetryAfter %v, want that of the 429", after)
			}
			began := time.Now()
			for range 5 {
				c.want(c.call(replica, "b", 2), nil)
			}
			if took := time.Since(began); took > time.Second {
				c.Errorf("five calls of the other client took %v", took)
			}
		}
		if n := c.vendor.count() - before; n != 10 {
			c.Errorf("%d calls, want only the ten of the other client", n)
		}
		delete(c.vendor.refuse, "a")
		time.Sleep(time.Hour)
		c.want(c.call(1, "a", 1), nil)
	})
}

func TestOneCallASecondIsMadeAfterAllClientsWereRefused(t *testing.T) {
	onEachBudget(t, func(c refusedCalls) {
		refused := []string{"a", "b", "c", "d", "e", "f"}
		for _, client := range refused {
			c.vendor.refuse[client] = "600"
		}
		c.want(c.call(0, "a", 1), domain.VendorRateLimited)
		c.want(c.call(0, "b", 2), domain.VendorRateLimited)
		time.Sleep(1500 * time.Millisecond) // both replicas may call
		before, began := c.vendor.count(), time.Now()
		var calls sync.WaitGroup
		for i, client := range refused[2:] {
			calls.Go(func() {
				for errors.Is(c.call(i%2, client, byte(i)), domain.BudgetExhausted) && time.Since(began) < time.Minute {
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		calls.Wait()
		n, seconds := c.vendor.count()-before, int(time.Since(began)/time.Second)
		if n != len(refused)-2 || n > seconds+1 {
			c.Errorf("%d calls within %d s, want one a second and four", n, seconds)
		}
		time.Sleep(1500 * time.Millisecond)
		c.want(c.call(0, "fresh", 9), nil) // ends the block
		time.Sleep(1500 * time.Millisecond)
		c.want(c.call(1, "other", 8), nil)
		began = time.Now()
		for range 5 {
			c.want(c.call(1, "other", 8), nil)
		}
		if took := time.Since(began); took > 2*time.Second {
			c.Errorf("five calls after the block took %v", took)
		}
		c.want(c.call(0, "a", 1), domain.BudgetExhausted)
	})
}

func TestTheNameOfABudgetContainsNoSubject(t *testing.T) {
	one, other := Budget{"rows", "item-1"}.key(), Budget{"rows", "item-2"}.key()
	if strings.Contains(one, "item") || one == other || !strings.HasPrefix(one, "rows/") {
		t.Errorf("keys %q and %q", one, other)
	}
}
