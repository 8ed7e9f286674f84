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

// Route tells the request's span which route took it: template as the route is written,
// "/v1/discovery/pulls/{id}". It is called while the request is answered, with its
// context; outside of [Traces.Middleware] it does nothing.
func Route(ctx context.Context, template string) {
	if route, ok := ctx.Value(routeKey{}).(*string); ok {
		*route = template
	}
}

// Middleware gives each request a span that continues the caller's traceparent. It
// keeps the method, the template that [Route] told, the path as far as the template
// vouches for it, and the status; never a query, a header or a body. Health checks get
// no span: they would bury the others.
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

// settle writes down what is known once the request is answered; code 0 is a handler
// that gave up.
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

// vouched fills a template's parameters in from the path where they are what they must
// be, a UUID or, for {vendor}, a vendor's name. Whatever else stands there is a token,
// or may be one, and the parameter keeps its name.
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

// answer remembers the status that was written.
type responseRecorder struct {
	http.ResponseWriter
	status int
}

// Unwrap serves http.ResponseController: deadlines and flushes reach the connection.
func (a *responseRecorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader keeps the first status that is final: 1xx may come before it.
func (a *responseRecorder) WriteHeader(code int) {
	if a.status == 0 && code >= http.StatusOK {
		a.status = code
	}
	a.ResponseWriter.WriteHeader(code)
}

// Write is a 200 where no status was written before.
func (a *responseRecorder) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// code is the status the caller saw; 0 when the handler panicked before it had one.
func (a *responseRecorder) code(returned bool) int {
	if a.status == 0 && returned {
		return http.StatusOK
	}
	return a.status
}
