package vendorhttp

import (
	"errors"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The circuit breaker of an origin opens only if the origin is clearly down. The share of failed calls within
// breakerWindow must reach breakerFailureRate, and there must be at least breakerMinCalls calls. After breakerDelay, a
// call is allowed again. If only some calls fail, the circuit breaker does not block the other calls.
const (
	breakerFailureRate = 0.95
	breakerMinCalls    = 40
	breakerWindow      = 30 * time.Second
	breakerDelay       = 3 * time.Second
)

// newCircuitBreaker returns a circuit breaker that counts only vendor_unreachable errors as
// failures. One successful call closes it again.
//
// A response with status 400 is no failure, even if the vendor's error code means that an institution cannot be
// reached: the origin itself works.
func newCircuitBreaker() circuitbreaker.CircuitBreaker[response] {
	return circuitbreaker.NewBuilder[response]().
		HandleIf(func(got response, err error) bool {
			return errors.Is(err, domain.VendorUnreachable) && got.status != http.StatusBadRequest
		}).
		WithFailureRateThreshold(breakerFailureRate, breakerMinCalls, breakerWindow).
		WithSuccessThreshold(1).
		WithDelay(breakerDelay).
		Build()
}
