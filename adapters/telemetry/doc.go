// Package telemetry reports what the service does. It writes zap log lines and provides Prometheus series. If an
// OpenTelemetry collector is configured, it also exports traces and the series by OTLP.
//
//   - [Observer] turns the application's events into log lines and series.
//   - [Metrics] contains all series; [Admin] serves them. Most series are updated by events of the application.
//     Periodic maintenance tasks update the series that need a database query, for example the backlog. A scrape
//     therefore never queries the database.
//   - [Traces] records traces. One trace contains a request, its pull, the calls to the vendor and the commits. [Start]
//     returns a Traces. Without an endpoint, a Traces costs nothing and sends nothing.
//
// No label, attribute or log line contains a secret. No label contains a tenant or an id, because the number of series
// must not grow with the number of customers. Each label has a bounded set of values; "other" replaces all other
// values.
package telemetry
