package compose

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// traceTime bounds the last export at a stop.
const traceTimeout = time.Second

// trace begins to export where the settings name a collector.
func (a *App) startTracing(ctx context.Context) (err error) {
	a.traces, a.shutdownTraces, err = telemetry.Start(ctx, telemetry.OTLP{
		Endpoint: a.cfg.OTLP.Endpoint, ServiceVersion: Version(), Metrics: a.Metrics,
		OnError: func(err error) { a.reportError(ports.BackgroundError{Task: "otlp", Err: err}) },
	})
	return named("OTEL_EXPORTER_OTLP_ENDPOINT", err)
}

// lastTraces sends what waits, however the service ends.
func (a *App) flushTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), traceTimeout)
	defer cancel()
	if err := a.shutdownTraces(ctx); err != nil {
		a.Log.Warn("the last traces were not sent", zap.Error(err))
	}
}
