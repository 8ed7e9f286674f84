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

// Causes in words of our own: what net and tls say names addresses and hosts.
var (
	errTimeout  = errors.New("no answer in time")
	errName     = errors.New("the name does not resolve")
	errTLS      = errors.New("no trusted TLS connection")
	errRefused  = errors.New("connection refused")
	errReset    = errors.New("connection lost before the answer")
	errNoHTTP   = errors.New("no HTTP answer")
	errOpen     = errors.New("too many failures of late: not asked")
	errTooLarge = errors.New("answer above the size limit")
	errCut      = errors.New("answer ended early")
)

// failed turns what kept an answer from coming into a domain error. The caller's own
// context comes first: its end says nothing of the vendor.
func failed(ctx context.Context, err error) *domain.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	}
	if errors.Is(err, errForbidden) {
		return notAllowed("an address that egress forbids")
	}
	return unreachable(causeOf(ctx, err), 0)
}

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
		return errName
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &cert), errors.As(err, &unknown):
		return errTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errReset
	}
	return errNoHTTP
}

func unreachable(cause error, wait time.Duration) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, RetryAfter: wait, Cause: cause}
}

func malformed(what string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: what}
}

// Ended gives the error of a context that is over, in the terms of ports.Aggregator.
func ContextError(ctx context.Context) error { return failed(ctx, ctx.Err()) }
