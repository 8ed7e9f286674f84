// Package telemetry reports what the service does. It writes zap log lines, provides
// Prometheus series, and, if an OpenTelemetry collector is configured, exports traces and the
// same series by OTLP.
//
//   - [Observer] turns the application's events into log lines and series.
//   - [Metrics] contains all series; [Admin] serves them. Most series are updated when their event happens. Periodic
//     maintenance tasks update the series that need a database query, for example the backlog. A scrape therefore reads
//     no other state.
//   - [Traces] joins a request, the pull that it queued, the calls to the vendor and the
//     commits into one trace. [Start] creates it. Without an endpoint, tracing costs nothing
//     and sends nothing.
//
// No label, attribute or log line contains a secret. No label contains a tenant or an id,
// because the number of series must not grow with the number of customers. A label value that
// is not one of a bounded set of known values is replaced by "other".
package telemetry
