package telemetry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	canary       = "canary-do-not-tell"
	rawToken     = "canary-do-not-tell-0123456789_abcdefghijkABC" // has the length of a real webhook token
	incoming     = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	webhookRoute = "/v1/discovery/webhooks/{vendor}/{token}"
)

// start starts the export with the given options. It returns the traces, and a function that sends all ended spans and
// stops the export.
func start(t *testing.T, o OTLP) (*Traces, func()) {
	t.Helper()
	traces, shutdown, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return traces, func() {
		t.Helper()
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// scenario simulates a webhook request, the pull that the request queues, and the call that the pull sends to the
// vendor. Each of them contains values that must not be exported.
type scenario struct {
	traces *Traces
	seen   Observer
	vendor *httptest.Server
}

func (s scenario) play(t *testing.T) {
	t.Helper()
	var carried string
	handler := s.traces.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetRoute(r.Context(), webhookRoute)
		carried = s.traces.Inject(r.Context())
		s.seen.Emit(r.Context(), ports.WebhookReceived{Vendor: "pluggy", Outcome: "accepted"})
		s.seen.Emit(r.Context(), ports.WebhookReceived{Vendor: rawToken, Outcome: "refused"})
		w.WriteHeader(http.StatusAccepted)
	}))
	r := httptest.NewRequest(
		http.MethodPost, "/v1/discovery/webhooks/pluggy/"+rawToken+"?key="+canary, strings.NewReader(canary),
	)
	r.Header.Set("Authorization", "Bearer "+canary)
	r.Header.Set("Traceparent", incoming)
	r.Header.Set("Tracestate", "vendor="+canary)
	r.Header.Set("Baggage", "secret="+canary)
	handler.ServeHTTP(httptest.NewRecorder(), r)
	s.seen.Metrics.Request("POST", r.URL.Path, 202, time.Second)
	s.seen.Metrics.Request(canary, webhookRoute, 202, time.Second)

	ctx, end := s.traces.StartSpan(context.Background(), carried, "pull pluggy")
	s.call(WithTemplate(ctx, "/items/{id}"), t)
	hidden := domain.NewCredential(map[string]domain.Secret{"secret": domain.SecretText(canary)})
	failure := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: hidden.String()}
	s.seen.Emit(
		ctx,
		ports.PullAttempted{Pull: domain.Pull{Vendor: "pluggy", Trace: carried, LastError: failure.Code}, Err: failure},
	)
	failure.Message = canary
	end(failure)
}

func (s scenario) call(ctx context.Context, t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.vendor.URL+"/items/"+canary+"?apiKey="+canary, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", canary)
	base := &http.Transport{}
	client := http.Client{Transport: s.traces.Transport(base)}
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || string(text) != canary {
		t.Errorf("the vendor's response is %q (error %v), want the canary", text, err)
	}
	s.seen.Metrics.VendorCall(canary, canary, r.URL.Path+"?"+r.URL.RawQuery, response.StatusCode, time.Second)
}

func TestAWebhookItsPullAndItsVendorCallAreOneTraceWithoutSecrets(t *testing.T) {
	collector, lines := startCollector(t), &bytes.Buffer{}
	var sent http.Header
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Clone()
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, canary)
	}))
	defer vendor.Close()
	m := NewMetrics("pluggy", "belvo")
	traces, end := start(t, OTLP{Endpoint: collector.URL, ServiceVersion: "1.2.3", Metrics: m})
	scenario{traces, Observer{Logger(lines, zapcore.DebugLevel, "json"), m}, vendor}.play(t)
	end()

	server, pull, call := collector.spans["POST "+webhookRoute], collector.spans["pull pluggy"],
		collector.spans["GET /items/{id}"]
	if server == nil || pull == nil || call == nil {
		t.Fatalf("got %d spans: %v", len(collector.spans), collector.spans)
	}
	for _, span := range []*tracepb.Span{server, pull, call} {
		if got := hex.EncodeToString(span.TraceId); got != incoming[3:35] {
			t.Errorf("the span %s belongs to the trace %s, want the trace of the request", span.Name, got)
		}
	}
	parents := []string{hex.EncodeToString(server.ParentSpanId), string(pull.ParentSpanId), string(call.ParentSpanId)}
	if diff := cmp.Diff([]string{incoming[36:52], string(server.SpanId), string(pull.SpanId)}, parents); diff != "" {
		t.Error(diff)
	}
	for span, want := range map[*tracepb.Span]map[string]any{
		server: {
			"http.request.method": "POST", "http.route": webhookRoute, "http.response.status_code": int64(202),
			"url.path": "/v1/discovery/webhooks/pluggy/{token}",
		},
		pull: {"error.type": "vendor_unreachable"},
		call: {
			"http.request.method": "GET", "url.template": "/items/{id}",
			"http.response.status_code": int64(429), "error.type": "429",
		},
	} {
		if diff := cmp.Diff(want, attributeValues(span.Attributes)); diff != "" {
			t.Errorf("%s: %s", span.Name, diff)
		}
	}
	if id := attributeValues(collector.resources[0].Attributes); id["service.name"] != "discovery" ||
		id["service.version"] != "1.2.3" {
		t.Errorf("the resource has the attributes %v, want the service's name and version", id)
	}
	if n := strings.Count(lines.String(), `"trace":"`+incoming[3:35]); n != 3 {
		t.Errorf("%d log lines contain the id of the trace, want 3: %s", n, lines)
	}
	for _, header := range []string{"Traceparent", "Tracestate", "Baggage"} {
		if sent.Get(header) != "" {
			t.Errorf("the vendor received the header %s", header)
		}
	}
	scrape := httptest.NewRecorder()
	Admin(m).ServeHTTP(scrape, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for place, text := range map[string]string{
		"OTLP": collector.raw.String(), "the log": lines.String(), "/metrics": scrape.Body.String(),
	} {
		if text == "" || strings.Contains(text, canary) {
			t.Errorf("%s is empty or contains the canary: %q", place, text)
		}
	}
}

func TestResumeStartsANewTraceWithoutATraceparent(t *testing.T) {
	collector := startCollector(t)
	traces, end := start(t, OTLP{Endpoint: collector.URL})
	around, over := traces.StartSpan(t.Context(), incoming, "around")
	for _, carried := range []string{
		"", "nonsense", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", incoming[:54],
	} {
		ctx, over := traces.StartSpan(around, carried, "fresh")
		if got := traces.Inject(ctx); len(got) != 55 || got[3:35] == incoming[3:35] {
			t.Errorf("the invalid traceparent %q was continued as %q, want a new trace", carried, got)
		}
		over(nil)
	}
	over(errors.New(canary))
	end()
	if fresh := collector.spans["fresh"]; len(fresh.ParentSpanId) != 0 ||
		fresh.Status.GetCode() != tracepb.Status_STATUS_CODE_UNSET {
		t.Errorf("%v", fresh)
	}
	if got := attributeValues(collector.spans["around"].Attributes)["error.type"]; got != "internal_error" {
		t.Errorf("an unknown error was recorded as %v, want internal_error", got)
	}
}

func TestWithoutAnEndpointNothingIsTraced(t *testing.T) {
	traces, shutdown, err := Start(t.Context(), OTLP{Metrics: NewMetrics()})
	if err != nil || shutdown(t.Context()) != nil {
		t.Fatal(err)
	}
	for _, quiet := range []*Traces{traces, {}, nil} {
		ctx, over := quiet.StartSpan(t.Context(), incoming, "pull")
		over(errors.New("x"))
		if ctx != t.Context() || quiet.Inject(ctx) != "" {
			t.Error("a trace was started without an endpoint")
		}
		base := &http.Transport{}
		if quiet.Transport(base) != http.RoundTripper(base) {
			t.Error("the transport was wrapped without an endpoint")
		}
		mux := http.NewServeMux()
		if quiet.Middleware(mux) != http.Handler(mux) {
			t.Error("the handler was wrapped without an endpoint")
		}
		SetRoute(ctx, "/x")
	}
}
