package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Causes in words of our own: what net/http says holds the URL.
var (
	errSetup  = errors.New("the request cannot be prepared")
	errTime   = errors.New("no answer in time")
	errDial   = errors.New("no answer")
	errServer = errors.New("the server failed")
)

// translate turns an answer that did not come into a domain error.
func translate(ctx context.Context, err error) *domain.Error {
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
		return unreachable(errTime)
	}
	return unreachable(errDial)
}

// judgeStatus turns an answer that is not a success into a domain error.
func judgeStatus(answer *http.Response) error {
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusUnauthorized:
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	case code == http.StatusForbidden:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	case code == http.StatusNotFound, code == http.StatusGone:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	case code == http.StatusTooManyRequests:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: wish(answer)}
	case code >= 500, code == http.StatusRequestTimeout:
		return unreachable(errServer)
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: "neither a success nor a failure that can pass"}
}

// maxWish bounds the wait that a peer can ask for.
const maxWish = time.Hour

// wish reads Retry-After in seconds (RFC 9110, section 10.2.3); its other form, a date,
// counts as no wish: nothing waits for a probe.
func wish(answer *http.Response) time.Duration {
	seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxWish)
}

func unreachable(cause error) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: cause}
}

func notAllowed() *domain.Error {
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: "an address that egress forbids"}
}
