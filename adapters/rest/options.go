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

// Verifier verifies bearer tokens; auth.Verifier implements it.
type TokenVerifier interface {
	// Verify verifies the token, without its scheme, and returns its principal. Errors:
	// Unauthenticated; Unavailable when the token cannot be verified at the moment.
	Verify(ctx context.Context, bearer string) (auth.Principal, error)
}

// Options configures the HTTP API. Verifier, Clock and NewRequestID are required.
type Options struct {
	Verifier TokenVerifier
	Clock    ports.Clock
	// NewRequestID generates an id for requests without one: printable, at most 128 bytes.
	NewRequestID func() string

	// PublicURL is the origin of webhook URLs, without a path. "" is allowed in
	// development only: the origin is then the one that the request was sent to.
	PublicURL   string
	Development bool

	// Vendors are the configured aggregators: the enum of every vendor field.
	Vendors []domain.Vendor

	// AllowHTTP allows plain http in base URLs. The service must allow it, too.
	AllowHTTP bool

	// Egress checks a base URL whose host is an IP address, so that a forbidden address is
	// reported together with the request's other errors. nil leaves the check to the service,
	// which checks every address.
	Egress ports.EgressGuard

	// RequireScopes requires the scope discovery:read or discovery:write, depending on the
	// operation. Otherwise every token of a tenant is sufficient.
	RequireScopes bool

	// TrustedProxies are the networks of proxies whose X-Forwarded-For is believed. If
	// empty, the client address is the peer's address.
	TrustedProxies []netip.Prefix

	// RatePerMinute limits the requests of a tenant, WebhookRatePerMinute those to one webhook
	// URL. Both rate limits are per process. 0 is no limit.
	RatePerMinute        int
	WebhookRatePerMinute int

	// Logger receives the access log and the causes of 5xx responses. nil logs nothing.
	Logger *zap.Logger

	// Ready checks the dependencies of the service and returns their errors by name; a nil
	// error is success. A nil Ready checks nothing.
	Ready func(ctx context.Context) map[string]error

	// Draining reports whether the process is shutting down; it is not ready then. nil
	// means never.
	Draining func() bool

	// OnRequest is called after every request with its route template ("" when no route
	// matched). nil calls nothing.
	OnRequest func(method, route string, status int, took time.Duration)

	// Routed is called with the template of the matched route, before its handler runs and
	// with the request's context. nil calls nothing.
	OnRoute func(ctx context.Context, template string)

	// Version is the version that /version and /readyz return.
	Version string
}

// complete checks the required options and sets the defaults of the others. Errors: the
// name of a required option that is missing.
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
	if o.OnRoute == nil {
		o.OnRoute = func(context.Context, string) {}
	}
	return o, nil
}
