package configs_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// canary is a text that the invalid values contain. No error may contain it.
const canary = "canary-27f0"

// vendors contains the supported vendors.
var vendors = map[domain.Vendor]configs.Vendor{
	"pluggy": {Networks: nets("52.67.145.81/32", "177.71.238.212/32")},
	"belvo":  {Networks: nets("3.130.254.46/32", "18.220.61.186/32", "18.223.45.212/32")},
	"plaid":  {BaseURLs: []string{"https://production.plaid.com", "https://sandbox.plaid.com"}, LinkPage: true},
}

// required contains the settings without which Load returns an error.
var required = map[string]string{
	"PUBLIC_URL":          "https://api.example.com",
	"DATABASE_URL":        "postgres://db.example.com/discovery?sslmode=verify-full",
	"AUTH_JWKS_URL":       "https://issuer.example.com/keys",
	"SEALING_KEYSET_FILE": "/run/secrets/keyset.json",
}

// load calls Load with the required settings. pairs consists of alternating names and values that
// replace or add settings.
func load(pairs ...string) (configs.Config, error) {
	return configs.Load(lookup(pairs...), vendors)
}

func lookup(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		value, set := required[name]
		return value, set
	}
}

// settingTest contains the test values for one setting. getter returns the parsed setting. validValues maps each
// valid text of the setting to the parsed value. The text "" leaves the setting unset, so that its default applies.
type settingTest struct {
	getter        func(configs.Config) any
	validValues   map[string]any
	invalidValues []string
}

// pluggy returns a getter for settingTest. The getter calls member with Pluggy's source policy in the Config.
func pluggy(member func(domain.SourcePolicy) any) func(configs.Config) any {
	return func(c configs.Config) any { return member(c.Sources["pluggy"]) }
}

func nets(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

const long = canary + "-of-at-least-32-bytes-in-all"

var (
	durations = []string{"6", "-1h", "-1d", "1.5d", "99999999999999999999d", "36501d", "6h " + canary, "d"}
	numbers   = []string{"-1", "1.5", "1e3", "0x10", canary, "100000001", "99999999999999999999"}
	booleans  = []string{"yes", "on", "2", canary}
	cidrs     = []string{canary, "10.0.0.0/33", "10.0.0.0/8;::1/128", "10.0.0/8", "10.0.0.0/8," + canary}
	origins   = []string{
		canary, "https://h/" + canary, "https://h,", "https://u:" + canary + "@h", "https://h?q=" + canary, "ftp://h",
	}
	addresses = []string{canary, "4018", ":port", ":65536", ":-1", "a:b:1", canary + ":"}
	settings  = map[string]settingTest{
		"ENV_NAME": {
			func(c configs.Config) any { return c.EnvName },
			map[string]any{"": "production", "development": "development", " staging ": "staging"}, nil,
		},
		"SERVER_ADDRESS": {
			func(c configs.Config) any { return c.ServerAddress },
			map[string]any{"": ":4018", "127.0.0.1:0": "127.0.0.1:0", "[::1]:80": "[::1]:80"}, addresses,
		},
		"SERVER_MAX_CONNECTIONS": {
			func(c configs.Config) any { return c.ServerMaxConnections },
			map[string]any{"": 4096, "0": 0, "2": 2}, append([]string{"1000001"}, numbers...),
		},
		"ADMIN_ADDRESS": {
			func(c configs.Config) any { return c.AdminAddress },
			map[string]any{"": "127.0.0.1:4019", ":9000": ":9000"}, addresses,
		},
		"PLUGGY_BASE_URLS": {
			func(c configs.Config) any { return c.BaseURLs["pluggy"] },
			map[string]any{
				"": []string(nil), "https://api.pluggy.ai": []string{"https://api.pluggy.ai"},
				" HTTPS://API.pluggy.ai:443/ , http://h.example:8080": []string{
					"https://api.pluggy.ai", "http://h.example:8080",
				},
			},
			origins,
		},
		"BELVO_BASE_URLS": {
			func(c configs.Config) any { return c.BaseURLs["belvo"] },
			map[string]any{"": []string(nil), "https://api.belvo.com": []string{"https://api.belvo.com"}}, origins,
		},
		"PLAID_BASE_URLS": {
			func(c configs.Config) any { return c.BaseURLs["plaid"] },
			map[string]any{
				"":                          []string{"https://production.plaid.com", "https://sandbox.plaid.com"},
				" ":                         []string(nil),
				"https://sandbox.plaid.com": []string{"https://sandbox.plaid.com"},
			},
			origins,
		},
		"PLAID_LINK_CLIENT_NAME": {
			func(c configs.Config) any { return c.LinkPages["plaid"].ClientName },
			map[string]any{"": "Account connection", " Ledger of Ana ": "Ledger of Ana"},
			[]string{strings.Repeat("x", 31), "a\x00b" + canary},
		},
		"PLAID_LINK_LANGUAGE": {
			func(c configs.Config) any { return c.LinkPages["plaid"].Language },
			map[string]any{"": "en", "fr": "fr"}, []string{"EN", "eng", canary, "e1"},
		},
		"PLAID_LINK_COUNTRIES": {
			func(c configs.Config) any { return c.LinkPages["plaid"].Countries },
			map[string]any{"": []string{"US"}, "US, CA": []string{"US", "CA"}},
			[]string{"us", "USA", "US,", canary},
		},
		"PUBLIC_URL": {
			func(c configs.Config) any { return c.PublicURL },
			map[string]any{
				"https://h.example": "https://h.example", "http://h:8080/": "http://h:8080",
				"HTTPS://h.example":  "HTTPS://h.example",
				"http://h:65535":     "http://h:65535",
				"https://h.example.": "https://h.example.", "http://[::1]:1": "http://[::1]:1",
				"http://127.0.0.1": "http://127.0.0.1",
			},
			[]string{
				"http://" + canary, "HTTP://" + canary, "http://127.0.0.1",
				"http://a:99999", "http://a:65536", "http://a:0", "http://a:", "http://a:99999999999999999999",
				"http://a..b", "http://.b", "http://.", "http://..", "http://:80",
				canary, "https://", "ftp://h", "https://h/" + canary, "https://h?" + canary,
				"https://h#" + canary, "https://u:" + canary + "@h", "//h", "https://h:" + canary,
			},
		},
		"DATABASE_URL": {
			func(c configs.Config) any { return c.DatabaseURL },
			map[string]any{
				"sqlite:///x":    "sqlite:///x",
				"postgres://h/d": "postgres://h/d", "postgresql://h": "postgresql://h",
			},
			[]string{canary, "sqlite://", "mysql://u:" + canary + "@h/d", "memory://"},
		},
		"DATABASE_MIGRATE": {
			func(c configs.Config) any { return c.DatabaseMigrate },
			map[string]any{"": true, "false": false, "0": false, "TRUE": true}, booleans,
		},
		"DATABASE_POOLED": {
			func(c configs.Config) any { return c.DatabasePooled },
			map[string]any{"": false, "true": true, "0": false}, booleans,
		},
		"TRUSTED_CA_FILE": {
			func(c configs.Config) any { return c.TrustedCAFile },
			map[string]any{"": "", "/etc/ca.crt": "/etc/ca.crt"}, nil,
		},
		"DATABASE_POOL_SIZE": {
			func(c configs.Config) any { return c.DatabasePoolSize },
			map[string]any{"": 16, "3": 3, "40": 40}, []string{"2", "0", "-1", "x", "1001"},
		},
		"DATABASE_DISTRIBUTE": {
			func(c configs.Config) any { return c.DatabaseDistribute },
			map[string]any{"": false, "true": true, "0": false}, booleans,
		},
		"AUTH_JWKS_URL": {
			func(c configs.Config) any { return c.Auth.JWKSURL }, map[string]any{"http://h/k": "http://h/k"},
			[]string{
				canary, "ftp://" + canary, "https://", "/keys", "https://h:99999/k", "https://a..b/k",
				"http://" + canary, "HTTP://" + canary, "http://127.0.0.1/k",
			},
		},
		"AUTH_ISSUER": {
			func(c configs.Config) any { return c.Auth.Issuer }, map[string]any{"": "", "us": "us"}, nil,
		},
		"AUTH_AUDIENCE": {
			func(c configs.Config) any { return c.Auth.Audience }, map[string]any{"": "", "them": "them"}, nil,
		},
		"AUTH_TENANT_CLAIM": {
			func(c configs.Config) any { return c.Auth.TenantClaim },
			map[string]any{"": "tenant_id", "org": "org"}, nil,
		},
		"DEFAULT_TENANT_ID": {
			func(c configs.Config) any { return c.Auth.DefaultTenant.IsZero() }, map[string]any{"": true},
			// A valid value needs another setting: see TestADefaultTenantNeedsAnotherProofOfTheToken.
			[]string{canary, "00000000-0000-0000-0000-000000000000", "{7c0f2c5e-0000-4000-8000-000000000001}",
				"7c0f2c5e-0000-4000-8000-000000000001"},
		},
		"AUTH_ACTOR_CLAIM": {
			func(c configs.Config) any { return c.Auth.ActorClaim },
			map[string]any{"": "sub", "preferred_username": "preferred_username"}, nil,
		},
		"AUTH_SCOPE_PREFIX": {
			func(c configs.Config) any { return c.Auth.ScopePrefix },
			map[string]any{"": "", "api://app/": "api://app/"}, []string{"a " + canary},
		},
		"AUTH_REQUIRE_SCOPES": {
			func(c configs.Config) any { return c.Auth.RequireScopes }, map[string]any{"": false, "true": true},
			booleans,
		},
		"AUTH_AUTHORIZER_URL": {
			func(c configs.Config) any { return c.Auth.AuthorizerURL },
			map[string]any{"": "", "http://a:4000": "http://a:4000", "https://h/access/": "https://h/access"},
			[]string{
				canary, "ftp://" + canary, "https://", "https://u:" + canary + "@h", "https://h/?" + canary,
				"https://h/#" + canary,
			},
		},
		"CONSOLE_OIDC_ISSUER": {
			func(c configs.Config) any { return c.Console.OIDCIssuer },
			map[string]any{
				"": "", "https://id.example.com/": "https://id.example.com/",
				"https://id.example.com/realms/a": "https://id.example.com/realms/a", "http://h:1": "http://h:1",
			},
			[]string{
				canary, "http://" + canary, "ftp://h", "https://", "https://u:" + canary + "@h", "https://h?" + canary,
				"https://h#" + canary, "https://h;script-src", "https://a,b",
			},
		},
		"CONSOLE_OIDC_AUDIENCE": {
			func(c configs.Config) any { return c.Console.OIDCAudience },
			map[string]any{"": "", "https://api.example": "https://api.example"}, nil,
		},
		"CONSOLE_OIDC_SCOPES": {
			func(c configs.Config) any { return c.Console.OIDCScopes },
			map[string]any{"": "", " api://app/.default  x ": "api://app/.default x"}, nil,
		},
		"CONSOLE_OIDC_CLIENT_ID": {
			func(c configs.Config) any { return c.Console.OIDCClientID },
			map[string]any{"": "", "a console": "a console"}, nil,
		},
		"SEALING_KEYSET_FILE": {
			func(c configs.Config) any { return c.Sealing.KeysetFile }, map[string]any{"k.json": "k.json"},
			[]string{" "},
		},
		"EGRESS_ALLOWED_CIDRS": {
			func(c configs.Config) any { return c.Egress.AllowedCIDRs },
			map[string]any{
				"": nets(), "10.1.2.3/8, ::1 ,": nets("10.0.0.0/8", "::1/128"),
				"127.0.0.1": nets("127.0.0.1/32"),
			}, cidrs,
		},
		"EGRESS_ADDRESS": {
			func(c configs.Config) any { return c.Egress.Address },
			map[string]any{"": "", " ": "", "203.0.113.7": "203.0.113.7", "2001:db8::7": "2001:db8::7", "nat": "nat"},
			[]string{"two words", "é", strings.Repeat("a", 129)},
		},
		"EGRESS_ALLOW_HTTP": {
			func(c configs.Config) any { return c.Egress.AllowHTTP }, map[string]any{"": false, "true": true},
			booleans,
		},
		"PLUGGY_WEBHOOK_HMAC_SECRET": {
			pluggy(func(p domain.SourcePolicy) any { return string(p.HMACSecret.Reveal()) }),
			map[string]any{"": "", long: long, "sixteen-bytes-00": "sixteen-bytes-00"},
			[]string{canary, "x", "fifteen-bytes-0"},
		},
		"AUDIT_KEY": {
			func(c configs.Config) any { return string(c.AuditKey.Reveal()) },
			map[string]any{"": "", "a key": "a key"}, nil,
		},
		"PLUGGY_WEBHOOK_AUTHORIZATION": {
			pluggy(func(p domain.SourcePolicy) any { return string(p.Authorization.Reveal()) }),
			map[string]any{"": "", "Bearer x": "Bearer x"}, nil,
		},
		"PLUGGY_WEBHOOK_SOURCE_CIDRS": {
			pluggy(func(p domain.SourcePolicy) any { return p.Networks }),
			map[string]any{"": vendors["pluggy"].Networks, " ": nets(), "10.0.0.0/8": nets("10.0.0.0/8")}, cidrs,
		},
		"TRUSTED_PROXIES": {
			func(c configs.Config) any { return c.TrustedProxies },
			map[string]any{
				"": nets(), "10.0.0.0/8": nets("10.0.0.0/8"), "::ffff:127.0.0.1/128": nets("127.0.0.1/32"),
				"::ffff:127.0.0.1": nets("127.0.0.1/32"), "::ffff:10.1.2.3/104": nets("10.0.0.0/8"),
				"::ffff:0:0/96": nets("0.0.0.0/0"), "::1/128": nets("::1/128"), "::/0": nets("::/0"),
			}, cidrs,
		},
		"RECONCILE_INTERVAL": {
			func(c configs.Config) any { return c.ReconcileInterval },
			map[string]any{"": 6 * time.Hour, "0": time.Duration(0), "90s": 90 * time.Second, "2d": 48 * time.Hour},
			durations,
		},
		"DRIFT_GRACE": {
			func(c configs.Config) any { return c.DriftGrace },
			map[string]any{"": 48 * time.Hour, "0": time.Duration(0), "90s": 90 * time.Second}, durations,
		},
		"COVER_AFTER": {
			func(c configs.Config) any { return c.CoverAfter },
			map[string]any{"": 12 * time.Hour, "0": time.Duration(0), "90s": 90 * time.Second}, durations,
		},
		"STALE_AFTER": {
			func(c configs.Config) any { return c.StaleAfter },
			map[string]any{"": 36 * time.Hour, "0": time.Duration(0), "90s": 90 * time.Second}, durations,
		},
		"CLOSE_OFFSET": {
			func(c configs.Config) any { return c.CloseOffset },
			map[string]any{
				"": -3 * time.Hour, "+00:00": time.Duration(0), "-05:30": -5*time.Hour - 30*time.Minute,
				"+14:00": 14 * time.Hour,
			},
			[]string{"-3", "Z", "03:00", "-03", "-03:00:00", "+25:00", "America/Sao_Paulo"},
		},
		"WEBHOOK_SILENCE_GRACE": {
			func(c configs.Config) any { return c.WebhookSilenceGrace },
			map[string]any{"": 2 * time.Hour, "0": time.Duration(0), "90s": 90 * time.Second}, durations,
		},
		"MATCH_REPLACEMENTS": {
			func(c configs.Config) any { return c.MatchReplacements },
			map[string]any{"": true, "false": false, "0": false, "TRUE": true}, booleans,
		},
		"DELIVERY_RETENTION": {
			func(c configs.Config) any { return c.DeliveryRetention },
			map[string]any{"": 90 * 24 * time.Hour, "0d": time.Duration(0), "1h": time.Hour}, durations,
		},
		"PULL_RETENTION": {
			func(c configs.Config) any { return c.PullRetention },
			map[string]any{"": 90 * 24 * time.Hour, "0d": time.Duration(0), "1h": time.Hour}, durations,
		},
		"EVENT_RETENTION": {
			func(c configs.Config) any { return c.EventRetention },
			map[string]any{"": 30 * 24 * time.Hour, "0d": time.Duration(0), "1h": time.Hour}, durations,
		},
		"PULL_WORKERS": {
			func(c configs.Config) any { return c.PullWorkers }, map[string]any{"": 32, "1": 1, "256": 256},
			append([]string{"0", "257"}, numbers...),
		},
		"MEMORY_BUDGET": {
			func(c configs.Config) any { return c.MemoryBudget },
			map[string]any{
				"": int64(512 << 20), "32MiB": int64(32 << 20), "1GiB": int64(1 << 30), "65536KiB": int64(64 << 20),
				"536870912": int64(512 << 20),
			},
			[]string{
				"0", "31MiB", "-64MiB", "512 MiB", "512mib", "512MB", "0.5GiB", "MiB", "9999999999999GiB", "1TiB",
				canary,
			},
		},
		"RATE_LIMIT_PER_MINUTE": {
			func(c configs.Config) any { return c.RatePerMinute }, map[string]any{"": 6000, "0": 0, "7": 7},
			numbers,
		},
		"WEBHOOK_RATE_LIMIT_PER_MINUTE": {
			func(c configs.Config) any { return c.WebhookRatePerMinute },
			map[string]any{"": 60_000, "0": 0, "7": 7}, numbers,
		},
		"LOG_LEVEL": {
			func(c configs.Config) any { return c.Log.Level },
			map[string]any{"": zapcore.InfoLevel, "debug": zapcore.DebugLevel, "error": zapcore.ErrorLevel},
			[]string{"fatal", "panic", canary},
		},
		"LOG_FORMAT": {
			func(c configs.Config) any { return c.Log.Format },
			map[string]any{"": "json", "console": "console"}, []string{"text", "JSON", canary},
		},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": {
			func(c configs.Config) any { return c.OTLP.TracesURL },
			map[string]any{"": "", "https://h/v1/traces": "https://h/v1/traces"}, []string{canary, "http://u:p@h"},
		},
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": {
			func(c configs.Config) any { return c.OTLP.MetricsURL },
			map[string]any{"": "", "https://h/v1/metrics": "https://h/v1/metrics"}, []string{canary, "http://u:p@h"},
		},
		"OTEL_TRACES_EXPORTER": {
			func(c configs.Config) any { return c.OTLP.NoTraces },
			map[string]any{"": false, "none": true, "otlp": false, "zipkin": false}, nil,
		},
		"OTEL_METRICS_EXPORTER": {
			func(c configs.Config) any { return c.OTLP.NoMetrics },
			map[string]any{"": false, "none": true, "prometheus": true, "console": false}, nil,
		},
		"OTEL_SDK_DISABLED": {
			func(c configs.Config) any { return c.OTLP.NoTraces && c.OTLP.NoMetrics },
			map[string]any{"": false, "true": true, "TRUE": true, "1": false}, nil,
		},
		"EGRESS_PROXY": {
			func(c configs.Config) any { return string(c.Egress.Proxy.Reveal()) },
			map[string]any{"": "", "http://u:p@h:3128": "http://u:p@h:3128", "https://h/": "https://h/"},
			[]string{canary, "socks5://h", "http://", "http://h/" + canary, "http://h?" + canary, "http://h#" + canary},
		},
		"EGRESS_PROXY_HOSTS": {
			func(c configs.Config) any { return c.Egress.ProxyHosts },
			map[string]any{"a.Example, b": []string{"a.example", "b"}},
			[]string{"https://h", "h:443", "a,,b", "*.h", canary + "/"},
		},
		"OTEL_EXPORTER_OTLP_ENDPOINT": {
			func(c configs.Config) any { return c.OTLP.Endpoint },
			map[string]any{
				"": "", "http://127.0.0.1:4318": "http://127.0.0.1:4318", "https://h/base/": "https://h/base",
			},
			[]string{
				canary, "collector:4318", "://", "grpc://h", "ftp://h", "http://u:" + canary + "@h",
				"http://h?" + canary,
				"http://h#" + canary, "http://", "http://h:65536",
			},
		},
	}
)

// together maps the name of a setting to the name and the value of another setting that it requires.
var together = map[string][]string{
	"CONSOLE_OIDC_ISSUER":    {"CONSOLE_OIDC_CLIENT_ID", "console"},
	"CONSOLE_OIDC_AUDIENCE":  {"CONSOLE_OIDC_CLIENT_ID", "console", "CONSOLE_OIDC_ISSUER", "https://id.example.com"},
	"CONSOLE_OIDC_SCOPES":    {"CONSOLE_OIDC_CLIENT_ID", "console", "CONSOLE_OIDC_ISSUER", "https://id.example.com"},
	"CONSOLE_OIDC_CLIENT_ID": {"CONSOLE_OIDC_ISSUER", "https://id.example.com"},
}

func TestValidSettingsAreParsed(t *testing.T) {
	for name, s := range settings {
		t.Run(name, func(t *testing.T) {
			for value, want := range s.validValues {
				pairs := []string{name, value}
				if value == "" {
					pairs = nil
				}
				if value != "" {
					pairs = append(pairs, together[name]...)
				}
				if strings.HasPrefix(value, "http://") { // production requires https for some URLs
					pairs = append(pairs, "ENV_NAME", configs.Development)
				}
				c, err := load(pairs...)
				if err != nil {
					t.Errorf("%q: %v", value, err)
				}
				if diff := cmp.Diff(
					want, s.getter(c), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
				); diff != "" {
					t.Errorf("%q (-want +got):\n%s", value, diff)
				}
			}
		})
	}
}

func TestAnErrorNamesItsSettingAndNeverTheValue(t *testing.T) {
	for name, s := range settings {
		t.Run(name, func(t *testing.T) {
			for _, value := range s.invalidValues {
				_, err := load(name, value)
				wantErrors(t, err, value, name)
			}
		})
	}
}

// wantErrors checks that err consists of one field error for each of the named settings, and that it
// does not contain the canary. value is the invalid value; it appears only in the messages of the test.
func wantErrors(t *testing.T, err error, value string, names ...string) {
	t.Helper()
	var got []string
	for _, fieldErr := range domain.ErrorsOf(err) {
		got = append(got, fieldErr.Field)
		if fieldErr.Kind != domain.Invalid || fieldErr.Message == "" {
			t.Errorf("%q returned an error of kind %q with message %q", value, fieldErr.Kind, fieldErr.Message)
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("%q: invalid settings (-want +got):\n%s", value, diff)
	}
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Errorf("the error repeats the value: %v", err)
	}
}

func TestExactlyOneSourceOfTokenKeysIsRequired(t *testing.T) {
	for name, test := range map[string]struct {
		jwks, secret string
		fault        []string
	}{
		"a key set":          {"https://h/k", "", nil},
		"a secret":           {"", long, nil},
		"neither":            {"", "", []string{"AUTH_JWT_SECRET"}},
		"both":               {"https://h/k", long, []string{"AUTH_JWKS_URL"}},
		"a short secret":     {"", canary, []string{"AUTH_JWT_SECRET"}},
		"31 bytes":           {"", strings.Repeat("x", 31), []string{"AUTH_JWT_SECRET"}},
		"32 bytes":           {"", strings.Repeat("x", 32), nil},
		"only a bad address": {canary, "", []string{"AUTH_JWKS_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load("AUTH_JWKS_URL", test.jwks, "AUTH_JWT_SECRET", test.secret)
			wantErrors(t, err, name, test.fault...)
			if err == nil && (c.Auth.JWKSURL != test.jwks || string(c.Auth.JWTSecret.Reveal()) != test.secret) {
				t.Error("another value was read")
			}
		})
	}
}

func TestTheIssuerAndTheClientIDOfTheConsoleAreSetTogether(t *testing.T) {
	for _, name := range []string{"CONSOLE_OIDC_ISSUER", "CONSOLE_OIDC_CLIENT_ID"} {
		_, err := load(together[name]...)
		wantErrors(t, err, "", name)
	}
	for _, name := range []string{"CONSOLE_OIDC_AUDIENCE", "CONSOLE_OIDC_SCOPES"} {
		_, err := load(name, "x")
		wantErrors(t, err, "", "CONSOLE_OIDC_ISSUER")
	}
}

func TestPublicURLAndDatabaseMayBeMissingOnlyInDevelopment(t *testing.T) {
	for name, want := range map[string]string{"PUBLIC_URL": "", "DATABASE_URL": "sqlite://data/discovery.db"} {
		for _, environment := range []string{"", "production", "staging"} {
			_, err := load(name, "", "ENV_NAME", environment)
			wantErrors(t, err, "", name)
		}
		c, err := load(name, "", "ENV_NAME", configs.Development)
		if got := settings[name].getter(c); err != nil || got != want || !c.IsDevelopment() {
			t.Errorf("development without %s: %q, want %q; %v", name, got, want, err)
		}
	}
}

func TestOnlyPostgreSQLCanBePooledOrDistributed(t *testing.T) {
	for _, setting := range []string{"DATABASE_POOLED", "DATABASE_DISTRIBUTE"} {
		for database, want := range map[string][]string{
			"postgres://h/d": nil, "postgresql://h/d": nil, "sqlite://x": {setting},
		} {
			_, err := load("DATABASE_URL", database, setting, "true")
			wantErrors(t, err, "", want...)
		}
	}
}

func TestTheDefaultAddressInDevelopmentIsLoopback(t *testing.T) {
	for environment, want := range map[string]string{"": ":4018", configs.Development: "127.0.0.1:4018"} {
		c, err := load("ENV_NAME", environment)
		if err != nil || c.ServerAddress != want {
			t.Errorf("%q: the service listens on %q, want %q; %v", environment, c.ServerAddress, want, err)
		}
		health, err := configs.LoadHealth(lookup("ENV_NAME", environment))
		if err != nil || health.ServerAddress != want {
			t.Errorf("%q: the health check asks %q, want %q; %v", environment, health.ServerAddress, want, err)
		}
	}
}

func TestAllErrorsAreReportedAtOnce(t *testing.T) {
	_, err := configs.Load(func(name string) (string, bool) {
		if s := settings[name]; len(s.invalidValues) > 0 {
			return s.invalidValues[0], true
		}
		return "", false
	}, vendors)
	reported := map[string]bool{}
	for _, fieldErr := range domain.ErrorsOf(err) {
		reported[fieldErr.Field] = true
	}
	for name, s := range settings {
		if len(s.invalidValues) > 0 != reported[name] {
			t.Errorf("%s is reported: %v", name, reported[name])
		}
	}
}

func TestADefaultTenantNeedsAnotherProofOfTheToken(t *testing.T) {
	const tenant = "7c0f2c5e-0000-4000-8000-000000000001"
	for _, proof := range []struct{ name, value string }{
		{"AUTH_AUDIENCE", "discovery"}, {"AUTH_REQUIRE_SCOPES", "true"},
		{"AUTH_AUTHORIZER_URL", "https://access.example"},
	} {
		c, err := load("DEFAULT_TENANT_ID", tenant, proof.name, proof.value)
		if err != nil || c.Auth.DefaultTenant.String() != tenant {
			t.Errorf("with %s: %v, %v", proof.name, c.Auth.DefaultTenant, err)
		}
	}
	if _, err := load("DEFAULT_TENANT_ID", tenant, "AUTH_ISSUER", "https://issuer.example"); err == nil ||
		!strings.Contains(err.Error(), "DEFAULT_TENANT_ID") {
		t.Errorf("without a proof: %v", err)
	}
}
