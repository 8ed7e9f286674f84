package vendorhttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The causes of transport errors. Their texts are our own, because the texts of the packages
// net and tls contain addresses and host names.
var (
	errTimeout        = errors.New("no response in time")
	errUnknownHost    = errors.New("the host name does not resolve")
	errTLS            = errors.New("no trusted TLS connection")
	errRefused        = errors.New("connection refused")
	errConnectionLost = errors.New("connection lost before the response")
	errNotHTTP        = errors.New("not an HTTP response")
	errBreakerOpen    = errors.New("circuit breaker open: too many recent failures")
	errTooLarge       = errors.New("response above the size limit")
	errCutShort       = errors.New("response ended early")
)

// transportError returns the domain error for a request without a complete response. It first
// checks whether the caller has canceled ctx, because then err says nothing about the vendor.
func transportError(ctx context.Context, err error) *domain.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	}
	if errors.Is(err, errForbiddenAddress) {
		return notAllowed("an address that egress forbids")
	}
	return unreachable(causeOf(ctx, err), 0)
}

// causeOf returns the cause, from the list above, that matches an error of net, tls or a
// context.
func causeOf(ctx context.Context, err error) error {
	var (
		timeout interface{ Timeout() bool }
		name    *net.DNSError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &name):
		return errUnknownHost
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &cert), errors.As(err, &unknown):
		return errTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errConnectionLost
	}
	return errNotHTTP
}

func unreachable(cause error, retryAfter time.Duration) *domain.Error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.VendorUnreachable, RetryAfter: retryAfter, Cause: cause,
	}
}

func malformed(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: message}
}

// ContextError returns the error that ports.Aggregator specifies for a context that has ended.
func ContextError(ctx context.Context) error { return transportError(ctx, ctx.Err()) }
