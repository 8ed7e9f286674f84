package telemetry

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Observer writes log lines for the application's events, and updates the metrics. Both fields must be set.
type Observer struct {
	Log     *zap.Logger
	Metrics *Metrics
}

var _ ports.Observer = Observer{}

// Emit implements ports.Observer. It writes one log line for each event. The log's level applies to
// all lines except the lines of Audited and CheckpointAnnounced events, which are always written.
func (o Observer) Emit(ctx context.Context, event ports.TelemetryEvent) {
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
	case ports.ConnectionRefreshed:
		vendor := o.Metrics.labels.vendor(e.Vendor)
		o.Metrics.causedReads.WithLabelValues(vendor, causeRefresh).Inc()
		o.Log.Info("connection refreshed", zap.Stringer("connection", e.Connection), zap.String("vendor", vendor))
	case ports.SealingFailed:
		o.Metrics.sealing.Inc()
		o.Log.Error(
			"credential could not be sealed or opened", zap.Stringer("connection", e.Connection),
			optionalID("subscription", e.Subscription),
			errorField(e.Err),
		)
	case ports.ReconcileRequested:
		o.Log.Info("reconciling", zap.Int("connections", e.Requested))
	case ports.ConsentExpiring:
		o.Log.Warn("consent expires", zap.Stringer("connection", e.Connection),
			zap.String("vendor", o.Metrics.labels.vendor(e.Vendor)), expiryField(e.ExpiresAt))
	case ports.WebhookMissed:
		vendor := o.Metrics.labels.vendor(e.Vendor)
		o.Metrics.webhooksMissed.WithLabelValues(vendor).Inc()
		o.Log.Warn("webhook missing", zap.Stringer("connection", e.Connection), zap.String("vendor", vendor),
			zap.Stringer("pull", e.Pull), zap.Bool("becameSilent", e.BecameSilent))
	case ports.ComparisonLimited:
		o.Metrics.comparedBeyond.WithLabelValues(limitText).Add(float64(e.CutRows))
		o.Metrics.comparedBeyond.WithLabelValues(limitComparisons).Add(float64(e.Unjudged))
		o.Log.Info("comparison limited", zap.Int("cutRows", e.CutRows), zap.Int("unjudged", e.Unjudged))
	case ports.Pruned:
		o.Log.Info("pruned", zap.Int("rows", e.Rows))
	case ports.EventAttempted:
		o.eventAttempted(e)
	case ports.SubscriptionDisabled:
		o.Log.Error("subscription disabled", zap.Stringer("subscription", e.Subscription),
			zap.Stringer("tenant", e.Tenant), zap.String("reason", string(e.Reason)))
	case ports.Audited:
		o.Log.WithOptions(zap.WrapCore(allLevels)).Info(
			"audit", zap.String("action", e.Action), zap.Stringer("tenant", e.Tenant),
			zap.String("actor", e.Caller.Actor), zap.String("object", e.Object),
			optionalField("peer", e.Caller.Peer), optionalField("requestId", e.Caller.RequestID),
		)
	case ports.CheckpointAnnounced:
		o.Log.WithOptions(zap.WrapCore(allLevels)).Info(
			"audit checkpoint", zap.Stringer("tenant", e.Tenant), zap.Int64("size", e.Size),
			zap.ByteString("checkpoint", e.Checkpoint),
		)
	case ports.BackgroundError:
		o.Metrics.backgroundErrors.WithLabelValues(o.Metrics.labels.value("where", e.Task)).Inc()
		o.Log.Error("background work failed", zap.String("where", e.Task), errorField(e.Err))
	}
}

// webhookReceived logs and counts a webhook request. The log line contains the vendor's name
// only if the vendor is configured: the name is a part of the path, and the sender of a rejected
// request can send any text there.
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
		zap.Int("quarantined", e.Counts.Quarantined),
		traceField(spanContext(ctx, p.Trace)), errorField(e.Err))
}

// record counts an attempt to run a pull in the metrics. It returns the value of the metrics' vendor label.
func (o Observer) record(e ports.PullAttempted) string {
	m, p := o.Metrics, e.Pull
	vendor := m.labels.vendor(p.Vendor)
	m.pull(p.Vendor, p.State, p.LastError).Inc()
	if p.State == domain.PullSucceeded && p.Scope.Everything {
		m.causedReads.WithLabelValues(vendor, causePull).Inc()
	}
	m.pullDuration.WithLabelValues(vendor).Observe(e.Took.Seconds())
	for change, rows := range map[string]int{
		"added": e.Counts.Added, "modified": e.Counts.Modified,
		"removed": e.Counts.Removed, "unchanged": e.Counts.Unchanged,
		"quarantined": e.Counts.Quarantined,
	} {
		m.transactions.WithLabelValues(vendor, change).Add(float64(max(rows, 0)))
	}
	return vendor
}

// eventAttempted logs and counts an attempt to send an event. Only a change of the outcome is logged above the debug
// level, because a sink that is down causes thousands of failed attempts.
func (o Observer) eventAttempted(e ports.EventAttempted) {
	outcome, line := none, o.Log.Debug
	if e.Changed {
		line = o.Log.Info
	}
	if e.Err != nil {
		outcome = o.Metrics.labels.value("error", string(domain.CodeOf(e.Err)))
		if e.Changed {
			line = o.Log.Warn
		}
	}
	o.Metrics.eventAttempts.WithLabelValues(o.Metrics.labels.value("sink", string(e.Sink)), outcome).
		Observe(e.Took.Seconds())
	line("event attempted", zap.Stringer("subscription", e.Subscription), zap.Duration("took", e.Took),
		errorField(e.Err))
}

// optionalID returns a log field, or no field if the id is zero.
func optionalID[T any](name string, id domain.ID[T]) zap.Field {
	if id.IsZero() {
		return zap.Skip()
	}
	return zap.Stringer(name, id)
}

// traceField returns a log field with the id of the trace, so that the log lines of a trace can be
// found. It returns an empty field if span belongs to no trace.
func traceField(span trace.SpanContext) zap.Field {
	if !span.HasTraceID() {
		return zap.Skip()
	}
	return zap.Stringer("trace", span.TraceID())
}

// expiryField returns a log field with the expiry of a consent, or no field if the expiry is not known.
func expiryField(at time.Time) zap.Field {
	if at.IsZero() {
		return zap.Skip()
	}
	return zap.Time("expiresAt", at)
}

// optionalField returns a log field, or no field if value is "".
func optionalField(name, value string) zap.Field {
	if value == "" {
		return zap.Skip()
	}
	return zap.String(name, value)
}

// errorField returns a log field with the text of err and the texts of its hidden causes. The text of a domain error
// does not contain the cause, because callers see the text. The log must contain the cause.
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

// hiddenCause returns the cause of the first domain error that err wraps, or nil if there is
// none. The text of err does not contain that cause.
func hiddenCause(err error) error {
	if hidden := (*domain.Error)(nil); errors.As(err, &hidden) {
		return hidden.Cause
	}
	return nil
}
