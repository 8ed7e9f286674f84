package vendorhttp

import (
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The circuit breaker of an origin opens only if the origin is plainly down: nearly all of
// at least breakerMinCalls calls within breakerWindow have failed. It lets a call through
// again after breakerDelay. So half a minute of failing calls does not block good ones.
const (
	breakerFailureRate = 0.95
	breakerMinCalls    = 40
	breakerWindow      = 30 * time.Second
	breakerDelay       = 3 * time.Second
)

// newCircuitBreaker returns a breaker that counts vendor_unreachable as a failure. One
// success closes it again.
func newCircuitBreaker() circuitbreaker.CircuitBreaker[response] {
	return circuitbreaker.NewBuilder[response]().
		HandleIf(func(_ response, err error) bool { return errors.Is(err, domain.VendorUnreachable) }).
		WithFailureRateThreshold(breakerFailureRate, breakerMinCalls, breakerWindow).
		WithSuccessThreshold(1).
		WithDelay(breakerDelay).
		Build()
}
