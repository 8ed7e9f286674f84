package configs

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// MinJWTSecret is the minimum length of a shared HS256 secret, in bytes (RFC 7518, section 3.2).
const MinJWTSecret = 32

const defaultDatabase = "sqlite://data/discovery.db"

// Load reads all settings through lookup, for example os.LookupEnv. vendors maps each supported
// aggregator to the networks from which its webhooks are known to be sent.
//
// If settings are invalid, Load returns all errors joined, one field error of kind Invalid per
// setting. The Config must not be used then.
func Load(lookup func(string) (string, bool), vendors map[domain.Vendor][]netip.Prefix) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.text("ENV_NAME", "production")}
	c.server(r)
	c.database(r)
	c.auth(r)
	c.sealing(r)
	c.Egress = Egress{
		AllowedCIDRs: r.networks("EGRESS_ALLOWED_CIDRS", nil), AllowHTTP: r.boolean("EGRESS_ALLOW_HTTP", false),
	}
	c.log(r)
	c.OTLP = OTLP{Endpoint: r.baseURL("OTEL_EXPORTER_OTLP_ENDPOINT")}
	c.Sources = r.sources(vendors)
	c.TrustedProxies = r.networks("TRUSTED_PROXIES", nil)
	c.ReconcileInterval = r.duration("RECONCILE_INTERVAL", 6*time.Hour)
	c.DeliveryRetention = r.duration("DELIVERY_RETENTION", 90*24*time.Hour)
	c.PullWorkers = r.number("PULL_WORKERS", 8, 1, 256)
	c.RatePerMinute = r.number("RATE_LIMIT_PER_MINUTE", 6000, 0, 100_000_000)
	c.WebhookRatePerMinute = r.number("WEBHOOK_RATE_LIMIT_PER_MINUTE", 6000, 0, 100_000_000)
	return c, r.err()
}

// LoadMigrate reads only the setting that a migration needs, DATABASE_URL, so that a migration
// job needs none of the service's secrets. It returns the same errors as Load.
func LoadMigrate(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{DatabaseURL: r.database("DATABASE_URL", defaultDatabase), DatabaseMigrate: true}
	return c, r.err()
}

// LoadReseal reads only the settings that the command reseal needs: those of the database, the
// keyset and the log. It returns the same errors as Load.
func LoadReseal(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	var c Config
	c.database(r)
	c.sealing(r)
	c.log(r)
	return c, r.err()
}

func (c *Config) server(r *reader) {
	c.ServerAddress = r.address("SERVER_ADDRESS", ":4018")
	c.ServerMaxConnections = r.number("SERVER_MAX_CONNECTIONS", 4096, 0, 1_000_000)
	c.AdminAddress = r.address("ADMIN_ADDRESS", "127.0.0.1:4019")
	c.PublicURL = r.origin("PUBLIC_URL")
	if c.PublicURL == "" && !c.IsDevelopment() && !r.hasError("PUBLIC_URL") {
		r.addError("PUBLIC_URL", "is required unless ENV_NAME=development")
	}
}

func (c *Config) database(r *reader) {
	c.DatabaseURL = r.database("DATABASE_URL", defaultDatabase)
	c.DatabaseMigrate = r.boolean("DATABASE_MIGRATE", true)
}

func (c *Config) sealing(r *reader) {
	c.Sealing = Sealing{KeysetFile: r.required("SEALING_KEYSET_FILE")}
}

func (c *Config) log(r *reader) {
	c.Log = Log{Level: r.level("LOG_LEVEL"), Format: r.oneOf("LOG_FORMAT", "json", "console")}
}

func (c *Config) auth(r *reader) {
	c.Auth = Auth{
		JWKSURL:       r.url("AUTH_JWKS_URL"),
		JWTSecret:     domain.SecretText(r.text("AUTH_JWT_SECRET", "")),
		Issuer:        r.text("AUTH_ISSUER", ""),
		Audience:      r.text("AUTH_AUDIENCE", ""),
		TenantClaim:   r.text("AUTH_TENANT_CLAIM", "tenant_id"),
		RequireScopes: r.boolean("AUTH_REQUIRE_SCOPES", false),
	}
	secret, jwks := len(r.text("AUTH_JWT_SECRET", "")), r.text("AUTH_JWKS_URL", "") != ""
	switch {
	case secret > 0 && jwks:
		r.addError("AUTH_JWKS_URL", "and AUTH_JWT_SECRET are mutually exclusive")
	case secret == 0 && !jwks:
		r.addError("AUTH_JWT_SECRET", "or AUTH_JWKS_URL is required")
	case secret > 0 && secret < MinJWTSecret:
		r.addError("AUTH_JWT_SECRET", "must have at least 32 bytes")
	}
}

// sources returns how each vendor's webhooks are authenticated. If the setting
// <VENDOR>_WEBHOOK_SOURCE_CIDRS is unset, the vendor has its known networks; if it is set to an
// empty value, the vendor has no networks.
func (r *reader) sources(vendors map[domain.Vendor][]netip.Prefix) map[domain.Vendor]domain.SourcePolicy {
	policies := make(map[domain.Vendor]domain.SourcePolicy, len(vendors))
	for _, vendor := range slices.Sorted(maps.Keys(vendors)) {
		prefix := envPrefix(vendor)
		policies[vendor] = domain.SourcePolicy{
			HMACSecret:    domain.SecretText(r.text(prefix+"_WEBHOOK_HMAC_SECRET", "")),
			Authorization: domain.SecretText(r.text(prefix+"_WEBHOOK_AUTHORIZATION", "")),
			Networks:      r.networks(prefix+"_WEBHOOK_SOURCE_CIDRS", vendors[vendor]),
		}
	}
	return policies
}
