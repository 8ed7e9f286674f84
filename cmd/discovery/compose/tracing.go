package compose

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// traceTimeout bounds the export of the last traces and metrics at shutdown.
const traceTimeout = time.Second

// startTracing starts the export of traces and metrics if the settings contain the address of
// a collector.
func (a *App) startTracing(ctx context.Context) (err error) {
	metrics := a.Metrics
	if a.cfg.OTLP.NoMetrics {
		metrics = nil
	}
	a.traces, a.shutdownTraces, err = telemetry.Start(ctx, telemetry.OTLP{
		Endpoint: a.cfg.OTLP.Endpoint, TracesURL: a.cfg.OTLP.TracesURL, MetricsURL: a.cfg.OTLP.MetricsURL,
		NoTraces: a.cfg.OTLP.NoTraces, ServiceVersion: Version(), Metrics: metrics,
		OnError: func(err error) { a.reportError(ports.BackgroundError{Task: "otlp", Err: err}) },
	})
	return named("OTEL_EXPORTER_OTLP_ENDPOINT", err)
}

// flushTraces sends the queued traces. It is also called when the service ends because of an
// error.
func (a *App) flushTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), traceTimeout)
	defer cancel()
	if err := a.shutdownTraces(ctx); err != nil {
		a.Log.Warn("the last traces were not sent", zap.Error(err))
	}
}
