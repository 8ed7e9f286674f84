package domain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func failure(kind domain.Kind, code domain.Code) error { return &domain.Error{Kind: kind, Code: code} }

func TestOnlySuccessAndRejectionChangeTheHealth(t *testing.T) {
	before := domain.Health{Status: domain.Unhealthy, Reason: domain.AccountNotFound, Since: noon}
	healthy := domain.Health{Status: domain.Healthy, Since: hour(5)}
	for name, c := range map[string]struct {
		failure error
		want    domain.Health
	}{
		"success":                      {nil, healthy},
		"an account is not listed yet": {failure(domain.Unavailable, domain.AccountNotListed), healthy},
		"the vendor does not answer":   {failure(domain.Unavailable, domain.VendorUnreachable), before},
		"an account is never listed": {failure(domain.Rejected, domain.AccountNotListed), domain.Health{
			Status: domain.Unhealthy, Reason: domain.VendorUnreachable, Since: hour(5),
		}},
		"the budget is used up": {failure(domain.Unavailable, domain.BudgetExhausted), before},
		"another error":         {errors.New("broken"), before},
		"access denied until the account holder acts": {
			&domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied, Cause: domain.ErrHolderMustAct},
			domain.Health{
				Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: hour(5),
				NeedsReauth: true, ReauthSince: hour(5),
			},
		},
		"access denied": {failure(domain.Rejected, domain.AccessDenied), domain.Health{
			Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: hour(5),
		}},
	} {
		if got := before.After(domain.LinkStatus{}, c.failure, hour(5)); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestAHolderMustSignInUnlessTheCredentialWasRejected(t *testing.T) {
	holder := &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied, Cause: domain.ErrHolderMustAct}
	rejected := failure(domain.Rejected, domain.CredentialRejected)
	for name, c := range map[string]struct {
		health domain.Health
		want   bool
	}{
		"nothing": {domain.Health{}, false},
		"a status": {
			domain.Health{}.AfterSuccess(domain.LinkStatus{NeedsReauth: true}, noon), true,
		},
		"access denied":       {domain.Health{}.After(domain.LinkStatus{}, holder, noon), true},
		"credential rejected": {domain.Health{}.After(domain.LinkStatus{}, rejected, noon), false},
		"credential rejected, and an event": {
			domain.Health{}.After(domain.LinkStatus{}, rejected, noon).AfterSignal(domain.SignalReauth, noon), true,
		},
		"a sign-in, then credential rejected": {
			domain.Health{}.AfterReauth(noon).After(domain.LinkStatus{}, rejected, noon.Add(1)), true,
		},
		"a failed attempt, and nothing stated": {
			domain.Health{}.AfterReauth(noon).AfterStatus(domain.LinkStatus{}, noon.Add(1)), true,
		},
		"stated by a failed attempt": {
			domain.Health{}.AfterStatus(domain.LinkStatus{NeedsReauth: true}, noon), true,
		},
		"an event, and an earlier recovery": {
			domain.Health{}.AfterSignal(domain.SignalReauth, noon).AfterSignal(domain.SignalRecovered, hour(1)), true,
		},
		"a recovery, and an earlier event": {
			domain.Health{}.AfterSignal(domain.SignalRecovered, noon).AfterSignal(domain.SignalReauth, hour(1)), false,
		},
	} {
		if got := c.health.MustSignIn(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A test of a connection says nothing about whether the vendor reads the institution again.
func TestATestOfAConnectionNeverEndsASignIn(t *testing.T) {
	working := domain.LinkStatus{SignedIn: true, SyncComplete: true}
	signedOut := domain.Health{Status: domain.Healthy}.AfterSignal(domain.SignalReauth, noon)
	tested := signedOut.AfterTest(working, nil, noon.Add(1))
	if !tested.MustSignIn() || !tested.AfterSuccess(domain.LinkStatus{}, noon.Add(2)).MustSignIn() {
		t.Errorf("after a successful test: %+v", tested)
	}
	if tested.AfterSuccess(working, noon.Add(2)).MustSignIn() {
		t.Error("a pull after the test does not end the sign-in")
	}
	rejected := domain.Health{}.AfterFailure(domain.CredentialRejected, noon)
	if got := rejected.AfterTest(working, nil, noon.Add(1)); got.NeedsReauth || got.Status != domain.Healthy {
		t.Errorf("a successful test of a rejected credential: %+v", got)
	}
}

func TestAHealthSaysWhyNothingCanArrive(t *testing.T) {
	healthy := domain.Health{Status: domain.Healthy, Since: hour(0)}
	signedOut := healthy.AfterReauth(hour(2))
	for name, c := range map[string]struct {
		health  domain.Health
		consent domain.Consent
		want    domain.Code
		since   int // hours after the first reading
	}{
		"nothing":   {healthy, domain.Consent{}, "", 0},
		"a sign-in": {signedOut, domain.Consent{}, domain.ReauthRequired, 2},
		"expired": {
			healthy, domain.Consent{Status: domain.ReportedGranted, Since: hour(1), ExpiresAt: hour(3)},
			domain.ConsentEnded, 3,
		},
		"expires later": {
			healthy, domain.Consent{Status: domain.ReportedGranted, Since: hour(1), ExpiresAt: hour(9)}, "", 0,
		},
		"reported as expired": {
			healthy, domain.Consent{Status: domain.ReportedExpired, Since: hour(1)}, domain.ConsentEnded, 1,
		},
		"reported as expired before its date": {
			healthy, domain.Consent{Status: domain.ReportedExpired, Since: hour(1), ExpiresAt: hour(9)},
			domain.ConsentEnded, 1,
		},
		"revoked": {
			healthy, domain.Consent{Status: domain.ReportedRevoked, Since: hour(1)}, domain.ConsentTaken, 1,
		},
		"a sign-in and revoked": {
			signedOut, domain.Consent{Status: domain.ReportedRevoked, Since: hour(1)}, domain.ConsentTaken, 1,
		},
	} {
		got := c.health.At(hour(5), c.consent)
		unhealthy := got.Status == domain.Unhealthy
		if got.Stopped() != c.want || !got.Since.Equal(hour(c.since)) || unhealthy != (c.want != "") {
			t.Errorf("%s: %s, %q since %v", name, got.Status, got.Reason, got.Since)
		}
	}
}

func TestAStatusIsTheSameUnlessTheSynchronisationHasChanged(t *testing.T) {
	base := domain.LinkStatus{SyncComplete: true, SyncMarker: "1", Accounts: domain.OneRead}
	for name, c := range map[string]struct {
		change func(*domain.LinkStatus)
		want   bool
	}{
		"nothing":      {func(*domain.LinkStatus) {}, true},
		"next":         {func(s *domain.LinkStatus) { s.Schedule.NextAt = noon }, true},
		"expiry":       {func(s *domain.LinkStatus) { s.ConsentExpiresAt = noon }, true},
		"read":         {func(s *domain.LinkStatus) { s.SyncedAt = noon }, true},
		"bank":         {func(s *domain.LinkStatus) { s.Bank = &domain.BankReading{} }, true},
		"requested":    {func(s *domain.LinkStatus) { s.RequestedAt = noon }, true},
		"signed in":    {func(s *domain.LinkStatus) { s.SignedIn = true }, true},
		"bills denied": {func(s *domain.LinkStatus) { s.BillsDenied = true }, true},
		"in force":     {func(s *domain.LinkStatus) { s.ConsentInForceAt = noon }, true},
		"no bills":     {func(s *domain.LinkStatus) { s.WithoutBills = true }, true},
		"marker":       {func(s *domain.LinkStatus) { s.SyncMarker = "2" }, false},
		"incomplete":   {func(s *domain.LinkStatus) { s.SyncComplete = false }, false},
		"accounts":     {func(s *domain.LinkStatus) { s.Accounts = domain.NoProof }, false},
		"cards":        {func(s *domain.LinkStatus) { s.Cards = domain.TwoReads }, false},
		"transactions": {func(s *domain.LinkStatus) { s.Transactions = domain.TwoReads }, false},
		"a sign-in":    {func(s *domain.LinkStatus) { s.NeedsReauth = true }, false},
		"an approval":  {func(s *domain.LinkStatus) { s.Approval = domain.IsWaiting }, false},
		"a new device": {func(s *domain.LinkStatus) { s.Device = domain.IsWaiting }, false},
	} {
		other := base
		c.change(&other)
		if got := base.SameState(other); got != c.want || (base.State() == other.State()) != c.want {
			t.Errorf("%s: same state %t, texts %q and %q", name, got, base.State(), other.State())
		}
	}
}

// A list of transactions shows the reading of its own product, if the vendor states one.
func TestAListShowsTheSynchronisationOfItsProduct(t *testing.T) {
	cards := func(r domain.BankReading) domain.ProductReading { return r.Cards }
	status := domain.LinkStatus{SyncedAt: hour(1)}
	if got := status.RowsSyncTime(cards, hour(9)).At; !got.Equal(hour(1)) || status.Institution().ID != "" {
		t.Errorf("without a reading: %v, %v", got, status.Institution())
	}
	status.Bank = &domain.BankReading{
		Bank: domain.ProductReading{At: hour(2)}, Cards: domain.ProductReading{At: hour(3)},
		Institution: domain.Institution{ID: "201"},
	}
	if got := status.RowsSyncTime(cards, hour(9)).At; !got.Equal(hour(3)) || status.Institution().ID != "201" {
		t.Errorf("with a reading: %v, %v", got, status.Institution())
	}
	if got := status.RowsSyncTime(cards, hour(2)).At; !got.Equal(hour(2)) {
		t.Errorf("a reading in the future counts as one at %v", got)
	}
}

func TestAConnectionTestReportsItsReasons(t *testing.T) {
	if got := domain.ReasonOf(nil); got != "" {
		t.Errorf("without a failure: %q", got)
	}
	for code, want := range map[domain.Code]domain.Code{
		domain.CredentialRejected: domain.CredentialRejected,
		domain.CredentialUnopened: domain.CredentialUnopened,
		domain.AccountNotFound:    domain.AccountNotFound,
		domain.VendorRateLimited:  domain.VendorRateLimited,
		domain.AddressNotAllowed:  domain.AddressNotAllowed,
		domain.AccessDenied:       domain.AccessDenied,
		domain.BudgetExhausted:    domain.VendorRateLimited,
		domain.ListChanged:        domain.VendorUnreachable,
	} {
		if got := domain.ReasonOf(fmt.Errorf("wrapped: %w", failure(domain.Rejected, code))); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
}

func TestACheckIsValidWhileTargetAndCredentialStay(t *testing.T) {
	before := domain.Connection{
		Revision: 3, Sealed: []byte("sealed"), BaseURL: "https://a.example", AccountRef: "item",
		Config: json.RawMessage(`{"a":1}`),
	}
	for name, c := range map[string]struct {
		revision int64
		change   func(*domain.Connection)
		want     bool
	}{
		"renamed":                   {4, func(c *domain.Connection) { c.Name = "new" }, true},
		"encrypted again":           {3, func(c *domain.Connection) { c.Sealed = []byte("again") }, true},
		"another credential":        {4, func(c *domain.Connection) { c.Sealed = []byte("other") }, false},
		"another address":           {4, func(c *domain.Connection) { c.BaseURL = "https://b.example" }, false},
		"another account reference": {4, func(c *domain.Connection) { c.AccountRef = "other" }, false},
		"another configuration":     {4, func(c *domain.Connection) { c.Config = json.RawMessage(`{}`) }, false},
	} {
		now := before
		now.Revision = c.revision
		c.change(&now)
		if got := now.SameAccess(before); got != c.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestJitterIsAFractionOfOneByte(t *testing.T) {
	for input, want := range map[string]float64{"": 0, "\x00": 0, "\x80": 0.5, "\xff": 255.0 / 256} {
		if got := domain.Jitter(strings.NewReader(input)); got != want {
			t.Errorf("%q: got %v, want %v", input, got, want)
		}
	}
}
