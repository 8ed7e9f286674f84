package telemetry

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Observer reports the application's events to a logger and the metrics. Both are required.
type Observer struct {
	Log     *zap.Logger
	Metrics *Metrics
}

var _ ports.Observer = Observer{}

// Emit implements ports.Observer.
func (o Observer) Emit(ctx context.Context, event ports.Event) {
	switch e := event.(type) {
	case ports.WebhookReceived:
		o.webhookReceived(ctx, e)
	case ports.PullAttempted:
		o.pullAttempted(ctx, e)
	case ports.VendorChecked:
		o.Log.Info(
			"connection tested", zap.String("vendor", o.Metrics.labels.vendor(e.Vendor)),
			zap.Duration("took", e.Took), errorField(e.Err),
		)
	case ports.SealingFailed:
		o.Metrics.sealing.Inc()
		o.Log.Error(
			"credential could not be sealed or opened", zap.Stringer("connection", e.Connection),
			errorField(e.Err),
		)
	case ports.ReconcileRequested:
		o.Log.Info("reconciling", zap.Int("connections", e.Requested))
	case ports.Pruned:
		o.Log.Info("pruned", zap.Int("rows", e.Rows))
	case ports.Audited:
		o.Log.Info(
			"audit", zap.String("action", e.Action), zap.Stringer("tenant", e.Tenant),
			zap.String("object", e.Object),
		)
	case ports.BackgroundError:
		o.Metrics.backgroundErrors.WithLabelValues(o.Metrics.labels.value("where", e.Task)).Inc()
		o.Log.Error("background work failed", zap.String("where", e.Task), errorField(e.Err))
	}
}

// webhookReceived names the vendor only if it is configured: the path of a refused request
// is what its sender chose.
func (o Observer) webhookReceived(ctx context.Context, e ports.WebhookReceived) {
	vendor := o.Metrics.labels.vendor(e.Vendor)
	o.Metrics.webhook(e.Vendor, e.Outcome).Inc()
	o.Log.Debug("webhook", zap.String("vendor", vendor), zap.String("outcome", e.Outcome),
		traceField(trace.SpanContextFromContext(ctx)))
}

func (o Observer) pullAttempted(ctx context.Context, e ports.PullAttempted) {
	p := e.Pull
	vendor := o.record(e)
	line := o.Log.Info
	if p.State == domain.PullFailed {
		line = o.Log.Error
	}
	line("pull attempted", zap.Stringer("pull", p.ID), zap.Stringer("connection", p.Connection),
		zap.String("vendor", vendor), zap.String("trigger", string(p.Trigger)), zap.String("state", string(p.State)),
		zap.Int("attempt", p.Attempts), zap.Duration("took", e.Took), zap.Int("added", e.Counts.Added),
		zap.Int("modified", e.Counts.Modified), zap.Int("removed", e.Counts.Removed),
		traceField(spanContext(ctx, p.Trace)), errorField(e.Err))
}

// record adds an attempt to the series and returns the vendor's label.
func (o Observer) record(e ports.PullAttempted) string {
	m, p := o.Metrics, e.Pull
	vendor := m.labels.vendor(p.Vendor)
	m.pull(p.Vendor, p.State, p.LastError).Inc()
	m.pullDuration.WithLabelValues(vendor).Observe(e.Took.Seconds())
	for change, rows := range map[string]int{
		"added": e.Counts.Added, "modified": e.Counts.Modified,
		"removed": e.Counts.Removed, "unchanged": e.Counts.Unchanged,
	} {
		m.transactions.WithLabelValues(vendor, change).Add(float64(max(rows, 0)))
	}
	return vendor
}

// traceField returns a field that joins a log line to its trace.
func traceField(span trace.SpanContext) zap.Field {
	if !span.HasTraceID() {
		return zap.Skip()
	}
	return zap.Stringer("trace", span.TraceID())
}

// errorField returns the error's own text and that of its hidden causes. Domain errors keep
// their cause out of Error, and the log is where it belongs.
func errorField(err error) zap.Field {
	if err == nil {
		return zap.Skip()
	}
	var text strings.Builder
	text.WriteString(err.Error())
	for _, fault := range domain.ErrorsOf(err) {
		for below := fault.Cause; below != nil; below = hiddenCause(below) {
			text.WriteString("; caused by: " + below.Error())
		}
	}
	return zap.String("error", text.String())
}

// hiddenCause returns the cause of the first domain error inside err, which its text hides.
func hiddenCause(err error) error {
	if hidden := (*domain.Error)(nil); errors.As(err, &hidden) {
		return hidden.Cause
	}
	return nil
}
