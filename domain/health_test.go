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
