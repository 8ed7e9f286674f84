package vendorhttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// newTransport makes the pool of connections. It knows no proxy: one would dial in our
// stead, out of the guard's sight.
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

// dial resolves through the configured resolver, or leaves that to the dialer. In both
// cases the guard sees each address at its dial, so that a name which changes its
// answer between two look-ups gains nothing.
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
