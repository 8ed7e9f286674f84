package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The causes of transport errors. Their texts are fixed, because the error texts of the packages net and tls contain
// addresses and host names.
var (
	ErrTimeout        = errors.New("no response in time")
	ErrUnknownHost    = errors.New("the host name does not resolve")
	ErrTLS            = errors.New("no trusted TLS connection")
	ErrRefused        = errors.New("connection refused")
	ErrConnectionLost = errors.New("connection lost before the response")
)

// CauseOf returns the cause (ErrTimeout, ErrUnknownHost and so on) that matches an error of package net, package tls or
// a context, or the *ProxyError in it. It returns nil if none matches.
func CauseOf(ctx context.Context, err error) error {
	var (
		timeout interface{ Timeout() bool }
		name    *net.DNSError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		proxy   *ProxyError
	)
	switch {
	case errors.As(err, &proxy):
		return proxy
	case errors.Is(err, ErrSwitchedProtocols):
		return ErrSwitchedProtocols
	case errors.As(err, &name):
		return ErrUnknownHost
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &cert), errors.As(err, &unknown):
		return ErrTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrConnectionLost
	}
	return nil
}

var errNotHTTP = errors.New("not an HTTP response")

// TransportError returns the domain error for an HTTP request of a sink that received no complete response. It first
// checks whether the caller has canceled ctx, because then err says nothing about the server.
func TransportError(ctx context.Context, err error) *domain.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	}
	if errors.Is(err, ErrForbiddenAddress) {
		return NotAllowed("an address that egress forbids")
	}
	cause := CauseOf(ctx, err)
	if cause == nil {
		cause = errNotHTTP
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkUnreachable, Message: cause.Error(), Cause: cause}
}
