package telemetry

import (
	"context"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Observer tells a logger and the metrics what the application observed.
type Observer struct {
	Log     *zap.Logger
	Metrics *Metrics
}

var _ ports.Observer = Observer{}

// Observe implements ports.Observer.
func (o Observer) Observe(_ context.Context, event ports.Observation) {
	switch e := event.(type) {
	case ports.WebhookSeen:
		o.Metrics.webhooks.WithLabelValues(string(e.Vendor), e.Outcome).Inc()
		o.Log.Debug("webhook", zap.String("vendor", string(e.Vendor)), zap.String("outcome", e.Outcome))
	case ports.PullTried:
		o.pullTried(e)
	case ports.VendorChecked:
		o.Log.Info("connection tested", zap.String("vendor", string(e.Vendor)), zap.Duration("took", e.Took), cause(e.Err))
	case ports.SealingFailed:
		o.Metrics.sealing.Inc()
		o.Log.Error("credential not sealed or opened", zap.Stringer("connection", e.Connection), cause(e.Err))
	case ports.Reconciled:
		o.Log.Info("reconciling", zap.Int("connections", e.Asked))
	case ports.Pruned:
		o.Log.Info("pruned", zap.Int("rows", e.Rows))
	case ports.Audited:
		o.Log.Info("audit", zap.String("action", e.Action), zap.Stringer("tenant", e.Tenant), zap.String("object", e.Object))
	case ports.Fault:
		o.Metrics.faults.WithLabelValues(e.Where).Inc()
		o.Log.Error("background work failed", zap.String("where", e.Where), cause(e.Err))
	}
}

func (o Observer) pullTried(e ports.PullTried) {
	vendor, p := string(e.Pull.Vendor), e.Pull
	o.Metrics.pulls.WithLabelValues(vendor, string(p.State), string(p.LastError)).Inc()
	o.Metrics.pullTime.WithLabelValues(vendor).Observe(e.Took.Seconds())
	for change, rows := range map[string]int{
		"added": e.Counts.Added, "modified": e.Counts.Modified,
		"removed": e.Counts.Removed, "unchanged": e.Counts.Unchanged,
	} {
		o.Metrics.rows.WithLabelValues(vendor, change).Add(float64(rows))
	}
	line := o.Log.Info
	if p.State == domain.PullFailed {
		line = o.Log.Error
	}
	line("pull tried", zap.Stringer("pull", p.ID), zap.Stringer("connection", p.Connection),
		zap.String("vendor", vendor), zap.String("trigger", string(p.Trigger)), zap.String("state", string(p.State)),
		zap.Int("attempt", p.Attempts), zap.Duration("took", e.Took), zap.Int("added", e.Counts.Added),
		zap.Int("modified", e.Counts.Modified), zap.Int("removed", e.Counts.Removed), cause(e.Err))
}

// cause is the error's own text and that of what lies below: domain errors keep their
// cause out of Error, and the log is where it belongs.
func cause(err error) zap.Field {
	if err == nil {
		return zap.Skip()
	}
	text := err.Error()
	for _, fault := range domain.Faults(err) {
		if fault.Cause != nil {
			text += "; caused by: " + fault.Cause.Error()
		}
	}
	return zap.String("error", text)
}
