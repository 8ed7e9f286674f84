package vendorhttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// newTransport returns the connection pool. It uses no proxy, because a proxy would dial
// without the egress guard.
func newTransport(cfg Config, guard *Guard) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Control: guard.Control}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dial(dialer, cfg.Resolver),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    16,
		MaxConnsPerHost:        64,
		IdleConnTimeout:        60 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dial resolves through the configured resolver, or leaves that to the dialer if it is
// nil. In both cases the guard checks each address when it is dialed, so that a name that
// resolves to another address than before (DNS rebinding) gains nothing.
func dial(dialer *net.Dialer, resolver Resolver) dialFunc {
	if resolver == nil {
		return dialer.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		found, err := resolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, err
		}
		var conn net.Conn
		err = &net.DNSError{IsNotFound: true}
		for _, addr := range found {
			if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(addr.String(), port)); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}
