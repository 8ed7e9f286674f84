package vendorhttp

import (
	"errors"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The retries within a call, with exponential backoff and jitter, are only for a transient
// failure. A vendor that stays unavailable, or sends a longer Retry-After than
// maxRetryAfterInCall, is left to the retries of the job queue.
const (
	maxRetries          = 2
	minBackoff          = 100 * time.Millisecond
	maxBackoff          = 400 * time.Millisecond
	backoffJitter       = 0.25 // of the backoff, up or down
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

// isTransient reports whether a failure may be over by the next attempt: the status of a
// gateway, or a connection that was lost.
func isTransient(got response, err error) bool {
	var failure *domain.Error
	if !errors.As(err, &failure) || failure.RetryAfter > maxRetryAfterInCall {
		return false
	}
	switch got.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return errors.Is(err, errConnectionLost)
}

// withPolicies returns an executor that makes an attempt under the circuit breaker, and
// retries it if the call may be sent again.
func withPolicies(
	call Call, retries retrypolicy.RetryPolicy[response], breaker circuitbreaker.CircuitBreaker[response],
) failsafe.Executor[response] {
	if call.retryable() {
		return failsafe.With[response](retries, breaker)
	}
	return failsafe.With[response](breaker)
}
