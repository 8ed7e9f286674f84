package rest

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/console"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TokenVerifier verifies bearer tokens; auth.Verifier implements it.
type TokenVerifier interface {
	// Verify verifies a token, and returns the token's principal. The token is given without the scheme "Bearer".
	// Verify returns Unauthenticated for an invalid token, and Unavailable if it cannot verify the token at the moment.
	// The cause of Unauthenticated is logged. It must explain the refusal and contain no part of the token.
	Verify(ctx context.Context, bearer string) (auth.Principal, error)
}

// Authorizer decides whether a caller may access a resource; auth.Authorizer implements it.
type Authorizer interface {
	// Authorize returns nil if the access is allowed, Forbidden if it is refused, and Unavailable if no decision is
	// possible at the moment. It returns Unauthenticated if the token lacks a claim that the decision needs. The cause
	// of this error is logged and must contain no part of the token.
	Authorize(ctx context.Context, access auth.Access) error
}

// Options configures the HTTP API. Verifier, Clock and NewRequestID are required.
type Options struct {
	Verifier TokenVerifier
	Clock    ports.Clock
	// NewRequestID generates an id for a request that has none. The id must be printable and at most
	// 128 bytes long.
	NewRequestID func() string

	// PublicURL is the origin of webhook URLs, without a path. It may be "" only in development. The origin to which
	// each request was sent is then used instead.
	PublicURL   string
	Development bool

	// Vendors are the configured aggregators. Every field "vendor" accepts only these values.
	Vendors []domain.Vendor
	// AnswersOK are the vendors whose webhooks are answered with 200. They send a webhook again after any other status.
	// Webhooks of all other vendors are answered with 202.
	AnswersOK []domain.Vendor

	// ConnectorSchemas describe the config and the credential of each type of engine connection. They are used only
	// in the OpenAPI document, because the connectors themselves validate config and credential.
	ConnectorSchemas []ConnectorSchema

	// SinkSchemas describe the settings of each kind of sink. If there are none, every kind is accepted.
	SinkSchemas []SinkSchema

	// Statements are the formats of downloadable account statements.
	Statements []ports.StatementFormat
	// Evidence is the format of the evidence packs of closes.
	Evidence ports.EvidenceFormat

	// SignIn configures how operators sign in to the console. New sets its field RequestScopes: the console
	// requests the scopes of the service if they are required and SignIn names no others. If SignIn is zero, an
	// operator pastes a token.
	SignIn console.SignIn

	// AllowHTTP allows plain http in base URLs. It has an effect only if the service behind ports.API allows plain
	// http, too.
	AllowHTTP bool

	// Egress checks a base URL whose host is an IP address, so that a forbidden address is reported together with other
	// errors. This is an early check: the service itself checks every address later. If Egress is nil, the early check
	// is omitted.
	Egress ports.EgressGuard

	// RequireScopes makes each operation require a token with the scope discovery:read or discovery:write. If it is
	// false, every valid token of the tenant is sufficient.
	RequireScopes bool

	// Authorizer is called before each operation that requires a token. If it is nil, no access is refused.
	Authorizer Authorizer

	// TrustedProxies are the networks of the proxies whose headers X-Forwarded-For and X-Forwarded-Prefix are trusted.
	// If it is empty, the client address is the address of the peer.
	TrustedProxies []netip.Prefix

	// RatePerMinute limits the requests of one tenant, and WebhookRatePerMinute limits the requests to one webhook
	// URL. Each process counts its own requests only. 0 means no limit.
	RatePerMinute        int
	WebhookRatePerMinute int

	// Memory bounds the memory that the requests of a tenant hold, from before the data is read until the response is
	// written. If it is nil, the memory is not bounded.
	Memory ports.MemoryBudget

	// BodyMemory limits the memory for the bodies of requests that are being read. Its total is MaxBodyMemory, and a
	// sender may hold MaxBodyShare. A sender is a tenant, or the client address of callers that are not authenticated,
	// for example those of webhooks. If it is nil, this memory is not limited.
	BodyMemory ports.MemoryBudget

	// MaxLongPolls limits the waiting long polls of all tenants together; 0 means no limit. The limit for each tenant
	// applies in addition. MaxLongPolls should be smaller than the maximum number of connections, because each waiting
	// poll occupies a connection.
	MaxLongPolls int

	// Logger receives the access log, the reasons of 401 responses and the causes of 5xx responses.
	// If it is nil, nothing is logged.
	Logger *zap.Logger

	// Ready checks the dependencies of the service and returns their errors by name; a nil
	// error means that the dependency is available. If Ready is nil, nothing is checked.
	Ready func(ctx context.Context) map[string]error
	// WritesFailing reports whether the database has refused writes for so long that the readiness response says so. If
	// WritesFailing is nil, the response never says so.
	WritesFailing func() bool
	// FeedDelay returns how long the change feed has been delayed by an open write transaction on the database server.
	// The readiness response contains this delay. If FeedDelay is nil, the response omits it.
	FeedDelay func(ctx context.Context) (time.Duration, error)

	// Draining reports whether the process is shutting down; /readyz then responds that it is not ready. If Draining is
	// nil, the process is never treated as shutting down.
	Draining func() bool

	// NotAccepting is closed when the process has stopped accepting connections. While Draining reports true, responses
	// of the change feed are delayed until NotAccepting is closed. These responses contain "Connection: close", so that
	// the readers reconnect to another process. If NotAccepting is nil, responses are not delayed.
	NotAccepting <-chan struct{}

	// OnWork is called with 1 when the work on a request begins, and with -1 when it ends. A long poll is no work,
	// because it mostly waits. May be nil.
	OnWork func(change int)
	// OnRequest is called after every request with the template of its route; the template is ""
	// if no route matched. May be nil.
	OnRequest func(method, route string, status int, took time.Duration)

	// OnRoute is called with the request's context and the template of the matched route, before
	// the route's handler runs. May be nil.
	OnRoute func(ctx context.Context, template string)

	// Version is the version that /version and /readyz return.
	Version string
}

// ConnectorSchema describes a type of engine connection.
type ConnectorSchema struct {
	Name       string // prefix of the two schema names in the OpenAPI document
	Config     string // JSON Schema
	Credential string // JSON Schema
}

// complete returns the options with default values for optional fields that are not set. If a required option is
// missing, it returns an error that names the option.
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
	if o.WritesFailing == nil {
		o.WritesFailing = func() bool { return false }
	}
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.OnWork == nil {
		o.OnWork = func(int) {}
	}
	if o.OnRequest == nil {
		o.OnRequest = func(string, string, int, time.Duration) {}
	}
	if o.OnRoute == nil {
		o.OnRoute = func(context.Context, string) {}
	}
	return o, nil
}
