package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Causes have our own text, because the errors of net/http contain the URL.
var (
	errSetup      = errors.New("the request cannot be prepared")
	errTimeout    = errors.New("no response in time")
	errNoResponse = errors.New("no response")
	errServer     = errors.New("the server failed")
)

// probeError turns a failed request into a domain error.
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

// statusError turns a response that is not a success into a domain error.
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

// maxRetryAfter bounds the wait that a peer can ask for.
const maxRetryAfter = time.Hour

// retryAfter parses Retry-After in seconds (RFC 9110, section 10.2.3). Its other form, a date,
// counts as absent: no caller waits for a probe.
func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

func unreachable(cause error) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: cause}
}

func notAllowed() *domain.Error {
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: "an address that egress forbids",
	}
}
