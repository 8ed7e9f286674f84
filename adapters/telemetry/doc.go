// Package telemetry reports what the service does: as zap log lines, as Prometheus series,
// and, if a collector is configured, as traces and the same series by OTLP.
//
//   - [Observer] turns the application's events into log lines and series.
//   - [Metrics] holds every series; [Admin] serves them. A scrape reads no other state:
//     each series is set when its event happens, the backlog by a periodic maintenance task.
//   - [Traces] joins a request, the pull it queued, the calls to the vendor and the commits
//     into one trace. [Start] creates it; without an endpoint it costs nothing and sends nothing.
//
// No label, attribute or log line contains a secret, and no label a tenant or an id: a
// value whose number grows with the number of customers does not belong in a series. A
// label's value that is not one of a few known ones becomes "other".
package telemetry
