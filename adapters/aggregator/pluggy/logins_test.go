package pluggy_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// refusingVendor is an http.RoundTripper that refuses every login and counts the calls.
type refusingVendor struct{ calls atomic.Int64 }

func (v *refusingVendor) RoundTrip(*http.Request) (*http.Response, error) {
	v.calls.Add(1)
	refusal := httptest.NewRecorder()
	refusal.WriteHeader(http.StatusUnauthorized)
	_, _ = refusal.WriteString(`{"code":401,"codeDescription":"UNAUTHORIZED"}`)
	return refusal.Result(), nil
}

// Each origin has one rate budget for logins. Different spellings of a base URL share the budget of their origin.
// Logins with wrong credentials count as well.
func TestLoginsAreCounted(t *testing.T) {
	const burst, logins = 15, 720
	clock, vendor := porttest.NewClock(testNow), &refusingVendor{}
	client := vendorhttp.New(vendorhttp.Config{
		Clock: clock, MaxBudgetWait: -1,
		WrapTransport: func(http.RoundTripper) http.RoundTripper { return vendor },
	})
	t.Cleanup(client.Close)
	adapter := pluggy.New(client, clock)
	bases := []string{
		"https://api.pluggy.ai", "https://API.pluggy.AI", "https://api.pluggy.ai.", "https://api.pluggy.ai:443/",
		"https://api.pluggy.ai/v1",
	}
	exhausted := 0
	for i := range logins {
		_, err := adapter.Verify(t.Context(), ports.Access{
			BaseURL: bases[i%len(bases)], AccountRef: "item", Credential: credential("id", fmt.Sprint("wrong ", i)),
		})
		switch {
		case errors.Is(err, domain.BudgetExhausted):
			exhausted++
		case !errors.Is(err, domain.CredentialRejected):
			t.Fatalf("got %v, want credential_rejected or budget_exhausted", err)
		}
	}
	if calls := vendor.calls.Load(); calls != burst || exhausted != logins-burst {
		t.Errorf("%d of %d wrong logins reached the vendor and %d were refused, want %d and %d",
			calls, logins, exhausted, burst, logins-burst)
	}
}
