package compose

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// traceTime bounds the last export at a stop.
const traceTime = time.Second

// trace begins to export where the settings name a collector.
func (a *App) trace(ctx context.Context) (err error) {
	a.traces, a.export, err = telemetry.Start(ctx, telemetry.OTLP{
		Endpoint: a.cfg.OTLP.Endpoint, ServiceVersion: Version(), Metrics: a.Metrics,
		OnError: func(err error) { a.fault(ports.BackgroundError{Task: "otlp", Err: err}) },
	})
	if err != nil {
		return SettingError{err} // names its setting itself
	}
	return nil
}

// lastTraces sends what waits, however the service ends.
func (a *App) lastTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), traceTime)
	defer cancel()
	if err := a.export(ctx); err != nil {
		a.Log.Warn("the last traces were not sent", zap.Error(err))
	}
}
