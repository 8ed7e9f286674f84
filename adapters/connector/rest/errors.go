package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The causes of the errors that the function unreachable returns. They replace the errors of net/http, which contain
// the URL.
var (
	errSetup      = errors.New("the request cannot be prepared")
	errTimeout    = errors.New("no response in time")
	errNoResponse = errors.New("no response")
	errServer     = errors.New("the server failed")
)

// probeError returns the domain error for a request that received no response.
func probeError(ctx context.Context, err error) *domain.Error {
	var (
		own     *domain.Error
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &own):
		return notAllowed()
	case errors.Is(ctx.Err(), context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	case errors.As(err, &timeout) && timeout.Timeout():
		return unreachable(errTimeout)
	}
	return unreachable(errNoResponse)
}

// statusError returns the domain error for the status of the response, or nil if the status is 200
// to 299.
func statusError(response *http.Response) error {
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusUnauthorized:
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	case code == http.StatusForbidden:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	case code == http.StatusNotFound, code == http.StatusGone:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	case code == http.StatusTooManyRequests:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: retryAfter(response)}
	case code >= 500, code == http.StatusRequestTimeout:
		return unreachable(errServer)
	}
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: "neither a success nor a temporary failure",
	}
}

// maxRetryAfter is the longest wait that a peer can ask for with Retry-After.
const maxRetryAfter = time.Hour

// retryAfter returns the wait that the Retry-After header of a response asks for, at most maxRetryAfter. It returns 0
// if the header is missing or invalid, or contains a time in the past.
func retryAfter(response *http.Response) time.Duration {
	wait, _ := domain.ParseRetryAfter(response.Header.Get("Retry-After"), time.Now())
	return min(wait, maxRetryAfter)
}

func unreachable(cause error) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: cause}
}

func notAllowed() *domain.Error {
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: "an address that egress forbids",
	}
}
