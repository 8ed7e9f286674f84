package compose

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// traceTimeout bounds the last export at shutdown.
const traceTimeout = time.Second

// startTracing starts the export if the settings name a collector.
func (a *App) startTracing(ctx context.Context) (err error) {
	a.traces, a.shutdownTraces, err = telemetry.Start(ctx, telemetry.OTLP{
		Endpoint: a.cfg.OTLP.Endpoint, ServiceVersion: Version(), Metrics: a.Metrics,
		OnError: func(err error) { a.reportError(ports.BackgroundError{Task: "otlp", Err: err}) },
	})
	return named("OTEL_EXPORTER_OTLP_ENDPOINT", err)
}

// flushTraces sends the queued traces, even if the service ends because of an error.
func (a *App) flushTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), traceTimeout)
	defer cancel()
	if err := a.shutdownTraces(ctx); err != nil {
		a.Log.Warn("the last traces were not sent", zap.Error(err))
	}
}
