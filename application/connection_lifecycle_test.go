package application_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// linkVendor is a fake vendor that supports link tokens and refreshes. If failure is not nil, both calls return it.
type linkVendor struct {
	*vendor
	failure error
	calls   []string
}

func (v *linkVendor) CreateLinkToken(_ context.Context, a ports.Access) (ports.LinkToken, error) {
	v.calls = append(v.calls, "link "+a.AccountRef)
	return ports.LinkToken{
		Token: domain.SecretText("raw"), URL: domain.SecretText("https://page.test/?t=raw"), Lifetime: time.Minute,
	}, v.failure
}

func (v *linkVendor) Refresh(_ context.Context, a ports.Access) error {
	v.calls = append(v.calls, "refresh "+a.AccountRef)
	return v.failure
}

func newLinkEnv(t *testing.T) (*env, *linkVendor, domain.Connection) {
	t.Helper()
	linked := &linkVendor{vendor: newVendor("pluggy")}
	e := newEnv(t, func(d *application.Deps) { d.Aggregators = []ports.Aggregator{linked, newVendor("belvo")} })
	return e, linked, e.createConnection("books")
}

func TestALinkSessionExpiresWithItsToken(t *testing.T) {
	e, linked, c := newLinkEnv(t)
	got, err := e.CreateLinkSession(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if got.Vendor != "pluggy" || !got.Token.Equal(domain.SecretText("raw")) ||
		got.ExpiresAt.Sub(epoch).Round(time.Second) != time.Minute {
		t.Errorf("the session is %v of %s until %v", got, got.Vendor, got.ExpiresAt)
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, "raw") {
		t.Errorf("the token is printed: %s", text)
	}
	entries, err := e.ListAuditEntries(e.ctx, e.tenant, domain.AuditFilter{Action: "connection.link"},
		domain.PageRequest{Limit: 9})
	e.noError(err)
	if len(entries.Items) != 1 || entries.Items[0].Detail.Numbers["validSeconds"] != 60 {
		t.Errorf("the audit entries of the link are %v", entries.Items)
	}
	e.noError(e.RefreshConnection(e.ctx, e.tenant, c.ID))
	if diff := cmp.Diff([]string{"link item-1", "refresh item-1"}, linked.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestARefusalOfTheVendorHasAReasonOfTheLiveTest(t *testing.T) {
	e, linked, c := newLinkEnv(t)
	for code, reason := range map[domain.Code]domain.Code{
		domain.CredentialRejected: domain.CredentialRejected, domain.AccountNotFound: domain.AccountNotFound,
		domain.AccessDenied: domain.AccessDenied, domain.VendorRateLimited: domain.VendorRateLimited,
		domain.AddressNotAllowed: domain.AddressNotAllowed,
	} {
		linked.failure = rejected(code)
		_, err := e.CreateLinkSession(e.ctx, e.tenant, c.ID)
		for _, err := range []error{err, e.RefreshConnection(e.ctx, e.tenant, c.ID)} {
			e.wantError(err, domain.Rejected, domain.VendorRefused)
			if got := (*domain.Error)(nil); !errors.As(err, &got) || got.Message != string(reason) {
				t.Errorf("%s has the reason %v, want %s", code, err, reason)
			}
		}
	}
	linked.failure = unavailable(domain.VendorUnreachable)
	_, err := e.CreateLinkSession(e.ctx, e.tenant, c.ID)
	e.wantError(err, domain.Unavailable, domain.VendorUnreachable)
}

// A refresh that fails until the account holder signs in again must be shown in the health, whatever the kind of the
// error. If the connection was deleted during the call, the answer stays the same.
func TestARefreshLearnsThatTheHolderMustSignIn(t *testing.T) {
	for _, kind := range []domain.Kind{domain.Rejected, domain.Unavailable} {
		e, linked, c := newLinkEnv(t)
		linked.failure = &domain.Error{
			Kind: kind, Code: domain.VendorUnreachable, UpstreamCode: "LOGIN", Cause: domain.ErrHolderMustAct,
		}
		err := e.RefreshConnection(e.ctx, e.tenant, c.ID)
		e.wantError(err, domain.Rejected, domain.VendorRefused)
		refusal := (*domain.Error)(nil)
		if !errors.As(err, &refusal) || refusal.Message != "reauth_required" || domain.UpstreamCodeOf(err) != "LOGIN" {
			t.Errorf("%s: got %v with the vendor's code %q", kind, err, domain.UpstreamCodeOf(err))
		}
		h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
		e.noError(err)
		if !h.Facts.Health.NeedsReauth || h.Facts.Usage.Refreshes != 0 {
			t.Errorf("%s: the health is %+v after %d refreshes", kind, h.Facts.Health, h.Facts.Usage.Refreshes)
		}
		linked.failure = &domain.Error{Kind: kind, Code: domain.AccessDenied, Cause: domain.ErrConsentRevoked}
		e.wantError(e.RefreshConnection(e.ctx, e.tenant, c.ID), domain.Rejected, domain.VendorRefused)
		stored, err := e.deps.Connections.Get(e.ctx, c.Tenant, c.Kind, c.ID)
		e.noError(err)
		if stored.Consent.Status != domain.ReportedRevoked {
			t.Errorf("%s: the consent is %+v", kind, stored.Consent)
		}
	}
}

// pacedVendor accepts one refresh in ten minutes. It does not count the refreshes itself, as after a restart.
type pacedVendor struct{ *linkVendor }

func (pacedVendor) RefreshInterval() time.Duration { return 10 * time.Minute }

// A refresh within the vendor's interval must be refused, also after a restart, and by every replica.
func TestARefreshWaitsForTheIntervalOfTheVendor(t *testing.T) {
	linked := &linkVendor{vendor: newVendor("pluggy")}
	e := newEnv(t, func(d *application.Deps) { d.Aggregators = []ports.Aggregator{pacedVendor{linked}} })
	c := e.createConnection("books")
	linked.failure = unavailable(domain.VendorUnreachable) // does not count
	e.wantError(e.RefreshConnection(e.ctx, e.tenant, c.ID), domain.Unavailable, domain.VendorUnreachable)
	linked.failure = nil
	e.noError(e.RefreshConnection(e.ctx, e.tenant, c.ID))
	e.Service = e.newService()
	e.clock.now = e.clock.now.Add(3 * time.Minute)
	err := e.RefreshConnection(e.ctx, e.tenant, c.ID)
	e.wantError(err, domain.Unavailable, domain.RefreshesUsedUp)
	if wait := domain.RetryAfterOf(err).Round(time.Second); wait != 7*time.Minute {
		t.Errorf("RetryAfter is %v, want 7 minutes", wait)
	}
	e.clock.now = e.clock.now.Add(8 * time.Minute)
	e.noError(e.RefreshConnection(e.ctx, e.tenant, c.ID))
	if len(linked.calls) != 3 {
		t.Errorf("calls are %v, want 3", linked.calls)
	}
}

func TestAVendorWithoutAFeatureIsNotCalled(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	_, err := e.CreateLinkSession(e.ctx, e.tenant, c.ID)
	e.wantError(err, domain.Conflict, domain.NotOffered)
	e.wantError(e.RefreshConnection(e.ctx, e.tenant, c.ID), domain.Conflict, domain.NotOffered)
}

func (e *env) pause(c domain.Connection) {
	e.Helper()
	h, err := e.PauseConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if !h.Facts.Paused {
		e.Fatal("the connection is not paused")
	}
}

func (e *env) resume(c domain.Connection) {
	e.Helper()
	h, err := e.ResumeConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if h.Facts.Paused {
		e.Fatal("the connection is paused")
	}
}

// A replica that did not set the pause itself must observe it, too: the test pauses the connection through one replica
// and makes all calls through another one.
func TestAPausedConnectionIsNotCalledByAnyReplica(t *testing.T) {
	e, linked, c := newLinkEnv(t)
	linked.setRows("1", "2")
	queued := e.requestFullPull(c)
	e.pause(c)
	e.Service = e.newService()
	if wait := e.runPull(queued); wait != 0 {
		t.Errorf("the job of a paused pull waits %v, want its end", wait)
	}
	_, err := e.CreateLinkSession(e.ctx, e.tenant, c.ID)
	e.wantError(err, domain.Conflict, domain.ConnectionPaused)
	e.wantError(e.RefreshConnection(e.ctx, e.tenant, c.ID), domain.Conflict, domain.ConnectionPaused)
	_, err = e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.wantError(err, domain.Conflict, domain.ConnectionPaused)
	_, err = e.RequestPull(e.ctx, e.tenant, c.ID, domain.Window{})
	e.wantError(err, domain.Conflict, domain.ConnectionPaused)
	e.clock.now = epoch.Add(24 * time.Hour)
	requested, err := e.Reconcile(e.ctx, time.Hour, 10)
	e.noError(err)
	stuck, err := e.ListStuck(e.ctx, 10)
	e.noError(err)
	if linked.checks+len(linked.calls)+len(linked.cursors)+requested+len(stuck) != 0 {
		t.Errorf("%d checks, calls %v, pages %v, %d reconciled, stuck %v",
			linked.checks, linked.calls, linked.cursors, requested, stuck)
	}
	e.nudged = nil
	e.resume(c)
	if diff := cmp.Diff([]domain.PullID{queued}, e.nudged); diff != "" {
		t.Errorf("jobs of the resume (-want +got):\n%s", diff)
	}
	e.runPull(queued)
	e.wantPull(queued, domain.PullSucceeded, "")
}

// If a connection is paused during a vendor call of a pull, no further vendor call may start, no matter which call was
// running. The attempt must not be counted, and the pull must store everything after the resume.
func TestAPauseStopsAPullBeforeItsNextCall(t *testing.T) {
	for _, at := range []string{"check", "accounts", "page", "last page", "confirmation"} {
		t.Run(at, func(t *testing.T) {
			e := newEnv(t)
			c := e.createConnection("books")
			e.vendor.setRows("1", "2", "3", "4", "5", "6")
			calls, paused := 0, false
			pauseAt := func(where string) error {
				if calls++; where == at && !paused {
					calls, paused = 0, true
					e.pause(c)
				}
				return nil
			}
			e.vendor.onCheck = func() error {
				if e.vendor.checks > 1 {
					return pauseAt("confirmation")
				}
				return pauseAt("check")
			}
			e.vendor.onAccounts = func() error { return pauseAt("accounts") }
			e.vendor.beforeRead = func(_ context.Context, cursor string) {
				_ = pauseAt(map[string]string{"2": "page", "4": "last page"}[cursor])
			}
			pull := e.requestFullPull(c)
			e.runPull(pull)
			if calls != 0 {
				t.Errorf("%d calls of the vendor after the pause", calls)
			}
			if at != "confirmation" { // a pause during the confirmation stops nothing: it is the last call
				if p := e.wantPull(pull, domain.PullQueued, domain.ConnectionPaused); p.Attempts != 0 {
					t.Errorf("%d attempts count, want none", p.Attempts)
				}
				e.resume(c)
				e.clock.now = e.clock.now.Add(time.Second)
				e.runPull(pull)
			}
			e.wantPull(pull, domain.PullSucceeded, "")
			if diff := cmp.Diff([]string{"1 v1", "2 v1", "3 v1", "4 v1", "5 v1", "6 v1"}, e.storedRows(c)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
