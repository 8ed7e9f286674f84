package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The exporters in this file pass the errors of exports to OTLP.OnError, and always return nil to
// the SDK. Otherwise the SDK would pass the errors to a handler that the whole process shares.

type spanExporter struct {
	sdktrace.SpanExporter
	failureReporter
}

// ExportSpans implements sdktrace.SpanExporter. It returns nil even if the export fails.
func (s *spanExporter) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	s.record(s.SpanExporter.ExportSpans(ctx, batch))
	return nil
}

type metricExporter struct {
	metric.Exporter
	failureReporter
}

// Export implements metric.Exporter. It returns nil even if the export fails.
func (s *metricExporter) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	s.record(s.Exporter.Export(ctx, data))
	return nil
}

// failureReporter reports only the first of several consecutive failures.
type failureReporter struct {
	report func(error)
	signal string
	failed atomic.Bool
}

func (t *failureReporter) record(err error) {
	if before := t.failed.Swap(err != nil); err != nil && !before {
		t.report(exportError(t.signal, err))
	}
}

// exportError returns an error that names the signal ("traces" or "metrics") and wraps only the network error in err.
// The text that the exporter adds is omitted, because it contains the collector's response.
func exportError(signal string, err error) error {
	if sent := (*url.Error)(nil); errors.As(err, &sent) {
		return fmt.Errorf("%s not exported: %w", signal, sent.Err)
	}
	for _, ended := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, ended) {
			return fmt.Errorf("%s not exported: %w", signal, ended)
		}
	}
	return fmt.Errorf("%s not exported: the collector did not accept them", signal)
}
