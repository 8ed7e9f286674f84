package belvo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestVendorErrorsMapToCodes(t *testing.T) {
	status := func(code string) belvosim.Fault {
		return belvosim.Fault{Kind: belvosim.FaultStatus, Code: code}
	}
	for name, c := range map[string]struct {
		fault belvosim.Fault
		want  domain.Code
	}{
		"authentication_failed":      {status("authentication_failed"), domain.CredentialRejected},
		"access_to_resource_denied":  {status("access_to_resource_denied"), domain.AccessDenied},
		"not_found":                  {status("not_found"), domain.AccountNotFound},
		"invalid_link":               {status("invalid_link"), domain.VendorUnreachable},
		"unconfirmed_link":           {status("unconfirmed_link"), domain.VendorUnreachable},
		"token_required":             {status("token_required"), domain.VendorUnreachable},
		"session_expired":            {status("session_expired"), domain.VendorUnreachable},
		"institution_down":           {status("institution_down"), domain.VendorUnreachable},
		"institution_unavailable":    {status("institution_unavailable"), domain.VendorUnreachable},
		"institution_inactive":       {status("institution_inactive"), domain.VendorUnreachable},
		"too_many_sessions":          {status("too_many_sessions"), domain.VendorRateLimited},
		"operational_limits_reached": {status("operational_limits_reached"), domain.VendorRateLimited},
		"request_timeout":            {status("request_timeout"), domain.VendorUnreachable},
		"conflict":                   {status("conflict"), domain.VendorUnreachable},
		"too_many_requests":          {status("too_many_requests"), domain.VendorRateLimited},
		"unexpected_error":           {status("unexpected_error"), domain.VendorUnreachable},
		"required":                   {status("required"), domain.VendorRefused},
		"a gateway's 503": {
			belvosim.Fault{Kind: belvosim.FaultStatus, Status: 503}, domain.VendorUnreachable,
		},
		"no response":          {belvosim.Fault{Kind: belvosim.FaultHang}, domain.VendorUnreachable},
		"a slow response":      {belvosim.Fault{Kind: belvosim.FaultDrip}, domain.VendorUnreachable},
		"a truncated response": {belvosim.Fault{Kind: belvosim.FaultCut}, domain.MalformedResponse},
		"an oversized response": {
			belvosim.Fault{Kind: belvosim.FaultOversize, Size: 5 << 20}, domain.MalformedResponse,
		},
		"a page of HTML":        {belvosim.Fault{Kind: belvosim.FaultHTML}, domain.MalformedResponse},
		"other JSON types":      {belvosim.Fault{Kind: belvosim.FaultTypes}, domain.MalformedResponse},
		"a number out of range": {belvosim.Fault{Kind: belvosim.FaultNumber}, domain.InvalidAmount},
		"an amount that is not a number": {
			belvosim.Fault{Kind: belvosim.FaultNumber, Value: "NaN"}, domain.MalformedResponse,
		},
		"a redirect": {belvosim.Fault{Kind: belvosim.FaultRedirect}, domain.MalformedResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, a, access := newSimulatedVendor(t, belvosim.Options{})
			accounts := listAccounts(t, a, access)
			c.fault.Times = -1
			inject(t, sim, c.fault)
			page, err := a.Read(t.Context(), access, domain.Step{}, accounts, "")
			for i := 0; err == nil && i < len(page.Transactions); i++ {
				_, err = page.Transactions[i].Normalize()
			}
			if domain.CodeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if _, listed := errorCodes[c.fault.Code]; listed && domain.UpstreamCodeOf(err) != c.fault.Code {
				t.Errorf("the vendor's code is %q", domain.UpstreamCodeOf(err))
			}
			assertNoLeak(t, err, access)
		})
	}
}

// assertNoLeak fails the test if err or one of its causes leaks data of a call. The texts of these
// errors must contain nothing that the test sent to the vendor or received from the vendor.
func assertNoLeak(t *testing.T, err error, access ports.Access) {
	t.Helper()
	host, _ := url.Parse(access.BaseURL)
	var printed strings.Builder
	for e := err; e != nil; e = errors.Unwrap(e) {
		fmt.Fprintf(&printed, "%s %+v %#v\n", e, e, e)
	}
	for _, canary := range []string{
		belvosim.DemoSecretID, belvosim.DemoSecretPassword, strings.TrimPrefix(basicAuth(access.Credential), "Basic "),
		host.Host, "http:", access.AccountRef, "Please wait", "Just a moment", "institution is",
		"Secret Keys", "request_id",
	} {
		if strings.Contains(printed.String(), canary) {
			t.Errorf("the error contains %q", canary)
		}
	}
}

func TestErrorBodyMayBeArrayOrObject(t *testing.T) {
	for body, want := range map[string]domain.Code{
		`{"code":"too_many_sessions"}`:           domain.VendorRateLimited,
		`[{"code":"x"},{"code":"invalid_link"}]`: domain.VendorUnreachable,
		`{"detail":"Not found."}`:                "",
		`[]`:                                     "",
		`<html>`:                                 "",
		``:                                       "",
	} {
		err := explainError(http.StatusBadRequest, []byte(body))
		if (err == nil) != (want == "") || err != nil && err.Code != want {
			t.Errorf("%s: got %v, want %q", body, err, want)
		}
	}
}

// TestOnlyTheVendorsCodeMeansAnUnknownLink checks error responses to each request that names the link.
func TestOnlyTheVendorsCodeMeansAnUnknownLink(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   domain.Code
	}{
		"404, unknown link":  {404, `[{"code":"not_found","message":"Not found"}]`, domain.AccountNotFound},
		"404, unknown code":  {404, `[{"code":"something_new","message":"odd"}]`, domain.VendorRefused},
		"404 with a detail":  {404, `{"detail":"Not found."}`, domain.VendorRefused},
		"404 of a gateway":   {404, `{}`, domain.MalformedResponse},
		"404 of a proxy":     {404, `<html>`, domain.MalformedResponse},
		"400, unknown code":  {400, `[{"code":"something_new","message":"odd"}]`, domain.VendorRefused},
		"400 with a detail":  {400, `{"detail":"odd"}`, domain.VendorRefused},
		"400 of a gateway":   {400, `{}`, domain.MalformedResponse},
		"400 without errors": {400, `[]`, domain.MalformedResponse},
	} {
		for call, do := range map[string]func(*Adapter, ports.Access) error{
			"status":   func(a *Adapter, at ports.Access) error { _, err := a.Check(t.Context(), at); return err },
			"accounts": func(a *Adapter, at ports.Access) error { _, err := a.Accounts(t.Context(), at); return err },
			"token": func(a *Adapter, at ports.Access) error {
				_, err := a.CreateLinkToken(t.Context(), at)
				return err
			},
			"refresh": func(a *Adapter, at ports.Access) error { return a.Refresh(t.Context(), at) },
			"rows": func(a *Adapter, at ports.Access) error {
				_, err := a.Read(t.Context(), at, domain.Step{}, nil, "")
				return err
			},
		} {
			t.Run(name+", "+call, func(t *testing.T) {
				a, access := newRefusingVendor(t, test.status, test.body)
				if err := do(a, access); domain.CodeOf(err) != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			})
		}
	}
}

func TestRetryAfterOfVendorIsObeyed(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Status: 429, RetryAfter: "42"})
	_, err := a.Accounts(t.Context(), access)
	if domain.CodeOf(err) != domain.VendorRateLimited || domain.RetryAfterOf(err) != 42*time.Second {
		t.Errorf("got %v after %s", err, domain.RetryAfterOf(err))
	}
	if _, err = a.Check(t.Context(), access); domain.CodeOf(err) != domain.BudgetExhausted {
		t.Errorf("got %v", err)
	}
	if asked := sim.Stats().Requests; asked != 1 {
		t.Errorf("%d requests during the vendor's Retry-After", asked)
	}
}

// newRefusingVendor starts a vendor that answers each request with the given response.
func newRefusingVendor(t *testing.T, status int, body string) (*Adapter, ports.Access) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: loopback, AttemptTimeout: attemptTimeout, MaxBudgetWait: -1,
	})
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return New(client, nil), ports.Access{
		BaseURL: server.URL, AccountRef: belvosim.DemoLinkID, Credential: credential("id", "password"),
	}
}
