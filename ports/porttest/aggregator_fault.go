package porttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// faultCodes is what each fault must be told as; all are Unavailable.
var faultCodes = map[VendorFault]domain.Code{
	VendorRateLimits: domain.VendorRateLimited,
	VendorFails:      domain.VendorUnreachable,
	VendorIsAway:     domain.VendorUnreachable,
	VendorHangs:      domain.VendorUnreachable,
	VendorCuts:       domain.MalformedResponse,
	VendorSendsHTML:  domain.MalformedResponse,
	VendorSwapsTypes: domain.MalformedResponse,
	VendorRedirects:  domain.MalformedResponse,
	VendorOverflows:  domain.MalformedResponse,
	VendorOddNumbers: domain.MalformedResponse,
	VendorMisleads:   domain.MalformedResponse,
}

// testFaults plays each fault to each method that asks the vendor, each in a fresh world.
func testFaults(t *testing.T, bench VendorSuite) {
	for fault, code := range faultCodes {
		for _, name := range []string{"Check", "Accounts", "Read"} {
			if name != "Read" && (fault == VendorOddNumbers || fault == VendorMisleads) {
				continue // these are about rows
			}
			t.Run(string(fault)+"/"+name, func(t *testing.T) { testFault(t, bench.New(t), fault, code, name) })
		}
	}
}

// testFault: the fault is Unavailable with its code, in time, without a word of what the
// vendor sent; and the adapter works again as soon as the vendor does.
func testFault(t *testing.T, w VendorEnv, fault VendorFault, code domain.Code, name string) {
	t.Helper()
	w.Seed(t, w.Accounts[0], manyRows) // so that there is a next page to be misled to
	call := w.calls()[name]
	w.Break(t, fault)
	begun := time.Now()
	err := call(t.Context(), w.Good)
	if !isError(err, domain.Unavailable, code) {
		t.Fatalf("got %v (%v), want Unavailable (%s)", err, errors.Unwrap(err), code)
	}
	if took := time.Since(begun); took > vendorCallTimeout {
		t.Errorf("the call took %v", took)
	}
	if fault == VendorRateLimits && domain.RetryAfterOf(err) != w.RetryAfter {
		t.Errorf("RetryAfter = %v, want %v", domain.RetryAfterOf(err), w.RetryAfter)
	}
	w.clean(t, err)
	w.Mend(t)
	if fault == VendorRateLimits {
		return // its wish holds on
	}
	if err := call(t.Context(), w.Good); err != nil {
		t.Errorf("after the fault: %v (%v)", err, errors.Unwrap(err))
	}
}

// testCancelled: a caller that leaves is no failure of the vendor's.
func testCancelled(t *testing.T, bench VendorSuite) {
	w := bench.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range w.calls() {
		if err := call(ctx, w.Good); !errors.Is(err, context.Canceled) {
			t.Errorf("%s under a cancelled context: %v", name, err)
		}
	}
}

// calls are the port's methods that ask the vendor.
func (w VendorEnv) calls() map[string]func(context.Context, ports.Access) error {
	views := []domain.AccountData{{ExternalID: w.Accounts[0], Type: domain.BankAccount, Currency: "BRL"}}
	return map[string]func(context.Context, ports.Access) error{
		"Check": func(ctx context.Context, a ports.Access) error {
			_, err := w.Adapter.Check(ctx, a)
			return err
		},
		"Accounts": func(ctx context.Context, a ports.Access) error {
			_, err := w.Adapter.Accounts(ctx, a)
			return err
		},
		"Read": func(ctx context.Context, a ports.Access) error {
			step := w.Adapter.Plan(domain.PullScope{Everything: true}, views, w.Today)[0]
			batch, err := w.Adapter.Read(ctx, a, step, views, "")
			for _, seen := range batch.Transactions {
				if _, malformed := seen.Normalize(); malformed != nil {
					return malformed
				}
			}
			return err
		},
	}
}

// isError asks for the kind and the code: either alone would let the other be wrong.
func isError(err error, kind domain.Kind, code domain.Code) bool {
	return errors.Is(err, kind) && errors.Is(err, code)
}

// clean fails when an error, or one of its causes, holds what it must not, however it is
// printed.
func (w VendorEnv) clean(t *testing.T, err error) {
	t.Helper()
	secrets := append(w.Secrets(), strings.TrimPrefix(strings.TrimPrefix(w.Good.BaseURL, "http://"), "https://"),
		w.Good.AccountRef, w.Accounts[0])
	for _, a := range []ports.Access{w.Good, w.BadCredential} {
		for _, part := range a.Credential.Names() {
			secrets = append(secrets, string(a.Credential.Part(part).Reveal()))
		}
	}
	for ; err != nil; err = errors.Unwrap(err) {
		text := fmt.Sprintf("%v\n%+v\n%#v", err, err, err)
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("an error tells what it must not: %q", secret)
			}
		}
	}
}
