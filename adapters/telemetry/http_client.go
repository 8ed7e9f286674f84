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

// WithTemplate returns a context with a template, which is part of the span names of the requests that are sent with
// this context. The template is the path with placeholders instead of ids, for example "/items/{id}".
func WithTemplate(ctx context.Context, template string) context.Context {
	return context.WithValue(ctx, templateKey{}, template)
}

// Transport returns a transport that records a span for each request through base. The span ends when the body of the
// response is closed. The trace context is not sent with the request, because vendors are third parties.
//
// A span contains the method, the status, and the template passed to [WithTemplate]. Without a template, a span
// contains the host. A span never contains a path, a query, a header or a body.
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

// CloseIdleConnections calls CloseIdleConnections of the base transport, if the base transport has that method.
// http.Client looks for this method on its transport.
func (c *tracedTransport) CloseIdleConnections() {
	if base, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// errorClass returns one word that says why no response was received: "canceled", "timeout"
// or "unreachable". The text of the error is not used, because it may contain an address.
func errorClass(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "unreachable"
}

// spanBody is the body of a response. It ends the span of the request when it is closed.
type spanBody struct {
	io.ReadCloser
	span trace.Span
}

func (b *spanBody) Close() error {
	defer b.span.End()
	return b.ReadCloser.Close()
}
