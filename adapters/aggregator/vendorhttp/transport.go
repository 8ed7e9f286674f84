package vendorhttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// newTransport returns the connection pool. It does not use a proxy, because the proxy would
// dial addresses that the egress guard has not checked.
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

// dial returns a dial function that resolves names with resolver, or with the dialer's own
// resolver if resolver is nil. In both cases the guard checks each address when it is dialed.
// Therefore a name that resolves to another address than before (DNS rebinding) cannot evade
// the guard.
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
