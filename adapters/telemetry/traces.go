package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// traceparent is the name of the header in W3C Trace Context (https://www.w3.org/TR/trace-context/), and its key in the
// SDK's carrier. The accompanying header tracestate is neither read nor stored, because the caller can put any text
// into it.
const traceparent = "traceparent"

// Traces records spans. The zero value and a nil *Traces record no spans and cost nothing. [Start] returns a Traces
// that exports its spans. Traces is safe for concurrent use.
type Traces struct{ tracer trace.Tracer }

var _ ports.Tracer = (*Traces)(nil)

func (t *Traces) off() bool { return t == nil || t.tracer == nil }

// Inject implements ports.Tracer. It returns "" if no spans are recorded.
func (t *Traces) Inject(ctx context.Context) string {
	if t.off() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparent]
}

// StartSpan implements ports.Tracer. When the span ends with an error, only the domain.Code of
// the error is recorded, never its text.
func (t *Traces) StartSpan(ctx context.Context, carried, name string) (context.Context, func(error)) {
	if t.off() {
		return ctx, func(error) {}
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
	if parent := spanContext(ctx, carried); parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	} else {
		options = append(options, trace.WithNewRoot())
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, func(err error) {
		if err != nil {
			fail(span, string(domain.CodeOf(err)))
		}
		span.End()
	}
}

// spanContext parses the value of a traceparent header. If the value is malformed, the result is invalid, even if ctx
// contains a valid span.
func spanContext(ctx context.Context, carried string) trace.SpanContext {
	blank := trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	return trace.SpanContextFromContext(
		propagation.TraceContext{}.Extract(blank, propagation.MapCarrier{traceparent: carried}))
}

// fail marks a span as failed. class is the kind of failure, one word from a small set.
func fail(span trace.Span, class string) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(semconv.ErrorTypeKey.String(class))
}

// methodAttribute returns the request's method as an attribute. An unknown method is reported as
// "_OTHER", because its text is chosen by the client.
func methodAttribute(name string) attribute.KeyValue {
	if methodLabel(name) == other {
		return semconv.HTTPRequestMethodOther
	}
	return semconv.HTTPRequestMethodKey.String(name)
}
