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

type spans struct {
	sdktrace.SpanExporter
	teller
}

// ExportSpans implements sdktrace.SpanExporter.
func (s *spans) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	s.heard(s.SpanExporter.ExportSpans(ctx, batch))
	return nil
}

type series struct {
	metric.Exporter
	teller
}

// Export implements metric.Exporter.
func (s *series) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	s.heard(s.Exporter.Export(ctx, data))
	return nil
}

// teller tells the first of a row of failures.
type teller struct {
	tell   func(error)
	signal string
	failed atomic.Bool
}

func (t *teller) heard(err error) {
	if before := t.failed.Swap(err != nil); err != nil && !before {
		t.tell(unexported(t.signal, err))
	}
}

// unexported keeps of a failure what the network said. The exporter's own text holds
// the collector's answer.
func unexported(signal string, err error) error {
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
