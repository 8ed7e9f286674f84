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

// SetRoute records the route of a request in its span. template is the registered
// route, "/v1/discovery/pulls/{id}". It is called with the request's context while
// the request is served; outside of [Traces.Middleware] it does nothing.
func SetRoute(ctx context.Context, template string) {
	if route, ok := ctx.Value(routeKey{}).(*string); ok {
		*route = template
	}
}

// Middleware returns a handler that records a span for each request, as a child of the
// caller's traceparent. The span holds the method, the template passed to [SetRoute], the path
// with only its safe values, and the status; never a query, a header or a body. Health
// checks get no span: they would outnumber all others.
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

// describe sets the attributes that are known once the request has been served; code 0
// means that the handler panicked before it wrote a status.
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

// safePath returns the template with those parameters filled in from the path that have the
// form they must have: a UUID or, for {vendor}, a vendor's name. Any other value is, or may
// be, a token, so its parameter keeps its name.
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

// responseRecorder records the status that was written.
type responseRecorder struct {
	http.ResponseWriter
	status int
}

// Unwrap supports http.ResponseController: deadlines and flushes reach the connection.
func (r *responseRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader records the first final status; 1xx may be written before it.
func (r *responseRecorder) WriteHeader(code int) {
	if r.status == 0 && code >= http.StatusOK {
		r.status = code
	}
	r.ResponseWriter.WriteHeader(code)
}

// Write records status 200 if none was written before.
func (r *responseRecorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// code returns the status that the caller saw, or 0 if the handler panicked before it wrote one.
func (r *responseRecorder) code(returned bool) int {
	if r.status == 0 && returned {
		return http.StatusOK
	}
	return r.status
}
