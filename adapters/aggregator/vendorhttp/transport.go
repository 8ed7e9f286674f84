package vendorhttp

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
)

// newTransport returns the connection pool. The timeout of an attempt is also that of its exchange, so that no wrapper
// of the transport can extend it.
func newTransport(guard *egress.Guard, cfg Config) *egress.Transport {
	return egress.NewTransport(egress.TransportConfig{
		Dial: guard.Dial, TLS: cfg.TLS, Timeout: cfg.AttemptTimeout,
		MaxBody: cfg.MaxBodyBytes, Compressed: true,
		MaxConns: 64, MaxIdle: 128, MaxIdlePerHost: 16, IdleTimeout: time.Minute,
	})
}
