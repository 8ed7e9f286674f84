package configs

import (
	"net/url"
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
