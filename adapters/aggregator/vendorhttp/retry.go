package vendorhttp

import (
	"errors"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The retries within a call, with exponential backoff and jitter, are only for transient
// failures. If a vendor stays unavailable, or sends a Retry-After that is longer than
// maxRetryAfterInCall, the call fails, and the job queue retries the pull later.
const (
	maxRetries          = 2
	minBackoff          = 100 * time.Millisecond
	maxBackoff          = 400 * time.Millisecond
	backoffJitter       = 0.25 // fraction of the backoff that is randomly added or subtracted
	maxRetryAfterInCall = 500 * time.Millisecond
)

// newRetryPolicy returns the policy that retries transient failures.
func newRetryPolicy() retrypolicy.RetryPolicy[response] {
	return retrypolicy.NewBuilder[response]().
		HandleIf(isTransient).
		WithMaxRetries(maxRetries).
		WithBackoff(minBackoff, maxBackoff).
		WithJitterFactor(backoffJitter).
		ReturnLastFailure().
		Build()
}

// isTransient reports whether a failure is likely to be temporary, so that another attempt may
// succeed: a gateway's error status, or a lost connection.
func isTransient(got response, err error) bool {
	var failure *domain.Error
	if !errors.As(err, &failure) || failure.RetryAfter > maxRetryAfterInCall {
		return false
	}
	switch got.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return errors.Is(err, egress.ErrConnectionLost)
}

// withPolicies returns an executor that makes an attempt only if the circuit breaker permits it. If
// the call is retryable, the executor retries failed attempts.
func withPolicies(
	call Call, retries retrypolicy.RetryPolicy[response], breaker circuitbreaker.CircuitBreaker[response],
) failsafe.Executor[response] {
	if call.retryable() {
		return failsafe.With[response](retries, breaker)
	}
	return failsafe.With[response](breaker)
}
