package vendorhttp

import (
	"crypto/tls"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
)

// newTransport returns the connection pool. It does not use a proxy, because the proxy would
// dial addresses that the egress guard has not checked.
func newTransport(guard *egress.Guard) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            guard.Dial,
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
