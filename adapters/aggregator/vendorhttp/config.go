package vendorhttp

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Defaults of [Config].
const (
	DefaultAttemptTimeout = 8 * time.Second
	DefaultTotalTimeout   = 14 * time.Second
	DefaultMaxBudgetWait  = 8 * time.Second
	DefaultMaxBodyBytes   = 16 << 20
)

// Config configures a [Client]. The zero value is usable: https only, public addresses only.
type Config struct {
	// AllowedCIDRs are networks that requests may reach although they are private, loopback
	// or otherwise special. IPv4 and IPv6.
	AllowedCIDRs []netip.Prefix
	// AllowHTTP allows base URLs with http as well as https.
	AllowHTTP bool
	// AttemptTimeout bounds one attempt, including its response body. Zero: 8 s.
	AttemptTimeout time.Duration
	// TotalTimeout bounds a call with its waits and retries. Zero: 14 s, below the 15 s that
	// ports.Aggregator promises.
	TotalTimeout time.Duration
	// MaxBodyBytes bounds a response body, in bytes after decompression. Zero: 16 MiB.
	MaxBodyBytes int64
	// UserAgent is sent with every request; "" sends none.
	UserAgent string
	// Clock returns the current time; nil: the system clock.
	Clock ports.Clock
	// Resolver resolves host names; nil: the system's resolver. The guard checks its results.
	Resolver Resolver
	// MaxBudgetWait bounds how long a call may wait for a token of its rate budget. Zero: 8 s;
	// negative: not at all.
	MaxBudgetWait time.Duration
	// BudgetPerMinute replaces the rate budget of every vendor. Zero: the vendor's own;
	// negative: no limit.
	BudgetPerMinute int
	// OnCall is called after each attempt; nil: it is not. template is the path without its
	// ids; status is 0 if there was no response. It must not block.
	OnCall func(vendor, method, template string, status int, took time.Duration)
	// AttemptContext returns the context that an attempt is sent with, for example with the
	// name of a span; nil: the context is not changed.
	AttemptContext func(ctx context.Context, template string) context.Context
	// WrapTransport wraps the round tripper of the client; nil: it is not wrapped. The
	// wrapper must follow no redirect and retain nothing of the request.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// OnBudget is called after a token was taken from a rate budget, or a 429 has blocked
	// it. left is how many calls are left; below zero, how many wait. Nil: it is not called.
	// It must not block.
	OnBudget func(vendor, resource string, left float64)
}

// Resolver resolves a host name; *net.Resolver is one. network is "ip".
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
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
