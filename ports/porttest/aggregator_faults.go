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
func testFaults(t *testing.T, suite VendorSuite) {
	for fault, code := range faultCodes {
		for _, name := range []string{"Check", "Accounts", "Read"} {
			if name != "Read" && (fault == VendorOddNumbers || fault == VendorMisleads) {
				continue // these are about rows
			}
			t.Run(string(fault)+"/"+name, func(t *testing.T) { testFault(t, suite.New(t), fault, code, name) })
		}
	}
}

// testFault: the fault is Unavailable with its code, in time, without a word of what the
// vendor sent; and the adapter works again as soon as the vendor does.
func testFault(t *testing.T, env VendorEnv, fault VendorFault, code domain.Code, name string) {
	t.Helper()
	env.Seed(t, env.Accounts[0], manyRows) // so that there is a next page to be misled to
	call := env.vendorCalls()[name]
	env.Break(t, fault)
	start := time.Now()
	err := call(t.Context(), env.Good)
	if !isError(err, domain.Unavailable, code) {
		t.Fatalf("got %v (%v), want Unavailable (%s)", err, errors.Unwrap(err), code)
	}
	if took := time.Since(start); took > vendorCallTimeout {
		t.Errorf("the call took %v", took)
	}
	if fault == VendorRateLimits && domain.RetryAfterOf(err) != env.RetryAfter {
		t.Errorf("RetryAfter = %v, want %v", domain.RetryAfterOf(err), env.RetryAfter)
	}
	env.assertNoLeak(t, err)
	env.Mend(t)
	if fault == VendorRateLimits {
		return // its wish holds on
	}
	if err := call(t.Context(), env.Good); err != nil {
		t.Errorf("after the fault: %v (%v)", err, errors.Unwrap(err))
	}
}

// testCancelled: a caller that leaves is no failure of the vendor's.
func testCancelled(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range env.vendorCalls() {
		if err := call(ctx, env.Good); !errors.Is(err, context.Canceled) {
			t.Errorf("%s under a cancelled context: %v", name, err)
		}
	}
}

// calls are the port's methods that ask the vendor.
func (env VendorEnv) vendorCalls() map[string]func(context.Context, ports.Access) error {
	accounts := []domain.AccountData{{ExternalID: env.Accounts[0], Type: domain.BankAccount, Currency: "BRL"}}
	return map[string]func(context.Context, ports.Access) error{
		"Check": func(ctx context.Context, a ports.Access) error {
			_, err := env.Adapter.Check(ctx, a)
			return err
		},
		"Accounts": func(ctx context.Context, a ports.Access) error {
			_, err := env.Adapter.Accounts(ctx, a)
			return err
		},
		"Read": func(ctx context.Context, a ports.Access) error {
			step := env.Adapter.Plan(domain.PullScope{Everything: true}, accounts, env.Today)[0]
			batch, err := env.Adapter.Read(ctx, a, step, accounts, "")
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
func (env VendorEnv) assertNoLeak(t *testing.T, err error) {
	t.Helper()
	secrets := append(env.Secrets(), strings.TrimPrefix(strings.TrimPrefix(env.Good.BaseURL, "http://"), "https://"),
		env.Good.AccountRef, env.Accounts[0])
	for _, a := range []ports.Access{env.Good, env.BadCredential} {
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
