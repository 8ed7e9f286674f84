package porttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// faultCodes maps each fault to the error code that the adapter must return. The kind of the error is Unavailable,
// except for VendorOddNumbers. That fault makes only the affected row Invalid; the page does not fail.
var faultCodes = map[VendorFault]domain.Code{
	VendorRateLimits:    domain.VendorRateLimited,
	VendorInternalError: domain.VendorUnreachable,
	VendorUnavailable:   domain.VendorUnreachable,
	VendorHangs:         domain.VendorUnreachable,
	VendorTruncates:     domain.MalformedResponse,
	VendorSendsHTML:     domain.MalformedResponse,
	VendorSwapsTypes:    domain.MalformedResponse,
	VendorRedirects:     domain.MalformedResponse,
	VendorOversizes:     domain.MalformedResponse,
	VendorOddNumbers:    domain.InvalidAmount,
	VendorForeignCursor: domain.MalformedResponse,
}

// testFaults applies each fault to each method that calls the vendor, each time in a new
// environment.
func testFaults(t *testing.T, suite VendorSuite) {
	names := slices.Sorted(maps.Keys(suite.New(t).vendorCalls()))
	for fault, code := range faultCodes {
		for _, name := range names {
			if name != "Read" && (fault == VendorOddNumbers || fault == VendorForeignCursor) {
				continue // these faults affect only rows
			}
			if name == "Erase" && (fault == VendorTruncates || fault == VendorSwapsTypes || fault == VendorOversizes) {
				// These faults spoil a response body. They cannot affect a deletion, because its response may have no
				// body.
				continue
			}
			t.Run(string(fault)+"/"+name, func(t *testing.T) {
				t.Parallel() // calls to a vendor that does not respond last until a timeout
				testFault(t, suite.New(t), fault, code, name)
			})
		}
	}
}

// testFault checks that the method with this name returns an error with the given code within vendorCallTimeout, and
// that the error contains no text of the vendor's response. It also checks that the method succeeds again after Repair.
func testFault(t *testing.T, env VendorEnv, fault VendorFault, code domain.Code, name string) {
	t.Helper()
	env.Seed(t, env.Accounts[0], manyRows) // many rows, so that there is a next page for VendorForeignCursor
	call := env.vendorCalls()[name]
	env.Break(t, fault)
	start := time.Now()
	err := call(t.Context(), env.Good)
	kind := domain.Unavailable
	if fault == VendorOddNumbers {
		kind = domain.Invalid
	}
	switch {
	case err == nil:
		t.Fatalf(
			"no error, want %s (%s): either %s does not check this part of the response, or the fault that "+
				"VendorEnv.Break injects does not change it", kind, code, name,
		)
	case !isError(err, kind, code):
		t.Fatalf("got %v (%v), want %s (%s)", err, errors.Unwrap(err), kind, code)
	}
	if took := time.Since(start); took > vendorCallTimeout {
		t.Errorf("the call took %v", took)
	}
	if fault == VendorRateLimits && domain.RetryAfterOf(err) != env.RetryAfter {
		t.Errorf("RetryAfter = %v, want %v", domain.RetryAfterOf(err), env.RetryAfter)
	}
	env.assertNoLeak(t, err)
	env.Repair(t)
	if fault == VendorRateLimits {
		return // the adapter still waits for the Retry-After of the response
	}
	if err := call(t.Context(), env.Good); err != nil && !env.repeats(name, err) {
		t.Errorf("after the fault: %v (%v)", err, errors.Unwrap(err))
	}
}

// testCancelled checks that a cancelled call returns context.Canceled, and not a failure of the
// vendor.
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

// vendorCalls returns one function for each tested method of ports.Aggregator. It includes the methods of ports.Eraser,
// ports.LinkTokens and ports.Refresher, if the adapter implements these interfaces. The keys are the names of the
// methods.
func (env VendorEnv) vendorCalls() map[string]func(context.Context, ports.Access) error {
	accounts := []domain.AccountData{{ExternalID: env.Accounts[0], Type: domain.BankAccount, Currency: "BRL"}}
	calls := map[string]func(context.Context, ports.Access) error{
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
			for _, raw := range batch.Transactions {
				if _, malformed := raw.Normalize(); malformed != nil {
					return malformed
				}
			}
			return err
		},
	}
	if vendor, ok := env.Adapter.(ports.Eraser); ok {
		calls["Erase"] = vendor.Erase
	}
	if vendor, ok := env.Adapter.(ports.LinkTokens); ok {
		calls["CreateLinkToken"] = func(ctx context.Context, a ports.Access) error {
			_, err := vendor.CreateLinkToken(ctx, a)
			return err
		}
	}
	if vendor, ok := env.Adapter.(ports.Refresher); ok {
		calls["Refresh"] = vendor.Refresh
	}
	return calls
}

// repeats reports whether err is the result that a repeated call of the method must have.
func (env VendorEnv) repeats(name string, err error) bool {
	if name == "Refresh" && env.RefreshOnce {
		return isError(err, domain.Unavailable, domain.BudgetExhausted) && domain.RetryAfterOf(err) > 0
	}
	return err == nil
}

// isError reports whether err has both the kind and the code. Checking only one of them would not detect a
// wrong value of the other.
func isError(err error, kind domain.Kind, code domain.Code) bool {
	return errors.Is(err, kind) && errors.Is(err, code)
}

// assertNoLeak fails the test if err, or one of the errors that it wraps, contains a secret in one
// of the formats %v, %+v and %#v.
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
				t.Errorf("an error contains what it must not: %q", secret)
			}
		}
	}
}
