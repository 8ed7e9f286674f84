package vendorhttp

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/netip"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Defaults of [Config].
const (
	DefaultAttemptTimeout = 8 * time.Second
	DefaultTotalTimeout   = 14 * time.Second
	DefaultMaxBudgetWait  = 8 * time.Second
	DefaultMaxBodyBytes   = 16 << 20
)

// Config configures a [Client]. The zero value is usable: it allows only https and only
// public addresses.
type Config struct {
	// AllowedCIDRs are IPv4 and IPv6 networks that requests may reach although they are
	// private, loopback or otherwise not public.
	AllowedCIDRs []netip.Prefix
	// AllowHTTP allows base URLs with http in addition to https.
	AllowHTTP bool
	// AttemptTimeout bounds one attempt, including reading the response body. Zero means 8 s. A longer timeout in the
	// context (ports.WithRequestTimeout) takes precedence.
	AttemptTimeout time.Duration
	// TotalTimeout bounds a call with all its waits and retries. Zero means 14 s, which is below
	// the 15 s that ports.Aggregator promises. See [Client.WithTimeout].
	TotalTimeout time.Duration
	// MaxBodyBytes bounds a response body, in bytes after decompression. Zero means 16 MiB.
	MaxBodyBytes int64
	// TLS is the TLS configuration, for example with other root certificates; nil means the defaults of crypto/tls.
	TLS *tls.Config
	// UserAgent is sent with every request; if it is "", no User-Agent is sent.
	UserAgent string
	// Clock returns the current time; nil means the system clock.
	Clock ports.Clock
	// Resolver resolves host names; nil means the system's resolver. The guard checks the
	// addresses that it returns.
	Resolver egress.Resolver
	// MaxBudgetWait bounds how long a call may wait for a token of its rate budget. Zero means
	// 8 s; a negative value means that a call never waits.
	MaxBudgetWait time.Duration
	// BudgetPerMinute replaces the rate budgets of all vendors. Zero keeps the vendors' own
	// budgets; a negative value means no limit.
	BudgetPerMinute int
	// SharedBudgets stores the rate budgets that all replicas share. If it is nil, each process has its own budgets in
	// memory. A call with a shared budget may have to wait for a response of the store, so MaxBudgetWait must not be
	// negative.
	SharedBudgets ports.RateBudgets
	// EgressAddress is a name for the address from which this process calls. Only replicas with the same EgressAddress
	// share their budgets. It has no effect without SharedBudgets.
	EgressAddress string
	// Proxy and ProxyHosts are those of egress.Config.
	Proxy      *egress.Proxy
	ProxyHosts []string
	// OnBudgetError, if not nil, is called when the store of the shared budgets begins to fail, and not again before
	// the store has recovered. It must not block.
	OnBudgetError func(error)
	// OnCall, if not nil, is called after each attempt. The template is [Call.PathTemplate]. The status is 0 if there
	// was no response. OnCall must not block.
	OnCall func(vendor, method, template string, status int, took time.Duration)
	// AttemptContext returns the context with which an attempt is sent. For example, it can add
	// the name of a trace span. If it is nil, the context is not changed.
	AttemptContext func(ctx context.Context, template string) context.Context
	// WrapTransport returns a wrapper around the client's round tripper; nil means no wrapper.
	// The wrapper must not follow redirects and must not retain any part of the request.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// OnBudget, if not nil, is called after a call has requested a token, and after a 429 has blocked a budget. Its
	// last argument is the number of available tokens minus the number of waiting calls. The number is negative while
	// calls wait. OnBudget must not block.
	OnBudget func(vendor, resource string, left float64)
}

func (c Config) withDefaults() Config {
	setDefault(&c.AttemptTimeout, DefaultAttemptTimeout)
	setDefault(&c.TotalTimeout, DefaultTotalTimeout)
	setDefault(&c.MaxBudgetWait, DefaultMaxBudgetWait)
	setDefault(&c.MaxBodyBytes, DefaultMaxBodyBytes)
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.OnCall == nil {
		c.OnCall = func(string, string, string, int, time.Duration) {}
	}
	if c.AttemptContext == nil {
		c.AttemptContext = func(ctx context.Context, _ string) context.Context { return ctx }
	}
	if c.WrapTransport == nil {
		c.WrapTransport = func(base http.RoundTripper) http.RoundTripper { return base }
	}
	if c.OnBudgetError == nil {
		c.OnBudgetError = func(error) {}
	}
	if c.OnBudget == nil {
		c.OnBudget = func(string, string, float64) {}
	}
	return c
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
