package belvo

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// A link is refreshed once in ten minutes, whoever asks, and only for its transactions.
func TestALinkIsRefreshedOnceInTenMinutes(t *testing.T) {
	sim, adapter, access := newSimulatedVendor(t, belvosim.Options{})
	if err := adapter.Refresh(t.Context(), access); err != nil {
		t.Fatal(err)
	}
	access.Tenant.UUID[0]++
	err := adapter.Refresh(t.Context(), access)
	wait := domain.RetryAfterOf(err)
	if !errors.Is(err, domain.BudgetExhausted) || wait < 9*time.Minute || wait > refreshInterval+2*time.Second {
		t.Errorf("the second refresh: %v after %v", err, wait)
	}
	if diff := cmp.Diff([][]string{{"TRANSACTIONS"}}, sim.Refreshes(access.AccountRef)); diff != "" {
		t.Errorf("refreshes (-want +got):\n%s", diff)
	}
}

// TestRefusalsOfARefresh checks the error for each kind of refusal, and the bounds of the wait in the message of a 409.
func TestRefusalsOfARefresh(t *testing.T) {
	conflicts := func(wait string) string {
		const message = "The link has already been refreshed. Please wait %s."
		return fmt.Sprintf(`[{"code":"conflict","message":"`+message+`"}]`, wait)
	}
	failure := func(code string) string { return fmt.Sprintf(`[{"code":%q,"message":"canary"}]`, code) }
	for _, test := range []struct {
		body   string
		status int
		want   domain.Code
		wait   time.Duration
	}{
		{conflicts("7 minutes"), 409, domain.VendorRateLimited, 7 * time.Minute},
		{conflicts("1 minute"), 409, domain.VendorRateLimited, time.Minute},
		{conflicts("0 minutes"), 409, domain.VendorRateLimited, time.Minute},
		{conflicts("999 minutes"), 409, domain.VendorRateLimited, 10 * time.Minute},
		{conflicts("99999999999999999999 minutes"), 409, domain.VendorRateLimited, 10 * time.Minute},
		{conflicts("a while"), 409, domain.VendorRateLimited, 10 * time.Minute},
		{"{}", 409, domain.VendorRateLimited, 10 * time.Minute},
		{failure("institution_down"), 400, domain.RefreshesUsedUp, time.Hour},
		{failure("institution_unavailable"), 400, domain.RefreshesUsedUp, time.Hour},
		{failure("institution_inactive"), 400, domain.RefreshesUsedUp, time.Hour},
		{failure("operational_limits_reached"), 400, domain.VendorRateLimited, time.Hour},
		{failure("too_many_sessions"), 400, domain.VendorRateLimited, time.Hour},
		{failure("invalid_link"), 400, domain.VendorUnreachable, 0},
		{failure("not_found"), 404, domain.AccountNotFound, 0},
		{failure("something_new"), 400, domain.VendorRefused, 0},
		{failure("unexpected_error"), 500, domain.VendorUnreachable, 0},
	} {
		t.Run(fmt.Sprint(test.status, test.body), func(t *testing.T) {
			sim, adapter, access := newSimulatedVendor(t, belvosim.Options{})
			inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Status: test.status, Body: test.body})
			err := adapter.Refresh(t.Context(), access)
			if !errors.Is(err, test.want) || domain.RetryAfterOf(err) != test.wait {
				t.Errorf("got %v after %v, want %s after %v", err, domain.RetryAfterOf(err), test.want, test.wait)
			}
			holder := test.want == domain.VendorUnreachable && test.status == 400
			if errors.Is(err, domain.ErrHolderMustAct) != holder {
				t.Errorf("the holder must act: %t", !holder)
			}
			again := adapter.Refresh(t.Context(), access)
			if blocked := test.want == domain.VendorRateLimited; errors.Is(again, domain.BudgetExhausted) != blocked {
				t.Errorf("the next refresh: %v", again)
			}
		})
	}
}
