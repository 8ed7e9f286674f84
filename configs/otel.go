package configs

import (
	"net/url"
	"regexp"
	"strings"
)

// otelPrefix is the common prefix of the settings of the exporter.
const otelPrefix = "OTEL_EXPORTER_OTLP_"

// otlp reads those variables of OpenTelemetry that choose what is exported, and to where. The SDK reads the others
// itself. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
func (c *Config) otlp(r *reader) {
	disabled := strings.EqualFold(r.text("OTEL_SDK_DISABLED", ""), "true")
	traces, metrics := r.text("OTEL_TRACES_EXPORTER", "otlp"), r.text("OTEL_METRICS_EXPORTER", "otlp")
	c.OTLP = OTLP{
		Endpoint: r.baseURL(otelPrefix + "ENDPOINT"), TracesURL: r.baseURL(otelPrefix + "TRACES_ENDPOINT"),
		MetricsURL: r.baseURL(otelPrefix + "METRICS_ENDPOINT"), NoTraces: disabled || traces == "none",
		// Prometheus scrapes the service in any case.
		NoMetrics: disabled || metrics == "none" || metrics == "prometheus",
	}
}

// otelNames matches the variables of OpenTelemetry that the SDK reads, or about whose values otelWarnings decides. A
// variable of the resource can have further words, as in Kubernetes.
var otelNames = regexp.MustCompile(`^OTEL_(` + strings.Join([]string{
	`SDK_DISABLED`, `SERVICE_NAME`, `RESOURCE_ATTRIBUTES(_[A-Z0-9_]+)?`, `PROPAGATORS`,
	`(TRACES|METRICS|LOGS)_EXPORTER`, `TRACES_SAMPLER(_ARG)?`, `METRIC_EXPORT_INTERVAL`,
	`BSP_(SCHEDULE_DELAY|MAX_QUEUE_SIZE|MAX_EXPORT_BATCH_SIZE)`,
	`(SPAN_)?ATTRIBUTE_(COUNT|VALUE_LENGTH)_LIMIT`, `SPAN_(EVENT|LINK)_COUNT_LIMIT`,
	`(EVENT|LINK)_ATTRIBUTE_COUNT_LIMIT`, `GO_X_[A-Z0-9_]+`,
	`EXPORTER_OTLP_((TRACES|METRICS)_)?` +
		`(ENDPOINT|HEADERS|COMPRESSION|PROTOCOL|CERTIFICATE|CLIENT_CERTIFICATE|CLIENT_KEY|TIMEOUT)`,
}, "|") + `)$`)

// otelWarnings returns the warnings about variables of OpenTelemetry that the service does not support. A value is
// never repeated, because OTEL_EXPORTER_OTLP_HEADERS contains the key of the collector.
func otelWarnings(lookup func(string) (string, bool)) (all []Warning) {
	warn := func(name, problem string, allowed ...string) {
		value, _ := lookup(name)
		for _, one := range append(allowed, "") {
			if strings.EqualFold(strings.TrimSpace(value), one) {
				return
			}
		}
		all = append(all, Warning{name, problem})
	}
	warn("OTEL_SDK_DISABLED", "is neither true nor false, and has no effect", "true", "false")
	warn("OTEL_TRACES_EXPORTER", "is not supported: traces are exported by otlp, or not at all (none)", "otlp", "none")
	warn(
		"OTEL_METRICS_EXPORTER",
		"is not supported: metrics are exported by otlp, or only served for Prometheus (none)",
		"otlp",
		"none",
		"prometheus",
	)
	warn("OTEL_LOGS_EXPORTER", "is not supported: the log goes to standard error only", "none")
	warn("OTEL_PROPAGATORS", "is not supported: traces are continued by the header traceparent (tracecontext) only",
		"tracecontext", "tracecontext,baggage", "baggage,tracecontext")
	warn("OTEL_TRACES_SAMPLER", "is not supported: parentbased_always_on is used",
		"always_on", "always_off", "traceidratio",
		"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")
	for _, signal := range []string{"", "TRACES_", "METRICS_"} {
		warn(otelPrefix+signal+"PROTOCOL", "is not supported: http/protobuf is used", "http/protobuf")
		for _, name := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
			warn(otelPrefix+signal+name, "is not supported: TRUSTED_CA_FILE names the trusted authorities")
		}
		warn(otelPrefix+signal+"TIMEOUT", "is not supported: a request to the collector may take 5 s")
		if value, _ := lookup(otelPrefix + signal + "HEADERS"); !areHeaders(value) {
			all = append(all, Warning{
				otelPrefix + signal + "HEADERS", "has an element that is not NAME=VALUE, which is left out",
			})
		}
	}
	return all
}

// areHeaders reports whether the SDK can read the list of headers. White space around the elements is ignored.
func areHeaders(list string) bool {
	if list == "" {
		return true
	}
	for element := range strings.SplitSeq(list, ",") {
		name, value, found := strings.Cut(element, "=")
		name = strings.TrimSpace(name)
		notToken := func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c) }
		if _, err := url.PathUnescape(value); !found || name == "" || err != nil ||
			strings.ContainsFunc(name, notToken) {
			return false
		}
	}
	return true
}
