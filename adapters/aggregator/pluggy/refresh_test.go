package pluggy_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestRefusalsOfARefresh checks the error for each documented code of PATCH /items/{id}, and the bounds of the times
// that the vendor names.
func TestRefusalsOfARefresh(t *testing.T) {
	const usedUp = domain.RefreshesUsedUp
	const tooOften, tooManyLogins = "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY", "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES"
	ago := func(d time.Duration) string { return testNow.Add(-d).Format(time.RFC3339Nano) }
	interval := func(hours, last string) string {
		return fmt.Sprintf(`{"minUpdateFrequencyAllowedInHours":%s,"lastUpdatedAt":%q}`, hours, last)
	}
	until := func(at string) string {
		return fmt.Sprintf(`{"readableBackoffTime":"soon","canRetryAfterDate":%q}`, at)
	}
	for _, test := range []struct {
		code, data string
		status     int
		kind       domain.Kind
		want       domain.Code
		wait       time.Duration
	}{
		{"ITEM_ALREADY_UPDATING", "", 409, "", "", 0},
		{"ITEM_IS_ALREADY_UPDATING", "", 400, "", "", 0},
		{tooOften, interval("12", ago(10*time.Minute)), 409, domain.Unavailable, usedUp, 710 * time.Minute},
		{tooOften, interval("0.5", ago(0)), 409, domain.Unavailable, usedUp, 30 * time.Minute},
		{tooOften, interval("12", ago(13*time.Hour)), 409, domain.Unavailable, usedUp, time.Minute},
		{tooOften, interval("1e300", ago(0)), 409, domain.Unavailable, usedUp, 24 * time.Hour},
		{tooOften, interval("-1e300", ago(0)), 409, domain.Unavailable, usedUp, time.Minute},
		{tooOften, interval("1e999", ago(0)), 409, domain.Unavailable, usedUp, time.Hour},
		{tooOften, interval(`"x"`, ago(0)), 409, domain.Unavailable, usedUp, time.Hour},
		{tooOften, interval("12", "yesterday"), 409, domain.Unavailable, usedUp, time.Hour},
		{tooOften, `"x"`, 409, domain.Unavailable, usedUp, time.Hour},
		{tooOften, "", 409, domain.Unavailable, usedUp, time.Hour},
		{tooManyLogins, until(ago(-15 * time.Minute)), 400, domain.Unavailable, usedUp, 15 * time.Minute},
		{tooManyLogins, until(ago(time.Hour)), 400, domain.Unavailable, usedUp, time.Minute},
		{tooManyLogins, until("1970-01-01"), 400, domain.Unavailable, usedUp, time.Minute},
		{tooManyLogins, until("9999-12-31T23:59:59Z"), 400, domain.Unavailable, usedUp, 24 * time.Hour},
		{tooManyLogins, "7", 400, domain.Unavailable, usedUp, time.Hour},
		{"ITEM_IN_ERROR_COOLDOWN", "", 409, domain.Unavailable, usedUp, time.Hour},
		{"CONNECTOR_OFFLINE", "", 409, domain.Unavailable, usedUp, time.Hour},
		{"LAST_EXECUTION_HAD_LOGIN_ERROR", "", 400, domain.Rejected, domain.ReauthRequired, 0},
		{"PARAMETERS_NOT_PROVIDED", "", 400, domain.Rejected, domain.ReauthRequired, 0},
		{"MFA_PARAMERTER_WAS_ALREADY_USED_ERROR", "", 400, domain.Rejected, domain.ReauthRequired, 0},
		{
			"CONNECTOR_REQUIRED_PARAMETER_VALIDATION_ERROR", `{"parameter":"token"}`, 400, domain.Rejected,
			domain.ReauthRequired, 0,
		},
		{"TOO_MANY_CONSECUTIVE_ERRORS", "", 400, domain.Conflict, domain.SyncsFailed, 0},
		{"ITEM_ORIGINAL_CONNECTED_WITH_DIFFERENT_ACCOUNT", "", 409, domain.Conflict, domain.LoginDiffers, 0},
		{"CLIENT_HAS_ITEM_UPDATES_DISABLED", "", 409, domain.Conflict, domain.NotOffered, 0},
		{"SANDBOX_CLIENT_ITEM_UPDATE_NOT_ALLOWED", "", 400, domain.Conflict, domain.NotOffered, 0},
		{"ITEM_CREATION_LIMIT_EXCEEDED", `{"itemsLimit":5}`, 409, domain.Conflict, domain.NotOffered, 0},
		{"ITEM_NOT_FOUND", "", 404, domain.Rejected, domain.AccountNotFound, 0},
		{"SOMETHING_NEW", "", 400, domain.Rejected, domain.VendorRefused, 0},
		{"SOMETHING_NEW", "", 409, domain.Rejected, domain.VendorRefused, 0},
		{"CONNECTOR_OFFLINE", "", 500, domain.Unavailable, domain.VendorUnreachable, 0},
	} {
		t.Run(fmt.Sprintf("%d %s %s", test.status, test.code, test.data), func(t *testing.T) {
			e := newEnv(t, vendorhttp.Config{})
			body := fmt.Sprintf(`{"code":%d,"codeDescription":%q,"message":"canary"}`, test.status, test.code)
			if test.data != "" {
				body = body[:len(body)-1] + `,"data":` + test.data + "}"
			}
			fault := pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: test.status, Body: body}
			e.inject(t, fault, "/items/"+pluggysim.DemoItemID)
			err := e.adapter.Refresh(t.Context(), e.access)
			if test.kind == "" {
				if err != nil {
					t.Errorf("got %v, want success", err)
				}
				return
			}
			if !errors.Is(err, test.kind) || !errors.Is(err, test.want) || domain.RetryAfterOf(err) != test.wait {
				t.Errorf("got %v after %v, want %s after %v", err, domain.RetryAfterOf(err), test.want, test.wait)
			}
			upstream := test.code
			if test.code == "SOMETHING_NEW" {
				upstream = ""
			}
			if got := domain.UpstreamCodeOf(err); got != upstream {
				t.Errorf("the vendor's code is %q", got)
			}
			if got := errors.Is(err, domain.ErrHolderMustAct); got != (test.want == domain.ReauthRequired) {
				t.Errorf("the holder must act: %t", got)
			}
		})
	}
}

func TestARefreshIsSentOnce(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	if err := e.adapter.Refresh(t.Context(), e.access); err != nil {
		t.Fatal(err)
	}
	if r := e.requests[len(e.requests)-1]; r.Method != http.MethodPatch || e.sim.Stats().Refreshes != 1 {
		t.Errorf("the last request is a %s; %d refreshes", r.Method, e.sim.Stats().Refreshes)
	}
}
