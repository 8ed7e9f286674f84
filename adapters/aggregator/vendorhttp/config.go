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

// Config sets up a [Client]. The zero value is usable: https only, public addresses only.
type Config struct {
	// AllowedCIDRs are networks that may be reached although they are private, loopback
	// or otherwise special. IPv4 and IPv6.
	AllowedCIDRs []netip.Prefix
	// AllowHTTP lets base URLs be http as well as https.
	AllowHTTP bool
	// Timeout bounds one attempt, its body included. Zero: 8 s.
	AttemptTimeout time.Duration
	// Total bounds a call with its waits and retries. Zero: 14 s, below the 15 s that
	// ports.Aggregator promises.
	TotalTimeout time.Duration
	// MaxBody bounds an answer, in bytes after decompression. Zero: 16 MiB.
	MaxBodyBytes int64
	// UserAgent is sent with every request; "" sends none.
	UserAgent string
	// Clock tells the time; nil: the system's.
	Clock ports.Clock
	// Resolver looks names up; nil: the system's. The guard checks what it answers.
	Resolver Resolver
	// BudgetWait is how long a call may wait for a token of its rate budget. Zero: 8 s;
	// negative: not at all.
	MaxBudgetWait time.Duration
	// PerMinute replaces every vendor's own rate budget. Zero: the vendor's; negative: none.
	BudgetPerMinute int
	// Observe is told of each attempt; nil: nobody is. Template is the path with its
	// ids left out; status is 0 when there was no answer. It must not block.
	OnCall func(vendor, method, template string, status int, took time.Duration)
	// Mark names the attempt in the context that it is sent with; nil: nothing does.
	AttemptContext func(ctx context.Context, template string) context.Context
	// Wrap puts a round tripper around the client's own; nil: none. It must follow no
	// redirect and keep nothing of the request.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// Budget is told how many calls are left of the rate budget that was just drawn on or
	// drained; below zero, how many wait. Nil: nobody is. It must not block.
	OnBudget func(vendor, resource string, left float64)
}

// Resolver looks up a host name; *net.Resolver is one. Network is "ip".
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func (c Config) withDefaults() Config {
	orElse(&c.AttemptTimeout, DefaultAttemptTimeout)
	orElse(&c.TotalTimeout, DefaultTotalTimeout)
	orElse(&c.MaxBudgetWait, DefaultMaxBudgetWait)
	orElse(&c.MaxBodyBytes, DefaultMaxBodyBytes)
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

func orElse[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
