package configs

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// MinJWTSecret is the minimum length of a shared HS256 secret, in bytes (RFC 7518, section 3.2).
const MinJWTSecret = 32

// MinWebhookSecret is the minimum length of a secret that signs webhooks, in bytes. Someone who has one signed webhook
// can find a short secret by trying all secrets, but not a secret of 128 random bits.
const MinWebhookSecret = 16

// DefaultMemoryBudget is the default of MEMORY_BUDGET, in bytes.
const DefaultMemoryBudget = 512 << 20

// minMemoryBudget is the minimum value of MEMORY_BUDGET, in bytes. It suffices for two full pages at a time.
const minMemoryBudget = 32 << 20

// baseURLsSuffix is the suffix of the settings that list the allowed origins of a vendor's base URLs.
const baseURLsSuffix = "_BASE_URLS"

// sourceCIDRsSuffix is the suffix of the settings that list the networks that send a vendor's webhooks.
const sourceCIDRsSuffix = "_WEBHOOK_SOURCE_CIDRS"

// developmentDatabase is the default of DATABASE_URL in development.
const developmentDatabase = "sqlite://data/discovery.db"

// Vendor describes a supported aggregator to Load.
type Vendor struct {
	Networks []netip.Prefix // the known networks that send its webhooks: the default of _WEBHOOK_SOURCE_CIDRS
	BaseURLs []string       // the default of _BASE_URLS
	LinkPage bool           // the account holder's page at the vendor has settings
}

// Load reads all settings with lookup, for example os.LookupEnv. vendors contains the supported aggregators. If
// settings are invalid, Load returns a joined error. It contains one field error of kind Invalid for each invalid
// setting. After an error, the Config must not be used.
func Load(lookup func(string) (string, bool), vendors map[domain.Vendor]Vendor) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.envName()}
	c.server(r)
	c.database(r)
	c.auth(r)
	c.console(r)
	c.sealing(r)
	c.egress(r)
	c.log(r)
	c.otlp(r)
	c.Sources = r.sources(vendors)
	c.BaseURLs = r.baseURLs(vendors)
	c.LinkPages = r.linkPages(vendors)
	c.TrustedProxies = r.networks("TRUSTED_PROXIES", nil)
	c.ReconcileInterval = r.duration("RECONCILE_INTERVAL", 6*time.Hour)
	c.DriftGrace = r.duration("DRIFT_GRACE", 48*time.Hour)
	c.CloseOffset = r.offset("CLOSE_OFFSET", -3*time.Hour)
	c.CoverAfter = r.duration("COVER_AFTER", 12*time.Hour)
	c.StaleAfter = r.duration("STALE_AFTER", 36*time.Hour)
	c.WebhookSilenceGrace = r.duration("WEBHOOK_SILENCE_GRACE", 2*time.Hour)
	c.MatchReplacements = r.boolean("MATCH_REPLACEMENTS", true)
	c.DeliveryRetention = r.duration("DELIVERY_RETENTION", 90*24*time.Hour)
	c.PullRetention = r.duration("PULL_RETENTION", 90*24*time.Hour)
	c.auditKey(r)
	c.EventRetention = r.duration("EVENT_RETENTION", 30*24*time.Hour)
	c.PullWorkers = r.number("PULL_WORKERS", 32, 1, 256)
	c.MemoryBudget = r.size("MEMORY_BUDGET", DefaultMemoryBudget, minMemoryBudget)
	c.RatePerMinute = r.number("RATE_LIMIT_PER_MINUTE", 6000, 0, 100_000_000)
	c.WebhookRatePerMinute = r.number("WEBHOOK_RATE_LIMIT_PER_MINUTE", 60_000, 0, 100_000_000)
	return c, r.err()
}

// LoadMigrate reads only the settings that a migration needs: ENV_NAME, DATABASE_URL, DATABASE_POOLED and
// DATABASE_DISTRIBUTE. A migration job therefore needs no other secret of the service. LoadMigrate returns the same
// errors as Load.
func LoadMigrate(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.envName(), DatabaseMigrate: true}
	c.databaseURL(r)
	return c, r.err()
}

// LoadReseal reads only the settings that the `reseal` command needs: the name of the environment, and the settings of
// the database, the keyset and the log. It returns the same errors as Load.
func LoadReseal(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.envName()}
	c.database(r)
	c.sealing(r)
	c.log(r)
	return c, r.err()
}

// LoadAudit reads only the settings that the `audit verify` command needs: those of LoadReseal, and the key of the
// checkpoints. It returns the same errors as Load.
func LoadAudit(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.envName()}
	c.database(r)
	c.sealing(r)
	c.log(r)
	c.auditKey(r)
	return c, r.err()
}

// LoadToken reads only the settings that the `token` command needs: ENV_NAME and the settings of Auth. It returns the
// same errors as Load.
func LoadToken(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.envName()}
	c.auth(r)
	return c, r.err()
}

// LoadHealth reads only the settings that the `health` command needs: ENV_NAME and SERVER_ADDRESS. It returns the same
// errors as Load.
func LoadHealth(lookup func(string) (string, bool)) (Config, error) {
	r := &reader{lookup: lookup}
	c := Config{EnvName: r.envName()}
	c.serverAddress(r)
	return c, r.err()
}

func (r *reader) envName() string { return r.text("ENV_NAME", Production) }

// serverAddress reads SERVER_ADDRESS. In development the default is a loopback address, because the secrets of a
// development machine are public (they are in development.env).
func (c *Config) serverAddress(r *reader) {
	fallback := ":4018"
	if c.IsDevelopment() {
		fallback = "127.0.0.1:4018"
	}
	c.ServerAddress = r.address("SERVER_ADDRESS", fallback)
}

func (c *Config) server(r *reader) {
	c.serverAddress(r)
	c.ServerMaxConnections = r.number("SERVER_MAX_CONNECTIONS", 4096, 0, 1_000_000)
	c.AdminAddress = r.address("ADMIN_ADDRESS", "127.0.0.1:4019")
	c.PublicURL = r.origin("PUBLIC_URL")
	c.requireInProduction(r, "PUBLIC_URL", c.PublicURL)
	c.requireHTTPS(r, "PUBLIC_URL", c.PublicURL)
}

// requireInProduction records an error if the setting is empty, unless ENV_NAME is "development" or an error about the
// setting has already been recorded.
func (c *Config) requireInProduction(r *reader, name, value string) {
	if value == "" && !c.IsDevelopment() && !r.hasError(name) && !r.hasError(name+fileSuffix) {
		r.addError(name, "is required unless ENV_NAME=development")
	}
}

// requireHTTPS records an error if the URL is set and its scheme is http, unless ENV_NAME is "development" or an error
// about the setting has already been recorded.
func (c *Config) requireHTTPS(r *reader, name, value string) {
	u, valid := parseURL(value)
	if valid && u.Scheme != "https" && !c.IsDevelopment() && !r.hasError(name) {
		r.addError(name, "must be an https URL unless ENV_NAME=development")
	}
}

// databaseURL reads DATABASE_URL, DATABASE_POOLED, DATABASE_POOL_SIZE and DATABASE_DISTRIBUTE. DATABASE_URL has a
// default only in development: in production, a service without it would silently store its data in a new file instead
// of the existing database.
func (c *Config) databaseURL(r *reader) {
	fallback := ""
	if c.IsDevelopment() {
		fallback = developmentDatabase
	}
	c.DatabaseURL = r.database("DATABASE_URL", fallback)
	c.requireInProduction(r, "DATABASE_URL", c.DatabaseURL)
	c.TrustedCAFile = r.text("TRUSTED_CA_FILE", "")
	c.DatabasePooled = r.boolean("DATABASE_POOLED", false)
	c.DatabasePoolSize = r.number("DATABASE_POOL_SIZE", 16, 3, 1000)
	c.DatabaseDistribute = r.boolean("DATABASE_DISTRIBUTE", false)
	for name, set := range map[string]bool{
		"DATABASE_POOLED": c.DatabasePooled, "DATABASE_DISTRIBUTE": c.DatabaseDistribute,
	} {
		if set && strings.HasPrefix(c.DatabaseURL, "sqlite:") {
			r.addError(name, "requires a DATABASE_URL that begins with postgres://")
		}
	}
}

func (c *Config) database(r *reader) {
	c.databaseURL(r)
	c.DatabaseMigrate = r.boolean("DATABASE_MIGRATE", true)
}

func (c *Config) sealing(r *reader) {
	c.Sealing = Sealing{KeysetFile: r.required("SEALING_KEYSET_FILE")}
}

func (c *Config) egress(r *reader) {
	c.Egress = Egress{
		AllowedCIDRs: r.networks("EGRESS_ALLOWED_CIDRS", nil), AllowHTTP: r.boolean("EGRESS_ALLOW_HTTP", false),
		Address: r.name("EGRESS_ADDRESS"), ProxyHosts: r.hosts("EGRESS_PROXY_HOSTS"),
		Proxy: domain.SecretText(r.proxy("EGRESS_PROXY")),
	}
}

func (c *Config) auditKey(r *reader) { c.AuditKey = domain.SecretText(r.text("AUDIT_KEY", "")) }

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
		ActorClaim:    r.text("AUTH_ACTOR_CLAIM", "sub"),
		ScopePrefix:   r.name("AUTH_SCOPE_PREFIX"),
		DefaultTenant: r.tenant("DEFAULT_TENANT_ID"),
		AuthorizerURL: r.baseURL("AUTH_AUTHORIZER_URL"),
	}
	secret, jwks := len(r.text("AUTH_JWT_SECRET", "")), r.text("AUTH_JWKS_URL", "") != ""
	switch {
	case secret > 0 && jwks:
		r.addError("AUTH_JWKS_URL", "and AUTH_JWT_SECRET are mutually exclusive")
	case r.hasError("AUTH_JWT_SECRET" + fileSuffix):
	case secret == 0 && !jwks:
		r.addError("AUTH_JWT_SECRET", "or AUTH_JWKS_URL is required")
	case secret > 0 && secret < MinJWTSecret:
		r.addError("AUTH_JWT_SECRET", "must have at least 32 bytes")
	}
	c.requireHTTPS(r, "AUTH_JWKS_URL", c.Auth.JWKSURL)
	if a := c.Auth; !a.DefaultTenant.IsZero() && a.Audience == "" && !a.RequireScopes && a.AuthorizerURL == "" {
		// Otherwise each token that the issuer makes, for whatever application, could read all data.
		r.addError("DEFAULT_TENANT_ID", "needs AUTH_AUDIENCE, AUTH_REQUIRE_SCOPES or AUTH_AUTHORIZER_URL")
	}
}

// console reads the settings of the sign-in to the console, which are set together.
func (c *Config) console(r *reader) {
	const issuer, clientID = "CONSOLE_OIDC_ISSUER", "CONSOLE_OIDC_CLIENT_ID"
	c.Console = Console{
		OIDCIssuer: r.issuer(issuer), OIDCClientID: r.text(clientID, ""),
		OIDCAudience: r.text("CONSOLE_OIDC_AUDIENCE", ""),
		OIDCScopes:   strings.Join(strings.Fields(r.text("CONSOLE_OIDC_SCOPES", "")), " "),
	}
	c.requireHTTPS(r, issuer, c.Console.OIDCIssuer)
	switch {
	case r.hasError(issuer):
	case c.Console.OIDCIssuer == "" && c.Console.OIDCClientID != "":
		r.addError(issuer, "is required with "+clientID)
	case c.Console.OIDCIssuer != "" && c.Console.OIDCClientID == "":
		r.addError(clientID, "is required with "+issuer)
	case c.Console.OIDCIssuer == "" && c.Console != (Console{}):
		r.addError(issuer, "is required with CONSOLE_OIDC_AUDIENCE and CONSOLE_OIDC_SCOPES")
	}
}

// sources returns, for each vendor, the policy for verifying the sender of webhooks. The networks of the policy are
// in the setting <VENDOR>_WEBHOOK_SOURCE_CIDRS. If the setting is unset, the known networks of the vendor are used.
// If its value is empty, the policy contains no networks.
func (r *reader) sources(vendors map[domain.Vendor]Vendor) map[domain.Vendor]domain.SourcePolicy {
	policies := make(map[domain.Vendor]domain.SourcePolicy, len(vendors))
	for _, vendor := range slices.Sorted(maps.Keys(vendors)) {
		prefix := envPrefix(vendor)
		policies[vendor] = domain.SourcePolicy{
			HMACSecret:    domain.SecretText(r.webhookSecret(prefix + "_WEBHOOK_HMAC_SECRET")),
			Authorization: domain.SecretText(r.text(prefix+"_WEBHOOK_AUTHORIZATION", "")),
			Networks:      r.networks(prefix+sourceCIDRsSuffix, vendors[vendor].Networks),
		}
	}
	return policies
}

// baseURLs returns the origins that the base URLs of each vendor may have. If the setting of a vendor is unset, the
// vendor's default is used. A vendor without origins is not in the result.
func (r *reader) baseURLs(vendors map[domain.Vendor]Vendor) map[domain.Vendor][]string {
	allowed := make(map[domain.Vendor][]string)
	for _, vendor := range slices.Sorted(maps.Keys(vendors)) {
		origins := r.origins(envPrefix(vendor) + baseURLsSuffix)
		if _, set := r.lookup(envPrefix(vendor) + baseURLsSuffix); !set {
			origins = vendors[vendor].BaseURLs
		}
		if len(origins) > 0 {
			allowed[vendor] = origins
		}
	}
	return allowed
}

// maxLinkClientName is the maximum length of <VENDOR>_LINK_CLIENT_NAME in characters.
const maxLinkClientName = 30

// linkPages returns the settings of the account holder's page at each vendor that has such settings.
func (r *reader) linkPages(vendors map[domain.Vendor]Vendor) map[domain.Vendor]LinkPage {
	pages := make(map[domain.Vendor]LinkPage)
	for _, vendor := range slices.Sorted(maps.Keys(vendors)) {
		if !vendors[vendor].LinkPage {
			continue
		}
		prefix := envPrefix(vendor) + "_LINK_"
		name := parse(r, prefix+"CLIENT_NAME", "Account connection", "must be at most 30 printable characters",
			func(text string) (string, bool) {
				return text, utf8.RuneCountInString(text) <= maxLinkClientName && domain.CleanText(text) == text
			})
		language := parse(r, prefix+"LANGUAGE", "en", "must be two lower-case letters, such as en",
			func(text string) (string, bool) { return text, isCode(text, 'a', 'z') })
		countries := parse(r, prefix+"COUNTRIES", []string{"US"},
			"must be codes of countries with two capital letters, such as US, separated by commas",
			func(text string) (codes []string, ok bool) {
				for code := range strings.SplitSeq(text, ",") {
					if code = strings.TrimSpace(code); !isCode(code, 'A', 'Z') {
						return nil, false
					}
					codes = append(codes, code)
				}
				return codes, true
			})
		pages[vendor] = LinkPage{ClientName: name, Language: language, Countries: countries}
	}
	return pages
}

// isCode reports whether the text consists of two characters between first and last.
func isCode(text string, first, last rune) bool {
	return len(text) == 2 && !strings.ContainsFunc(text, func(c rune) bool { return c < first || c > last })
}

// webhookSecret reads a secret of at least MinWebhookSecret bytes. It returns "" if the setting is unset.
func (r *reader) webhookSecret(name string) string {
	message := "must have at least " + strconv.Itoa(MinWebhookSecret) + " bytes"
	return parse(r, name, "", message, func(text string) (string, bool) {
		return text, len(text) >= MinWebhookSecret
	})
}
