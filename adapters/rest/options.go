package rest

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Verifier tells whom a bearer token speaks for; auth.Verifier is one.
type Verifier interface {
	// Verify checks the token without its scheme. Errors: Unauthenticated; Unavailable
	// when it cannot be checked now.
	Verify(ctx context.Context, bearer string) (auth.Principal, error)
}

// Options says how the surface behaves. Verifier, Clock and NewRequestID are required.
type Options struct {
	Verifier Verifier
	Clock    ports.Clock
	// NewRequestID makes an id for requests that bring none: printable, at most 128 bytes.
	NewRequestID func() string

	// PublicURL is the origin of webhook URLs, without a path. "" is allowed in
	// development only: the origin is then the one the request was sent to.
	PublicURL   string
	Development bool

	// Vendors are the aggregators that are wired: the enum of every vendor field.
	Vendors []domain.Vendor

	// AllowHTTP lets base URLs be plain http, as the service does too.
	AllowHTTP bool

	// Addresses judges a base URL that holds an address, beside what else is wrong with its
	// request. nil leaves that to the service, which judges all of them.
	Egress ports.EgressGuard

	// RequireScopes asks tokens for discovery:read and discovery:write; otherwise any
	// token of a tenant will do.
	RequireScopes bool

	// TrustedProxies may name the caller in X-Forwarded-For. None: the peer is the caller.
	TrustedProxies []netip.Prefix

	// RatePerMinute bounds a tenant's requests, WebhookRatePerMinute those to one webhook
	// URL; both per process. 0 is no limit.
	RatePerMinute        int
	WebhookRatePerMinute int

	// Logger takes the access log and the causes of 5xx answers. nil logs nothing.
	Logger *zap.Logger

	// Ready checks what the service needs, by name; a nil error is well. nil checks nothing.
	Ready func(ctx context.Context) map[string]error

	// Draining says whether the process is about to end: it is not ready then. nil: never.
	Draining func() bool

	// Observe is told of every request that was answered, by route template ("" when no
	// route matched). nil tells nobody.
	OnRequest func(method, route string, status int, took time.Duration)

	// Routed is told the template of the route that took a request, before its handler
	// runs and with the request's context. nil tells nobody.
	Routed func(ctx context.Context, template string)

	// Version is what /version and /readyz say.
	Version string
}

// complete fills what may be left out. Errors: what is missing, by name.
func (o Options) complete() (Options, error) {
	switch {
	case o.Verifier == nil:
		return o, errors.New("rest: Options.Verifier is required")
	case o.Clock == nil:
		return o, errors.New("rest: Options.Clock is required")
	case o.NewRequestID == nil:
		return o, errors.New("rest: Options.NewRequestID is required")
	case o.PublicURL == "" && !o.Development:
		return o, errors.New("rest: Options.PublicURL is required outside development")
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) map[string]error { return nil }
	}
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.OnRequest == nil {
		o.OnRequest = func(string, string, int, time.Duration) {}
	}
	if o.Routed == nil {
		o.Routed = func(context.Context, string) {}
	}
	return o, nil
}
