// Package configs reads the settings of the service from its environment, once, at start.
// Load checks every setting before it returns, and reports all invalid ones in one error.
// The error never contains a value, because any value may be a secret in the wrong place.
// The *.env files in this folder are examples to start from.
package configs

import (
	"net/netip"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Development is the ENV_NAME that relaxes two rules of production: PUBLIC_URL may be
// missing, and `discovery token` works.
const Development = "development"

// Config holds every setting, parsed. The comment of a field says what its zero value means.
type Config struct {
	EnvName string // ENV_NAME, default "production"

	ServerAddress string // SERVER_ADDRESS, host:port; default ":4018"
	AdminAddress  string // ADMIN_ADDRESS, host:port of /metrics and pprof; default "127.0.0.1:4019"
	PublicURL     string // PUBLIC_URL, origin of webhook URLs, no trailing slash; "" only in development
	// ServerMaxConnections bounds the connections of the API that are open at once; the next
	// one waits until one of them ends. SERVER_MAX_CONNECTIONS, default 4096; 0 = no limit.
	ServerMaxConnections int

	DatabaseURL     string // DATABASE_URL, sqlite://path or postgres://…
	DatabaseMigrate bool   // DATABASE_MIGRATE, default true; if false, an outdated schema fails the start

	Auth    Auth
	Sealing Sealing
	Egress  Egress
	Log     Log
	OTLP    OTLP

	// Sources holds how each configured vendor authenticates its webhooks
	// (<VENDOR>_WEBHOOK_HMAC_SECRET, _AUTHORIZATION, _SOURCE_CIDRS).
	Sources        map[domain.Vendor]domain.SourcePolicy
	TrustedProxies []netip.Prefix // TRUSTED_PROXIES; empty trusts no X-Forwarded-For

	ReconcileInterval time.Duration // RECONCILE_INTERVAL, default 6h; 0 turns reconciliation off
	DeliveryRetention time.Duration // DELIVERY_RETENTION, default 90d; 0 keeps all
	PullWorkers       int           // PULL_WORKERS, concurrent pulls in this process; default 8

	RatePerMinute        int // RATE_LIMIT_PER_MINUTE, per tenant; default 6000; 0 = no limit
	WebhookRatePerMinute int // WEBHOOK_RATE_LIMIT_PER_MINUTE, per token; default 6000; 0 = no limit
}

// Auth configures which operator tokens are valid. Exactly one of JWKSURL and JWTSecret is set.
type Auth struct {
	JWKSURL       string        // AUTH_JWKS_URL
	JWTSecret     domain.Secret // AUTH_JWT_SECRET, at least 32 bytes
	Issuer        string        // AUTH_ISSUER; "" is not checked
	Audience      string        // AUTH_AUDIENCE; "" is not checked
	TenantClaim   string        // AUTH_TENANT_CLAIM, default "tenant_id"
	RequireScopes bool          // AUTH_REQUIRE_SCOPES, default false
}

// Sealing configures the keyset that encrypts credentials.
type Sealing struct {
	KeysetFile string // SEALING_KEYSET_FILE, required
	KEKURI     string // SEALING_KEYSET_KEK_URI; "" means that the keyset is in cleartext
}

// Egress configures the addresses that connections may use in addition to public https ones.
type Egress struct {
	AllowedCIDRs []netip.Prefix // EGRESS_ALLOWED_CIDRS
	AllowHTTP    bool           // EGRESS_ALLOW_HTTP, default false
}

// Log configures the log's level and format.
type Log struct {
	Level  zapcore.Level // LOG_LEVEL: debug, info, warn, error; default info
	Format string        // LOG_FORMAT: json or console; default json
}

// OTLP configures where traces and metrics are sent. The exporter itself reads all other
// options, under OpenTelemetry's own names.
type OTLP struct {
	Endpoint string // OTEL_EXPORTER_OTLP_ENDPOINT, http or https, no trailing slash; "" sends nothing
}

// IsDevelopment reports whether ENV_NAME is development, which relaxes the rules.
func (c Config) IsDevelopment() bool { return c.EnvName == Development }
