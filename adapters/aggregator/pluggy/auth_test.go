package pluggy_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// concurrentCalls calls Accounts n times concurrently and returns the errors of the calls that
// failed, or nil if no call failed.
func (e *env) concurrentCalls(t *testing.T, n int) []error {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { _, errs[i] = e.adapter.Accounts(t.Context(), e.access) })
	}
	all.Wait()
	var failed []error
	for _, err := range errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

func TestConcurrentCallsShareOneKey(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	if errs := e.concurrentCalls(t, 30); errs != nil {
		t.Fatal(errs)
	}
	e.keysIssued(t, 1)
	other := e.access
	other.Credential = credential("second", "other-secret")
	e.sim.AddClient(pluggysim.Client{ID: "second", Secret: "other-secret"})
	if _, err := e.adapter.Check(t.Context(), other); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("another client reads the item with the key of the first: %v", err)
	}
	e.keysIssued(t, 2)
}

func (e *env) keysIssued(t *testing.T, want int) {
	t.Helper()
	if got := e.sim.Stats().KeysIssued; got != want {
		t.Errorf("%d keys issued, want %d", got, want)
	}
}

func TestAKeyIsReplacedShortlyBeforeItExpires(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	for _, step := range []struct {
		wait time.Duration
		keys int
	}{{0, 1}, {114 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Hour, 2}} {
		e.clock.Advance(step.wait)
		if _, err := e.adapter.Check(t.Context(), e.access); err != nil {
			t.Fatal(err)
		}
		e.keysIssued(t, step.keys)
	}
	if refused := e.sim.Stats().Resources["items"].Errors; refused != 0 {
		t.Errorf("%d calls with an expired key", refused)
	}
}

func TestARefusedKeyIsReplacedOnce(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	if errs := e.concurrentCalls(t, 1); errs != nil {
		t.Fatal(errs)
	}
	e.sim.ExpireKeys()
	if errs := e.concurrentCalls(t, 20); errs != nil {
		t.Fatal(errs)
	}
	e.keysIssued(t, 2)
}

func TestANewKeyThatIsRefusedIsAFailureOfTheVendor(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultExpire, Times: -1}, "/accounts")
	if _, err := e.adapter.Accounts(t.Context(), e.access); !errors.Is(err, domain.VendorUnreachable) {
		t.Fatalf("got %v, want vendor_unreachable", err)
	}
	e.keysIssued(t, 2)
}

func TestRefusedCredentials(t *testing.T) {
	for name, change := range map[string]func(*env){
		"wrong secret":   func(e *env) { e.access.Credential = credential(pluggysim.DemoClientID, "nope") },
		"unknown client": func(e *env) { e.access.Credential = credential("nobody", pluggysim.DemoClientSecret) },
		"empty":          func(e *env) { e.access.Credential = domain.Credential{} },
		"not UTF-8":      func(e *env) { e.access.Credential = credential("\xff", "\xfe") },
		"disabled client": func(e *env) {
			e.sim.AddClient(pluggysim.Client{
				ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret, Disabled: true,
			})
		},
		"refused form": func(e *env) {
			fault := pluggysim.Fault{Path: "/auth", Kind: pluggysim.FaultStatus, Status: http.StatusBadRequest}
			_ = e.sim.Inject(fault)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, vendorhttp.Config{})
			change(e)
			_, err := e.adapter.Check(t.Context(), e.access)
			if !errors.Is(err, domain.Rejected) || !errors.Is(err, domain.CredentialRejected) {
				t.Fatalf("got %v, want credential_rejected", err)
			}
			codes := map[string]string{
				"unknown client": "CLIENT_KEYS_UNAUTHORIZED", "disabled client": "CLIENT_DISABLED",
			}
			if want := codes[name]; want != "" && domain.UpstreamCodeOf(err) != want {
				t.Errorf("the vendor's code is %q, want %s", domain.UpstreamCodeOf(err), want)
			}
			e.keysIssued(t, 0)
		})
	}
}

func TestVerifyDetectsARevokedCredential(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	if _, err := e.adapter.Verify(t.Context(), e.access); err != nil {
		t.Fatal(err)
	}
	e.sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: "rotated"})
	if _, err := e.adapter.Check(t.Context(), e.access); err != nil {
		t.Errorf("the cached key is still valid: %v", err)
	}
	if _, err := e.adapter.Verify(t.Context(), e.access); !errors.Is(err, domain.CredentialRejected) {
		t.Errorf("got %v, want credential_rejected", err)
	}
	if _, err := e.adapter.Check(t.Context(), e.access); !errors.Is(err, domain.CredentialRejected) {
		t.Errorf("the old key is still used: %v", err)
	}
}

func TestAuthenticationFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault pluggysim.Fault
		code  domain.Code
	}{
		"500": {pluggysim.Fault{Kind: pluggysim.FaultStatus}, domain.VendorUnreachable},
		"429": {pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: 429, RetryAfter: "9"},
			domain.VendorRateLimited},
		"denied":   {pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: 403}, domain.AccessDenied},
		"hang":     {pluggysim.Fault{Kind: pluggysim.FaultHang}, domain.VendorUnreachable},
		"cut":      {pluggysim.Fault{Kind: pluggysim.FaultCut}, domain.MalformedResponse},
		"html":     {pluggysim.Fault{Kind: pluggysim.FaultHTML}, domain.MalformedResponse},
		"types":    {pluggysim.Fault{Kind: pluggysim.FaultTypes}, domain.MalformedResponse},
		"redirect": {pluggysim.Fault{Kind: pluggysim.FaultRedirect}, domain.MalformedResponse},
		"oversize": {pluggysim.Fault{Kind: pluggysim.FaultOversize, Size: 4 << 20}, domain.MalformedResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, vendorhttp.Config{AttemptTimeout: attemptTimeout, MaxBodyBytes: 1 << 20})
			e.inject(t, test.fault, "/auth")
			if _, err := e.adapter.Check(t.Context(), e.access); !errors.Is(err, test.code) {
				t.Fatalf("got %v, want %s", err, test.code)
			}
			e.sim.ClearFaults()
			if _, err := e.adapter.Check(t.Context(), e.access); err != nil && !errors.Is(err, domain.BudgetExhausted) {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

// TestNothingPrintsASecret checks that printing the adapter and its arguments after a call shows no
// secret. TestTheKeyCachePrintsNoSecret does the same for the cache inside the adapter.
func TestNothingPrintsASecret(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	if _, err := e.adapter.Check(t.Context(), e.access); err != nil {
		t.Fatal(err)
	}
	secrets := append(e.secrets()[4:], pluggysim.DemoClientSecret, pluggysim.DemoClientID)
	for _, shown := range []any{e.adapter, e.access, &e.access, []ports.Access{e.access}} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			text := fmt.Sprintf(verb, shown)
			for _, secret := range secrets {
				if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
					t.Errorf("%s of %T shows a secret", verb, shown)
				}
			}
		}
	}
}
