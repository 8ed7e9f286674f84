package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/LerianStudio/aggregator-connections/domain"
)

type routeKey struct{}

// SetRoute records the route of a request in the request's span. The template is the registered path, for example
// "/v1/discovery/pulls/{id}". Call SetRoute with the request's context while the request is served. Without
// [Traces.Middleware], SetRoute does nothing.
func SetRoute(ctx context.Context, template string) {
	if route, ok := ctx.Value(routeKey{}).(*string); ok {
		*route = template
	}
}

// Middleware returns a handler that records a span for each request. The span is a child of the span in the caller's
// traceparent header. Health checks have no span, because they would outnumber all other spans.
//
// A span contains the method, the status, the template passed to [SetRoute], and the safe parts of the path. A span
// never contains a query, a header or a body.
func (t *Traces) Middleware(next http.Handler) http.Handler {
	if t.off() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		t.serve(next, w, r)
	})
}

func (t *Traces) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	route, response := new(string), &responseRecorder{ResponseWriter: w}
	ctx := r.Context()
	if parent := spanContext(ctx, r.Header.Get(traceparent)); parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	}
	ctx, span := t.tracer.Start(context.WithValue(ctx, routeKey{}, route), "HTTP",
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(methodAttribute(r.Method)))
	returned := false
	defer func() {
		describe(span, r, *route, response.code(returned))
		span.End()
	}()
	next.ServeHTTP(response, r.WithContext(ctx))
	returned = true
}

// describe sets the span attributes that are known only after the request has been served. code is the status of the
// response, or 0 if the handler panicked before it wrote one.
func describe(span trace.Span, r *http.Request, route string, code int) {
	if route != "" {
		span.SetName(methodLabel(r.Method) + " " + route)
		span.SetAttributes(semconv.HTTPRoute(route), semconv.URLPath(safePath(route, r.URL.Path)))
	}
	if code == 0 {
		fail(span, "aborted")
		return
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(code))
	if code >= http.StatusInternalServerError {
		fail(span, strconv.Itoa(code))
	}
}

// safePath replaces the parameters in a template by their values in the path, if the values are safe to record. UUIDs
// are safe, and so is a vendor name for {vendor}. Any other value may be a secret token. If path does not match the
// template, safePath returns the template.
func safePath(template, path string) string {
	words, values := strings.Split(template, "/"), strings.Split(path, "/")
	if len(words) != len(values) {
		return template
	}
	for i, segment := range words {
		if safeValue(segment, values[i]) {
			words[i] = values[i]
		}
	}
	return strings.Join(words, "/")
}

func safeValue(segment, value string) bool {
	switch segment {
	case "{token}":
		return false
	case "{vendor}":
		_, err := domain.ParseVendor(value)
		return err == nil
	}
	return strings.HasPrefix(segment, "{") && len(value) == 36 && uuid.Validate(value) == nil
}

// responseRecorder records the status that the handler writes.
type responseRecorder struct {
	http.ResponseWriter
	status int
}

// Unwrap returns the wrapped ResponseWriter. http.ResponseController uses it to set deadlines
// and to flush.
func (r *responseRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader records the first final status. Informational statuses (1xx) can be written
// before the final status and are not recorded.
func (r *responseRecorder) WriteHeader(code int) {
	if r.status == 0 && code >= http.StatusOK {
		r.status = code
	}
	r.ResponseWriter.WriteHeader(code)
}

// Write records the status 200 if the handler has not written a final status before.
func (r *responseRecorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// code returns the status that the caller received. It returns 0 if the handler panicked (returned is false) before it
// wrote a status.
func (r *responseRecorder) code(returned bool) int {
	if r.status == 0 && returned {
		return http.StatusOK
	}
	return r.status
}
