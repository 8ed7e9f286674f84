package configs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/configs"
)

// warned loads the given settings, and returns the names of the settings for which there is a warning. It fails the
// test if a warning has no text, or contains the canary. The canary is a marker in the settings' values, and no message
// may repeat it.
//
//   - names: the names of all environment variables;
//   - pairs: the names and values of the settings, alternating.
func warned(t *testing.T, names []string, pairs ...string) []string {
	t.Helper()
	c, err := load(pairs...)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, warning := range c.Warnings(lookup(pairs...), names) {
		all = append(all, warning.Setting)
		if warning.Problem == "" || strings.Contains(warning.Problem, canary) {
			t.Errorf("%s has the warning %q", warning.Setting, warning.Problem)
		}
	}
	return all
}

func TestRiskySettingsHaveAWarning(t *testing.T) {
	for name, test := range map[string]struct {
		pairs []string
		want  []string
	}{
		"no risk":             {},
		"every proxy":         {[]string{"TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0"}, []string{"TRUSTED_PROXIES"}},
		"every proxy 6":       {[]string{"TRUSTED_PROXIES", "::/0"}, []string{"TRUSTED_PROXIES"}},
		"one proxy":           {pairs: []string{"TRUSTED_PROXIES", "0.0.0.0/32"}},
		"every egress":        {[]string{"EGRESS_ALLOWED_CIDRS", "0.0.0.0/0"}, []string{"EGRESS_ALLOWED_CIDRS"}},
		"some egress":         {pairs: []string{"EGRESS_ALLOWED_CIDRS", "10.0.0.0/8"}},
		"another environment": {[]string{"ENV_NAME", canary}, []string{"ENV_NAME"}},
		"development":         {pairs: []string{"ENV_NAME", "development"}},
		"open metrics":        {[]string{"ADMIN_ADDRESS", "0.0.0.0:4019"}, []string{"ADMIN_ADDRESS"}},
		"open metrics 6":      {[]string{"ADMIN_ADDRESS", "[::]:4019"}, []string{"ADMIN_ADDRESS"}},
		"metrics on all":      {[]string{"ADMIN_ADDRESS", ":4019"}, []string{"ADMIN_ADDRESS"}},
		"metrics of a pod": {
			pairs: []string{"ADMIN_ADDRESS", ":4019", "KUBERNETES_SERVICE_HOST", "10.96.0.1"},
		},
		"closed metrics":   {pairs: []string{"ADMIN_ADDRESS", "10.0.0.7:4019"}},
		"a short interval": {[]string{"RECONCILE_INTERVAL", "1s"}, []string{"RECONCILE_INTERVAL"}},
		"an interval":      {pairs: []string{"RECONCILE_INTERVAL", "10m"}},
		"no interval":      {pairs: []string{"RECONCILE_INTERVAL", "0"}},
		"egress, no mask":  {[]string{"EGRESS_ALLOWED_CIDRS", "10.0.0.0"}, []string{"EGRESS_ALLOWED_CIDRS"}},
		"a proxy, no mask": {[]string{"TRUSTED_PROXIES", "10.0.0.0/8, ::1"}, []string{"TRUSTED_PROXIES"}},
		"a sender, no mask": {
			[]string{"BELVO_WEBHOOK_SOURCE_CIDRS", "192.0.2.1"}, []string{"BELVO_WEBHOOK_SOURCE_CIDRS"},
		},
		"an origin with http": {[]string{"BELVO_BASE_URLS", "https://a,http://b"}, []string{"BELVO_BASE_URLS"}},
		"an origin with http that is allowed": {
			pairs: []string{"BELVO_BASE_URLS", "http://b", "EGRESS_ALLOW_HTTP", "true"},
		},
		"access by http": {
			[]string{"AUTH_AUTHORIZER_URL", "HTTP://" + canary + ":4000/"}, []string{"AUTH_AUTHORIZER_URL"},
		},
		"access by https": {pairs: []string{"AUTH_AUTHORIZER_URL", "https://access.example"}},
		"local access":    {pairs: []string{"AUTH_AUTHORIZER_URL", "http://127.0.0.1:4000"}},
		"local access 6":  {pairs: []string{"AUTH_AUTHORIZER_URL", "http://[::1]:4000"}},
		"no sslmode":      {[]string{"DATABASE_URL", "postgres://u:" + canary + "@db/d"}, []string{"DATABASE_URL"}},
		"no sslmode towards one of two hosts": {
			[]string{"DATABASE_URL", "postgres://127.0.0.1:5432,10.0.0.1:5432/d"}, []string{"DATABASE_URL"},
		},
		"no sslmode towards a host parameter": {
			[]string{"DATABASE_URL", "postgresql:///d?host=db.example.com"}, []string{"DATABASE_URL"},
		},
		"no sslmode on loopback":         {pairs: []string{"DATABASE_URL", "postgres://u@127.0.0.1:5432/d"}},
		"no sslmode on loopback 6":       {pairs: []string{"DATABASE_URL", "postgres://[::1]:5432/d"}},
		"no sslmode on localhost":        {pairs: []string{"DATABASE_URL", "postgres://localhost/d"}},
		"no sslmode over a Unix socket":  {pairs: []string{"DATABASE_URL", "postgres:///d?host=/run/postgresql"}},
		"no host":                        {pairs: []string{"DATABASE_URL", "postgres:///d"}},
		"an embedded database, no proxy": {pairs: []string{"DATABASE_URL", "sqlite://d.db"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, warned(t, nil, test.pairs...)); diff != "" {
				t.Errorf("settings with a warning (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADatabaseConnectionWithoutVerifiedTLSHasAWarning(t *testing.T) {
	for pair, want := range map[string]bool{
		"DATABASE_URL=postgres://db/d?sslmode=disable":                    true,
		"DATABASE_URL=postgres://db/d?sslmode=allow":                      true,
		"DATABASE_URL=postgres://db/d?sslmode=prefer":                     true,
		"DATABASE_URL=postgres://db/d?sslmode=require":                    true,
		"PGSSLMODE=require":                                               true,
		"PGSSLMODE=verify-ca":                                             false,
		"DATABASE_URL=postgres://db/d?sslmode=verify-full":                false,
		"DATABASE_URL=postgres://db/d?sslmode=require&sslrootcert=ca.pem": false,
		"DATABASE_URL=postgres://127.0.0.1/d?sslmode=disable":             false,
	} {
		name, value, _ := strings.Cut(pair, "=")
		got := warned(t, nil, name, value, "DATABASE_URL", "postgres://db/d")
		if (len(got) == 1 && got[0] == "DATABASE_URL") != want {
			t.Errorf("%s: settings with a warning %q, want one: %v", pair, got, want)
		}
	}
}

func TestUnknownVariablesWithAPrefixOfTheServiceHaveAWarning(t *testing.T) {
	names := []string{
		"DATABASE_URI", "SEALING_KEYSET_KEK_URI", "AUTH_JWKS", "PLUGGY_WEBHOOK_SECRET", "BELVO_TOKEN", "SERVER_PORT",
		"LOG_LVL", "EGRESS_ALLOWED_CIDR", "RATE_LIMIT", "EGRESS_ALLOWED_CIDR",
		"PATH", "HOME", "ENV_FILE", "OTEL_SERVICE_NAME", "GOMEMLIMIT", "DATABASE_URL", "LOG_LEVEL", "DATABASES_X", "",
		"BELVO_WEBHOOK_HMAC_SECRET",
	}
	want := []string{
		"AUTH_JWKS", "BELVO_TOKEN", "DATABASE_URI", "EGRESS_ALLOWED_CIDR", "LOG_LVL", "PLUGGY_WEBHOOK_SECRET",
		"RATE_LIMIT", "SEALING_KEYSET_KEK_URI", "SERVER_PORT",
	}
	if diff := cmp.Diff(want, warned(t, names)); diff != "" {
		t.Errorf("unknown variables (-want +got):\n%s", diff)
	}
}

func TestVariablesOfOtherProgramsWithoutEffectAreAWarning(t *testing.T) {
	for _, c := range []struct {
		name, value string
		warned      bool
	}{
		{"HTTPS_PROXY", "http://u:" + canary + "@proxy:3128", true},
		{"https_proxy", "http://u:" + canary + "@proxy:3128", true},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", true},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", false},
		{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", true},
		{"OTEL_TRACES_EXPORTER", "zipkin", true},
		{"OTEL_TRACES_EXPORTER", "otlp", false},
		{"OTEL_METRICS_EXPORTER", "prometheus", false},
		{"OTEL_METRICS_EXPORTER", "console", true},
		{"OTEL_LOGS_EXPORTER", "otlp", true},
		{"OTEL_SDK_DISABLED", "yes", true},
		{"OTEL_SDK_DISABLED", "TRUE", false},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.crt", true},
		{"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "1", true},
		{"OTEL_EXPORTER_OTLP_HEADERS", canary, true},
		{"OTEL_EXPORTER_OTLP_HEADERS", "a=b,=" + canary, true},
		{"OTEL_EXPORTER_OTLP_HEADERS", "a=%zz" + canary, true},
		{"OTEL_EXPORTER_OTLP_HEADERS", "api key=" + canary, true},
		{"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20" + canary + ", x-key = v", false},
		{"OTEL_SERVICE_NAME", "books", false},
		{"OTEL_TRACES_SAMPLER", "always_off", false},
		{"OTEL_TRACES_SAMPLER", "foo", true},
		{"OTEL_TRACES_SAMPLER_ARG", "0.5", false},
		{"OTEL_PROPAGATORS", "b3", true},
		{"OTEL_PROPAGATORS", "tracecontext,baggage", false},
		{"OTEL_FOO", "1", true},
		{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://collector:4318", true},
		{"OTEL_EXPORTER_OTLP_INSECURE", "true", true},
		{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", false},
		{"OTEL_METRIC_EXPORT_INTERVAL", "1000", false},
		{"OTEL_METRIC_EXPORT_TIMEOUT", "1000", true},
		{"OTEL_BSP_SCHEDULE_DELAY", "1000", false},
		{"OTEL_SPAN_LINK_COUNT_LIMIT", "10", false},
		{"OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "discovery-0", false},
	} {
		lookup := func(name string) (string, bool) {
			if name == c.name {
				return c.value, true
			}
			return "", false
		}
		var got []string
		for _, w := range (configs.Config{EnvName: configs.Production}).Warnings(lookup, []string{c.name}) {
			got = append(got, w.Setting)
			if strings.Contains(w.Problem, canary) {
				t.Errorf("%s: the warning repeats the value: %s", c.name, w.Problem)
			}
		}
		if slices.Contains(got, c.name) != c.warned || len(got) > 1 {
			t.Errorf("%s=%s: warnings about %v", c.name, c.value, got)
		}
	}
}
