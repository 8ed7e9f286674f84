package vendorhttp

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// A window in which only accepted calls count must hold on all replicas, although BudgetPerMinute allows any number of
// calls. A call that the vendor has refused must not count, and a 429 must block the window.
func TestOnlyAcceptedCallsCountInALongWindow(t *testing.T) {
	for name, shared := range map[string]bool{"one replica": false, "two replicas": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				window := Window{Limit: 1, Share: 1, Length: 10 * time.Minute, AcceptedOnly: true}
				c := refusedCalls{
					T: t, vendor: &refusingVendor{refuse: map[string]string{"refused": "60"}},
					kind: Vendor{Name: "sim", Windows: map[string]Window{"rows": window}},
				}
				cfg := Config{
					WrapTransport:   func(http.RoundTripper) http.RoundTripper { return c.vendor },
					BudgetPerMinute: -1,
				}
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
				c.want(c.call(0, "refused", 1), domain.VendorRateLimited)
				time.Sleep(time.Minute)
				c.want(c.call(1, "accepted", 2), nil)
				for replica := range 2 {
					err := c.call(replica, "accepted", 1)
					c.want(err, domain.BudgetExhausted)
					if wait := domain.RetryAfterOf(err); wait < 9*time.Minute || wait > 10*time.Minute {
						t.Errorf("RetryAfter %v, want nearly ten minutes", wait)
					}
				}
				time.Sleep(10 * time.Minute)
				c.want(c.call(0, "accepted", 1), nil)
				if n := c.vendor.count(); n != 3 {
					t.Errorf("%d calls, want 3", n)
				}
				time.Sleep(10 * time.Second) // the requests to the store end
			})
		})
	}
}
