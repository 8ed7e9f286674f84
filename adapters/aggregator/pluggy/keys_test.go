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

// together runs n calls of Accounts at once and gives their errors, nil ones left out.
func (w *world) together(t *testing.T, n int) []error {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { _, errs[i] = w.adapter.Accounts(t.Context(), w.access) })
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

func TestOneKeyServesEverybody(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	if errs := w.together(t, 30); errs != nil {
		t.Fatal(errs)
	}
	w.keysIssued(t, 1)
	other := w.access
	other.Credential = credential("second", "other-secret")
	w.sim.AddClient(pluggysim.Client{ID: "second", Secret: "other-secret"})
	if _, err := w.adapter.Check(t.Context(), other); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("another client reads the item with somebody's key: %v", err)
	}
	w.keysIssued(t, 2)
}

func (w *world) keysIssued(t *testing.T, want int) {
	t.Helper()
	if got := w.sim.Stats().KeysIssued; got != want {
		t.Errorf("%d keys issued, want %d", got, want)
	}
}

func TestAKeyIsReplacedShortlyBeforeItEnds(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	for _, step := range []struct {
		wait time.Duration
		keys int
	}{{0, 1}, {114 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Hour, 2}} {
		w.clock.Pass(step.wait)
		if _, err := w.adapter.Check(t.Context(), w.access); err != nil {
			t.Fatal(err)
		}
		w.keysIssued(t, step.keys)
	}
	if refused := w.sim.Stats().Resources["items"].Errors; refused != 0 {
		t.Errorf("%d calls with a key that had ended", refused)
	}
}

func TestAnExpiredKeyIsReplacedOnce(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	if errs := w.together(t, 1); errs != nil {
		t.Fatal(errs)
	}
	w.sim.ExpireKeys()
	if errs := w.together(t, 20); errs != nil {
		t.Fatal(errs)
	}
	w.keysIssued(t, 2)
}

func TestAKeyThatIsAlwaysRefusedIsTheVendorsTrouble(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	w.spoil(t, pluggysim.Fault{Kind: pluggysim.FaultExpire, Times: -1}, "/accounts")
	if _, err := w.adapter.Accounts(t.Context(), w.access); !errors.Is(err, domain.VendorUnreachable) {
		t.Fatalf("got %v, want vendor_unreachable", err)
	}
	w.keysIssued(t, 2)
}

func TestCredentialsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*world){
		"wrong secret":   func(w *world) { w.access.Credential = credential(pluggysim.DemoClientID, "nope") },
		"unknown client": func(w *world) { w.access.Credential = credential("nobody", pluggysim.DemoClientSecret) },
		"empty":          func(w *world) { w.access.Credential = domain.Credential{} },
		"not UTF-8":      func(w *world) { w.access.Credential = credential("\xff", "\xfe") },
		"disabled client": func(w *world) {
			w.sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret, Disabled: true})
		},
		"refused form": func(w *world) {
			_ = w.sim.Inject(pluggysim.Fault{Path: "/auth", Kind: pluggysim.FaultStatus, Status: http.StatusBadRequest})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vendorhttp.Config{})
			change(w)
			_, err := w.adapter.Check(t.Context(), w.access)
			if !errors.Is(err, domain.Rejected) || !errors.Is(err, domain.CredentialRejected) {
				t.Fatalf("got %v, want credential_rejected", err)
			}
			w.keysIssued(t, 0)
		})
	}
}

func TestVerifyFindsAWithdrawnCredential(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	if _, err := w.adapter.Verify(t.Context(), w.access); err != nil {
		t.Fatal(err)
	}
	w.sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: "rotated"})
	if _, err := w.adapter.Check(t.Context(), w.access); err != nil {
		t.Errorf("the cached key still serves: %v", err)
	}
	if _, err := w.adapter.Verify(t.Context(), w.access); !errors.Is(err, domain.CredentialRejected) {
		t.Errorf("got %v, want credential_rejected", err)
	}
	if _, err := w.adapter.Check(t.Context(), w.access); !errors.Is(err, domain.CredentialRejected) {
		t.Errorf("the old key is still used: %v", err)
	}
}

func TestAuthenticationFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault pluggysim.Fault
		code  domain.Code
	}{
		"500":      {pluggysim.Fault{Kind: pluggysim.FaultStatus}, domain.VendorUnreachable},
		"429":      {pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: 429, RetryAfter: "9"}, domain.VendorRateLimited},
		"denied":   {pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: 403}, domain.AccessDenied},
		"hang":     {pluggysim.Fault{Kind: pluggysim.FaultHang}, domain.VendorUnreachable},
		"cut":      {pluggysim.Fault{Kind: pluggysim.FaultCut}, domain.MalformedResponse},
		"html":     {pluggysim.Fault{Kind: pluggysim.FaultHTML}, domain.MalformedResponse},
		"types":    {pluggysim.Fault{Kind: pluggysim.FaultTypes}, domain.MalformedResponse},
		"redirect": {pluggysim.Fault{Kind: pluggysim.FaultRedirect}, domain.MalformedResponse},
		"oversize": {pluggysim.Fault{Kind: pluggysim.FaultOversize, Size: 4 << 20}, domain.MalformedResponse},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vendorhttp.Config{AttemptTimeout: 300 * time.Millisecond, MaxBodyBytes: 1 << 20})
			w.spoil(t, test.fault, "/auth")
			if _, err := w.adapter.Check(t.Context(), w.access); !errors.Is(err, test.code) {
				t.Fatalf("got %v, want %s", err, test.code)
			}
			w.sim.ClearFaults()
			if _, err := w.adapter.Check(t.Context(), w.access); err != nil && !errors.Is(err, domain.BudgetExhausted) {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

// TestNothingPrintsASecret prints the adapter, and what reaches it, after use. What is
// deeper inside is printed in TestTheKeyringPrintsNoSecret.
func TestNothingPrintsASecret(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	if _, err := w.adapter.Check(t.Context(), w.access); err != nil {
		t.Fatal(err)
	}
	secrets := append(w.seenKeys()[4:], pluggysim.DemoClientSecret, pluggysim.DemoClientID)
	for _, shown := range []any{w.adapter, w.access, &w.access, []ports.Access{w.access}} {
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
