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

// traceparent is the header, and the key, of W3C Trace Context (https://www.w3.org/TR/trace-context/).
// Its companion tracestate is neither read nor stored, because it is free text of the caller.
const traceparent = "traceparent"

// Traces records spans. The zero value and nil record none, at no cost. It is safe for
// concurrent use; [Start] returns one that exports.
type Traces struct{ tracer trace.Tracer }

var _ ports.Tracer = (*Traces)(nil)

func (t *Traces) off() bool { return t == nil || t.tracer == nil }

// Inject implements ports.Tracer.
func (t *Traces) Inject(ctx context.Context) string {
	if t.off() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparent]
}

// StartSpan implements ports.Tracer. Of the error that ends a span only its domain.Code is
// recorded, never its text.
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

// spanContext parses a traceparent. The result is invalid if that is malformed, even if ctx
// belongs to a span.
func spanContext(ctx context.Context, carried string) trace.SpanContext {
	blank := trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	return trace.SpanContextFromContext(
		propagation.TraceContext{}.Extract(blank, propagation.MapCarrier{traceparent: carried}))
}

// fail marks a span as failed; class is one of a few words.
func fail(span trace.Span, class string) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(semconv.ErrorTypeKey.String(class))
}

// methodAttribute returns the request's method as an attribute; an unknown method is not
// repeated.
func methodAttribute(name string) attribute.KeyValue {
	if methodLabel(name) == other {
		return semconv.HTTPRequestMethodOther
	}
	return semconv.HTTPRequestMethodKey.String(name)
}
