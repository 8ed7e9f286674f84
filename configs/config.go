// Package configs reads the settings of the service from environment variables, once at the start. The *.env files in
// this folder are examples.
//
// Load checks all settings, and reports all invalid ones in one error. The error never contains the value of a setting,
// because each value may be a secret that was assigned to the wrong setting.
package configs

import (
	"net/netip"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Development is the value of ENV_NAME that relaxes the rules of production: PUBLIC_URL and
// DATABASE_URL can be missing, PUBLIC_URL and AUTH_JWKS_URL can be http, the service listens on
// loopback by default, and the command `discovery token` works.
const Development = "development"

// Production is the default of ENV_NAME. The rules of production apply to every value except Development.
const Production = "production"

// Config contains the parsed value of every setting. The comment of each field contains the
// name of the setting, its default, and the meaning of the zero value.
type Config struct {
	EnvName string // ENV_NAME, default "production"

	ServerAddress string // SERVER_ADDRESS, host:port; default ":4018", in development "127.0.0.1:4018"
	AdminAddress  string // ADMIN_ADDRESS, host:port of /metrics and pprof; default "127.0.0.1:4019"
	// PublicURL is the origin of the webhook URLs, without a trailing slash. Its scheme must be https. In development,
	// the scheme can be http, and PublicURL can be "". The setting is PUBLIC_URL.
	PublicURL string
	// ServerMaxConnections is the maximum number of API connections that are open at the same
	// time. A further one closes the idle one, or waits. SERVER_MAX_CONNECTIONS,
	// default 4096; 0 = no limit.
	ServerMaxConnections int

	// DatabaseURL is the address of the database. It begins with sqlite:// or postgres://. The setting DATABASE_URL is
	// required. In development, its default is "sqlite://data/discovery.db".
	DatabaseURL string
	// DatabasePooled means that DatabaseURL is the address of a connection pooler in transaction mode.
	// DATABASE_POOLED, default false.
	DatabasePooled bool
	// TrustedCAFile is a file in PEM with certificate authorities that all connections trust besides those of the
	// system. The process reads it before it reads the settings. TRUSTED_CA_FILE, default "".
	TrustedCAFile string
	// DatabasePoolSize is the maximum number of connections to PostgreSQL that the process keeps. DATABASE_POOL_SIZE,
	// default 16, at least 3.
	DatabasePoolSize int
	// DatabaseDistribute means that DatabaseURL is the address of the coordinator of a Citus cluster, and that a
	// migration distributes the tables over the workers of the cluster. DATABASE_DISTRIBUTE, default false.
	DatabaseDistribute bool
	DatabaseMigrate    bool // DATABASE_MIGRATE, default true; if false, an outdated schema prevents the start

	Auth    Auth
	Console Console
	Sealing Sealing
	Egress  Egress
	Log     Log
	OTLP    OTLP

	// Sources maps each supported vendor to the ways in which it authenticates its webhooks
	// (<VENDOR>_WEBHOOK_HMAC_SECRET, _AUTHORIZATION, _SOURCE_CIDRS).
	Sources map[domain.Vendor]domain.SourcePolicy
	// BaseURLs maps a vendor to the origins that its base URLs may have, in the form that domain.Origin returns. If a
	// vendor has no entry, its base URLs may have every address that Egress allows. The name of the setting is
	// <VENDOR>_BASE_URLS.
	BaseURLs map[domain.Vendor][]string
	// LinkPages contains the settings of the account holder's page at each vendor that has such settings
	// (<VENDOR>_LINK_CLIENT_NAME, _LANGUAGE, _COUNTRIES).
	LinkPages      map[domain.Vendor]LinkPage
	TrustedProxies []netip.Prefix // TRUSTED_PROXIES; if empty, X-Forwarded-For and X-Forwarded-Prefix are ignored

	ReconcileInterval time.Duration // RECONCILE_INTERVAL, default 6h; 0 turns reconciliation off
	// WebhookSilenceGrace is how long the vendor's webhook about a synchronisation may take to arrive.
	// WEBHOOK_SILENCE_GRACE, default 2h.
	WebhookSilenceGrace time.Duration
	// DriftGrace is how long the balance of an account must differ from its records before the account is treated as
	// drifting. DRIFT_GRACE, default 48h; 0 = immediately.
	DriftGrace time.Duration
	// CloseOffset is the offset from UTC of the time zone whose days can be closed. CLOSE_OFFSET, default -03:00.
	CloseOffset time.Duration
	// CoverAfter is how long into a banking day the bank books the transactions of the days before. COVER_AFTER,
	// default 12h.
	CoverAfter time.Duration
	// StaleAfter is how old the last reading of the bank may be before a connection is stale. STALE_AFTER, default 36h;
	// 0 = any age.
	StaleAfter time.Duration
	// MatchReplacements makes a transaction keep its id when the vendor replaces its row with another one.
	// MATCH_REPLACEMENTS, default true.
	MatchReplacements bool
	DeliveryRetention time.Duration // DELIVERY_RETENTION, default 90d; 0 retains all deliveries
	PullRetention     time.Duration // PULL_RETENTION, for pulls that changed nothing; default 90d; 0 retains all pulls
	PullWorkers       int           // PULL_WORKERS, number of pull workers of this process; default 32
	EventRetention    time.Duration // EVENT_RETENTION, for delivered events and attempts; default 30d; 0 retains all

	// AuditKey contains the keys of the audit checkpoints in PEM: the first key signs, and all keys verify. If
	// AuditKey is empty, the service generates a key and stores it, encrypted, in the database. The name of the setting
	// is AUDIT_KEY_FILE.
	AuditKey domain.Secret

	// MemoryBudget is the number of bytes that the requests, pages and messages of all tenants together may hold. The
	// setting is MEMORY_BUDGET, default 512 MiB.
	MemoryBudget int64

	RatePerMinute        int // RATE_LIMIT_PER_MINUTE, maximum for one tenant; default 6000; 0 = no limit
	WebhookRatePerMinute int // WEBHOOK_RATE_LIMIT_PER_MINUTE, maximum for one token; default 60000; 0 = no limit
}

// LinkPage is what the vendor's page shows to account holders.
type LinkPage struct {
	ClientName string   // the name of the application
	Language   string   // ISO 639-1
	Countries  []string // of the institutions, ISO 3166-1 alpha-2
}

// Auth configures how the tokens of operators are verified. Exactly one of JWKSURL and JWTSecret is set.
type Auth struct {
	JWKSURL       string        // AUTH_JWKS_URL, https; http only in development
	JWTSecret     domain.Secret // AUTH_JWT_SECRET, at least 32 bytes
	Issuer        string        // AUTH_ISSUER; if "", a token's issuer is not checked
	Audience      string        // AUTH_AUDIENCE; if "", a token's audience is not checked
	TenantClaim   string        // AUTH_TENANT_CLAIM, default "tenant_id"
	RequireScopes bool          // AUTH_REQUIRE_SCOPES, default false
	ActorClaim    string        // AUTH_ACTOR_CLAIM, default "sub"
	ScopePrefix   string        // AUTH_SCOPE_PREFIX; if not "", scopes without this prefix are ignored
	// DefaultTenant is the tenant of tokens without a claim for the tenant. If it is zero, such tokens are rejected.
	// The setting is DEFAULT_TENANT_ID.
	DefaultTenant domain.TenantID
	AuthorizerURL string // AUTH_AUTHORIZER_URL, without a trailing slash; if "", no access manager is asked
}

// Console configures how operators sign in to the console. Either the issuer and the client id are set, or no field.
type Console struct {
	// OIDCIssuer is the issuer URL of an OpenID Connect provider. Its scheme must be https; in development it can be
	// http. If OIDCIssuer is "", an operator pastes a token. The setting is CONSOLE_OIDC_ISSUER.
	OIDCIssuer   string
	OIDCClientID string // CONSOLE_OIDC_CLIENT_ID, the id of the console as a public client of the provider
	// OIDCAudience is sent to the provider as the parameter "audience", which Auth0 needs. The setting is
	// CONSOLE_OIDC_AUDIENCE.
	OIDCAudience string
	// OIDCScopes are requested in addition to those of OpenID Connect, instead of those of the service; separated by
	// spaces. The setting is CONSOLE_OIDC_SCOPES.
	OIDCScopes string
}

// Sealing configures the keyset that encrypts credentials.
type Sealing struct {
	KeysetFile string // SEALING_KEYSET_FILE, required
}

// Egress configures the addresses that connections can use. Public addresses with https are always allowed. If
// AllowHTTP is false, connections to engines must also use TLS.
type Egress struct {
	AllowedCIDRs []netip.Prefix // EGRESS_ALLOWED_CIDRS
	AllowHTTP    bool           // EGRESS_ALLOW_HTTP, default false
	// Address is a name for the network address from which this process calls vendors. The operator chooses the name.
	// Replicas with the same PostgreSQL database and the same Address, even "", share the rate budgets of the vendors.
	// The setting is EGRESS_ADDRESS, and its default is "".
	Address string
	// Proxy is the URL of a proxy for the calls to vendors, issuers and the destinations of events. It may contain a
	// password. The setting is EGRESS_PROXY or EGRESS_PROXY_FILE; its default is "", which means no proxy.
	Proxy domain.Secret
	// ProxyHosts are the host names, besides those of the vendors, that may be called through the proxy although they
	// do not resolve in this process (EGRESS_PROXY_HOSTS).
	ProxyHosts []string
}

// Log configures the level and the format of the log.
type Log struct {
	Level  zapcore.Level // LOG_LEVEL: debug, info, warn, error; default info
	Format string        // LOG_FORMAT: json or console; default json
}

// OTLP configures where traces and metrics are sent. All other options of the export have the
// standard names of OpenTelemetry, and the exporter itself reads them.
type OTLP struct {
	Endpoint string // OTEL_EXPORTER_OTLP_ENDPOINT, http or https, without a trailing slash
	// TracesURL and MetricsURL replace Endpoint for one signal; no path is appended to them
	// (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT).
	TracesURL, MetricsURL string
	// NoTraces and NoMetrics turn a signal off (OTEL_TRACES_EXPORTER or OTEL_METRICS_EXPORTER is none, or
	// OTEL_SDK_DISABLED is true).
	NoTraces, NoMetrics bool
}

// IsDevelopment reports whether ENV_NAME is "development", which relaxes the rules of
// production.
func (c Config) IsDevelopment() bool { return c.EnvName == Development }
