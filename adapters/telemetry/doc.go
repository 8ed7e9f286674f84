// Package telemetry shows what the service does: zap lines, Prometheus series, and,
// where a collector is named, traces and the same series by OTLP.
//
//   - [Observer] turns the application's observations into lines and series.
//   - [Metrics] is every series; [Admin] serves them. Nothing is read when they are
//     scraped: each is set when its event happens, the backlog by a periodic chore.
//   - [Traces] joins a request, the pull it queued, the calls to the vendor and the commits
//     into one trace. [Start] makes it; without an endpoint it costs nothing and sends nothing.
//
// No label, no attribute and no line carries a secret, and no label a tenant or an id:
// what would grow with the number of customers does not belong into a series. A label's
// value that is not one of a few becomes "other".
package telemetry
