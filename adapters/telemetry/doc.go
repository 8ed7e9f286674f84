// Package telemetry shows what the service does: zap lines and Prometheus series made
// from the observations of the application, and the admin handler that serves them.
//
// No label and no line carries a secret, and no label a tenant or an id: what would
// grow with the number of customers does not belong into a series.
package telemetry
