package vendorhttp

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The causes of errors that concern a response. The causes of transport errors are in package
// egress. This package uses its own texts, because the texts of net/http contain addresses and host
// names.
var (
	errNotHTTP     = errors.New("not an HTTP response")
	errBreakerOpen = errors.New("circuit breaker open: too many recent failures")
	errCutShort    = errors.New("response ended early")
)

// transportError returns the domain error for a request without a complete response. It first
// checks whether the caller has canceled ctx, because then err says nothing about the vendor.
func transportError(ctx context.Context, err error) *domain.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	}
	if errors.Is(err, egress.ErrForbiddenAddress) {
		return egress.NotAllowed("an address that egress forbids")
	}
	return unreachable(causeOf(ctx, err), 0)
}

// causeOf returns the cause that package egress finds for an error of net/http, or errNotHTTP if it finds none.
func causeOf(ctx context.Context, err error) error {
	if cause := egress.CauseOf(ctx, err); cause != nil {
		return cause
	}
	return errNotHTTP
}

func unreachable(cause error, retryAfter time.Duration) *domain.Error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.VendorUnreachable, RetryAfter: retryAfter, Cause: cause,
	}
}

// TimedOut reports whether a call failed because the vendor did not respond in time.
func TimedOut(err error) bool { return errors.Is(err, egress.ErrTimeout) }

func malformed(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: message}
}

// ContextError returns the error that ports.Aggregator specifies for a context that has ended.
func ContextError(ctx context.Context) error { return transportError(ctx, ctx.Err()) }
