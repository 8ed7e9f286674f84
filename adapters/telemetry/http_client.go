package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
)

type templateKey struct{}

// Template names the requests that are sent with the context: the path with its ids
// left out, "/items/{id}".
func Template(ctx context.Context, template string) context.Context {
	return context.WithValue(ctx, templateKey{}, template)
}

// Transport gives each request sent through base a span, which ends with the answer's
// body. It keeps the method, the [Template] or else the host, and the status; never a
// path, a query, a header or a body. No trace context is sent: vendors are strangers.
func (t *Traces) Transport(base http.RoundTripper) http.RoundTripper {
	if t.off() {
		return base
	}
	return &tracedTransport{t.tracer, base}
}

type tracedTransport struct {
	tracer trace.Tracer
	base   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *tracedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	name, where := methodLabel(r.Method), semconv.ServerAddress(r.URL.Hostname())
	if template, ok := r.Context().Value(templateKey{}).(string); ok && template != "" {
		name, where = name+" "+template, semconv.URLTemplate(template)
	}
	ctx, span := c.tracer.Start(r.Context(), name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(methodAttribute(r.Method), where))
	response, err := c.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		fail(span, errorClass(err))
		span.End()
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		fail(span, strconv.Itoa(response.StatusCode))
	}
	response.Body = &spanBody{response.Body, span}
	return response, nil
}

// CloseIdleConnections serves http.Client's method of that name.
func (c *tracedTransport) CloseIdleConnections() {
	if base, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// classOf says in a word why no answer came; the text may hold an address.
func errorClass(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "unreachable"
}

// body ends its request's span when it is closed.
type spanBody struct {
	io.ReadCloser
	span trace.Span
}

func (b *spanBody) Close() error {
	defer b.span.End()
	return b.ReadCloser.Close()
}
