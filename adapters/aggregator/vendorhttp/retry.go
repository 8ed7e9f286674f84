package vendorhttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The retries of the process are for a hiccup alone: a vendor that stays away, or says
// for how long, is left to the job queue.
const (
	maxRetries  = 2
	firstPause  = 100 * time.Millisecond
	lastPause   = 400 * time.Millisecond
	longestWish = 500 * time.Millisecond
)

// newRetries repeats what failed in passing.
func newRetries() retrypolicy.RetryPolicy[answer] {
	return retrypolicy.NewBuilder[answer]().
		HandleIf(passing).
		WithMaxRetries(maxRetries).
		WithBackoff(firstPause, lastPause).
		WithJitterFactor(0.25).
		ReturnLastFailure().
		Build()
}

// passing says whether a failure may be over by the next try: a gateway's status, or a
// connection that was lost.
func passing(a answer, err error) bool {
	var why *domain.Error
	if !errors.As(err, &why) || why.RetryAfter > longestWish {
		return false
	}
	switch a.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return errors.Is(err, errReset)
}

// The breaker opens only for an origin that is plainly down, and soon looks again: half
// a bad minute of single calls must not keep good ones away.
const (
	breakerRate   = 0.95
	breakerCalls  = 40
	breakerPeriod = 30 * time.Second
	breakerPause  = 3 * time.Second
)

func newBreaker() circuitbreaker.CircuitBreaker[answer] {
	return circuitbreaker.NewBuilder[answer]().
		HandleIf(func(_ answer, err error) bool { return errors.Is(err, domain.VendorUnreachable) }).
		WithFailureRateThreshold(breakerRate, breakerCalls, breakerPeriod).
		WithSuccessThreshold(1).
		WithDelay(breakerPause).
		Build()
}

// perform runs attempt under the breaker, again where that is harmless.
func (c *Client) perform(ctx context.Context, call Call, at *origin, attempt func(context.Context) (answer, error)) (answer, error) {
	run := failsafe.With[answer](at.breaker)
	if call.repeatable() {
		run = failsafe.With[answer](c.retries, at.breaker)
	}
	got, err := run.WithContext(ctx).Get(func() (answer, error) { return attempt(ctx) })
	if errors.Is(err, circuitbreaker.ErrOpen) {
		return got, unreachable(errOpen, at.breaker.RemainingDelay())
	}
	if err != nil && !errors.As(err, new(*domain.Error)) {
		return got, failed(ctx, err) // the context ended between two attempts
	}
	return got, err
}
