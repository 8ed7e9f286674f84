package vendorhttp

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// newTransport returns the transport, which contains the connection pool. The transport itself ends each exchange
// after the longest timeout of an attempt, so that no wrapper around it can extend an exchange without end.
func newTransport(guard *egress.Guard, cfg Config) *egress.Transport {
	return egress.NewTransport(egress.TransportConfig{
		Dial: guard.Dial, TLS: cfg.TLS, Timeout: max(cfg.AttemptTimeout, domain.MaxRequestTimeout),
		MaxBody: cfg.MaxBodyBytes, Compressed: true,
		MaxConns: 64, MaxIdle: 128, MaxIdlePerHost: 16, IdleTimeout: time.Minute,
	})
}
