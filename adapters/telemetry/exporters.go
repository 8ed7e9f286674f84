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

// The exporters below keep failures from the SDK, which would hand them to a handler
// that the whole process shares, and tell them to ours.

type spanExporter struct {
	sdktrace.SpanExporter
	failureReporter
}

// ExportSpans implements sdktrace.SpanExporter.
func (s *spanExporter) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	s.record(s.SpanExporter.ExportSpans(ctx, batch))
	return nil
}

type metricExporter struct {
	metric.Exporter
	failureReporter
}

// Export implements metric.Exporter.
func (s *metricExporter) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	s.record(s.Exporter.Export(ctx, data))
	return nil
}

// teller tells the first of a row of failures.
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

// unexported keeps of a failure what the network said. The exporter's own text holds
// the collector's answer.
func exportError(signal string, err error) error {
	if sent := (*url.Error)(nil); errors.As(err, &sent) {
		return fmt.Errorf("%s not exported: %w", signal, sent.Err)
	}
	for _, ended := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, ended) {
			return fmt.Errorf("%s not exported: %w", signal, ended)
		}
	}
	return fmt.Errorf("%s not exported: the collector did not take them", signal)
}
