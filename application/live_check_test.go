package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/mock/gomock"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/portmock"
)

func TestAConnectionTestReportsOneOfItsReasons(t *testing.T) {
	tests := map[string]struct {
		failure error
		want    domain.Code
	}{
		"well":                     {nil, ""},
		"credential":               {rejected(domain.CredentialRejected), domain.CredentialRejected},
		"denied":                   {rejected(domain.AccessDenied), domain.AccessDenied},
		"account":                  {rejected(domain.AccountNotFound), domain.AccountNotFound},
		"egress":                   {rejected(domain.AddressNotAllowed), domain.AddressNotAllowed},
		"a 429":                    {unavailable(domain.VendorRateLimited), domain.VendorRateLimited},
		"our own budget":           {unavailable(domain.BudgetExhausted), domain.VendorRateLimited},
		"a 5xx":                    {unavailable(domain.VendorUnreachable), domain.VendorUnreachable},
		"a broken body":            {unavailable(domain.MalformedResponse), domain.VendorUnreachable},
		"an error without a kind":  {errors.New("what"), domain.VendorUnreachable},
		"sealed under another key": {rejected(domain.CredentialUnopened), domain.CredentialUnopened},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.createConnection("books")
			e.vendor.onCheck = func() error { return test.failure }
			result, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
			e.noError(err)
			want := ports.TestResult{
				Vendor: "pluggy", Name: "books", Healthy: test.want == "", Reason: test.want, Latency: result.Latency,
			}
			if diff := cmp.Diff(want, result); diff != "" {
				t.Error(diff)
			}
			if result.Latency <= 0 {
				t.Error("no latency")
			}
			checks := eventsOf[ports.VendorChecked](e.events)
			if len(checks) != 1 || !errors.Is(checks[0].Err, test.failure) {
				t.Errorf("emitted %v", checks)
			}
		})
	}
}

func TestAConnectionTestReportsEveryInvalidField(t *testing.T) {
	e := newEnv(t)
	_, err := e.TestConnection(e.ctx, e.tenant, "unknown", "")
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"vendor", "configName"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = e.TestConnection(e.ctx, e.tenant, "pluggy", "absent")
	e.wantError(err, domain.NotFound)
}

// Only a success or a failure of kind Rejected changes the health. Any other failure says nothing
// about the connection.
func TestOnlyRejectionsAndSuccessesChangeTheHealth(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	runCheck := func(failure error) domain.Health {
		e.vendor.onCheck = func() error { return failure }
		_, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
		e.noError(err)
		return e.getHealth(c)
	}
	if h := runCheck(unavailable(domain.VendorUnreachable)); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("after a temporary failure the health is %+v", h)
	}
	healthy := runCheck(nil)
	if healthy.Status != domain.Healthy {
		t.Errorf("got %+v", healthy)
	}
	if h := runCheck(unavailable(domain.VendorRateLimited)); h != healthy {
		t.Errorf("a temporary failure changed the health: %+v", h)
	}
	unhealthy := runCheck(rejected(domain.CredentialRejected))
	if unhealthy.Status != domain.Unhealthy || unhealthy.Reason != domain.CredentialRejected || !unhealthy.NeedsReauth {
		t.Errorf("got %+v", unhealthy)
	}
	e.vendor.status.NeedsReauth = true
	if h := runCheck(nil); h.Status != domain.Healthy || !h.NeedsReauth || !h.Since.After(unhealthy.Since) {
		t.Errorf("the health is %+v", h)
	}
}

// If a credential cannot be decrypted because a sealing key is missing, the error must not look like a refusal by the
// vendor. The owner of the credential could do nothing about it.
func TestAMissingSealingKeyIsNotARefusalByTheVendor(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	sealer := portmock.NewMockSealer(gomock.NewController(t))
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().
		Return(domain.Credential{}, unavailable(domain.CredentialUnopened))
	e.deps.Sealer = sealer
	result, err := e.newService().TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	if result.Healthy || result.Reason != domain.CredentialUnopened {
		t.Errorf("%+v", result)
	}
	h := e.getHealth(c)
	if h.Status != domain.Unhealthy || h.Reason != domain.CredentialUnopened || h.NeedsReauth {
		t.Errorf("the health is %+v", h)
	}
	_, err = e.TestConnection(e.ctx, e.tenant, "pluggy", "books") // with the key
	e.noError(err)
	if h := e.getHealth(c); h.Status != domain.Healthy {
		t.Errorf("the health with the key is %+v", h)
	}
}

// A check with the old credential does not change the health of a connection whose credential was replaced
// during the check.
func TestHealthIgnoresACheckOfAReplacedCredential(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.vendor.onCheck = func() error {
		e.rotate(c, "right")
		return rejected(domain.CredentialRejected)
	}
	result, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	if result.Healthy {
		t.Error("the check itself failed, but the result is healthy")
	}
	if h := e.getHealth(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("the result of the old credential changed the health to %+v", h)
	}
}

// A re-encryption changes the sealed bytes but not the credential. If it happens during a live check, the result of the
// check must be stored nevertheless.
func TestHealthSurvivesAReseal(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.vendor.onCheck = func() error {
		e.sealer.primary++
		_, err := e.Reseal(e.ctx)
		return err
	}
	_, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	if h := e.getHealth(c); h.Status != domain.Healthy {
		t.Errorf("the health is %+v", h)
	}
}

func TestAConnectionMayBeDeletedDuringItsTest(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.vendor.onCheck = func() error { return e.DeleteConnection(e.ctx, e.tenant, c.ID, nil) }
	result, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	if !result.Healthy {
		t.Error("the check succeeded, but the result is unhealthy")
	}
}

func TestACancelledConnectionTestChangesNoHealth(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	ctx, cancel := context.WithCancel(e.ctx)
	e.vendor.onCheck = func() error {
		cancel()
		return rejected(domain.CredentialRejected)
	}
	_, err := e.TestConnection(ctx, e.tenant, "pluggy", "books")
	e.wantError(err, context.Canceled)
	if h := e.getHealth(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("the health is %+v", h)
	}
}

func TestACancelledEngineTestReturnsTheCancellation(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	ctx, cancel := context.WithCancel(e.ctx)
	e.sealer.onOpen = cancel
	_, err := e.TestEngine(ctx, e.tenant, c.ID)
	e.wantError(err, context.Canceled)
}

// A session can outlive its credential, so a connection test sends the credential again if the aggregator
// supports it.
func TestAConnectionTestDoesNotUseACachedSession(t *testing.T) {
	e := newEnv(t)
	e.deps.Aggregators = []ports.Aggregator{verifier{e.vendor}}
	c := e.createConnection("books")
	service := e.newService()
	result, err := service.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	if result.Reason != domain.AccountNotFound || e.vendor.checks != 0 {
		t.Errorf("got %+v after %d checks", result, e.vendor.checks)
	}
	if h := e.getHealth(c); h.Reason != domain.AccountNotFound {
		t.Errorf("the health is %+v", h)
	}
}

type verifier struct{ *vendor }

func (verifier) Verify(context.Context, ports.Access) (domain.LinkStatus, error) {
	return domain.LinkStatus{}, rejected(domain.AccountNotFound)
}

// A live test reads only what the vendor answers now. It proves neither that the institution can be read again,
// nor that the account holder has renewed the consent.
func TestALiveTestNeverEndsWhatStopsAConnection(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*domain.Connection)
		failure error
		want    domain.Code
	}{
		"sign in": {func(c *domain.Connection) { c.Health = c.Health.AfterReauth(epoch) }, nil, "reauth_required"},
		"sign in, announced": {
			func(c *domain.Connection) { c.Health = c.Health.AfterSignal(domain.SignalReauth, epoch) }, nil,
			"reauth_required",
		},
		"sign in and a rejected credential": {
			func(c *domain.Connection) { c.Health = c.Health.AfterReauth(epoch) },
			rejected(domain.CredentialRejected), "reauth_required",
		},
		"sign in and an outage": {
			func(c *domain.Connection) { c.Health = c.Health.AfterReauth(epoch) },
			unavailable(domain.VendorUnreachable), "reauth_required",
		},
		"expired": {
			func(c *domain.Connection) {
				c.Consent = domain.Consent{Status: domain.ReportedGranted, ExpiresAt: epoch, Since: epoch}
			}, nil, "consent_expired",
		},
		"revoked": {
			func(c *domain.Connection) {
				c.Consent = domain.Consent{Status: domain.ReportedRevoked, Since: epoch}
				c.Health = c.Health.AfterReauth(epoch)
			}, nil, "consent_revoked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			c := e.createConnection("books")
			_, err := e.deps.Connections.Update(e.ctx, e.tenant, domain.Aggregator, c.ID, nil,
				func(c *domain.Connection) error { test.change(c); return nil })
			e.noError(err)
			e.vendor.status, e.vendor.onCheck = domain.LinkStatus{
				SyncComplete: true,
			}, func() error { return test.failure }
			for range 2 {
				result, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
				e.noError(err)
				if result.Healthy || result.Reason != test.want {
					t.Errorf("the test answers %+v", result)
				}
			}
			h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
			e.noError(err)
			if h.Health.Status != domain.Unhealthy || h.Health.Reason != test.want || h.Health.Since.IsZero() {
				t.Errorf("the health is %+v", h.Health)
			}
			counts := map[domain.HealthStatus]int{domain.Unhealthy: 1, domain.Healthy: 0, domain.Unknown: 0}
			for health, n := range counts {
				filter := ports.HealthFilter{ConnectionFilter: ports.ConnectionFilter{Health: health}}
				if got := e.healthNames(filter, 5); len(got) != n {
					t.Errorf("%s: %v", health, got)
				}
				filter.Attention = true
				if got := e.healthNames(filter, 5); len(got) != n {
					t.Errorf("%s with attention: %v", health, got)
				}
			}
			summary, err := e.SummarizeConnections(e.ctx, e.tenant)
			e.noError(err)
			if summary.Healthy != 0 || summary.Needy != 1 {
				t.Errorf("the summary is %+v", summary)
			}
		})
	}
}
