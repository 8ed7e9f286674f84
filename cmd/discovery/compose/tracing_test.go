package compose_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// fakeCollector is an OTLP collector that stores the spans that it receives.
type fakeCollector struct {
	mu    sync.Mutex
	raw   strings.Builder
	spans []*tracepb.Span
}

func startCollector(t *testing.T) (*fakeCollector, string) {
	t.Helper()
	g := &fakeCollector{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.raw.Write(raw)
		if r.URL.Path != "/v1/traces" {
			return
		}
		var in collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(raw, &in); err != nil {
			t.Error(err)
		}
		for _, resource := range in.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				g.spans = append(g.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	return g, server.URL
}

// named returns the first span of the trace that has the given name and parent. If parent is nil, the
// span can have any parent. named returns nil if there is no such span.
func (g *fakeCollector) named(trace, name string, parent *tracepb.Span) *tracepb.Span {
	for _, span := range g.spans {
		if hex.EncodeToString(span.TraceId) == trace && span.Name == name &&
			(parent == nil || string(span.ParentSpanId) == string(parent.SpanId)) {
			return span
		}
	}
	return nil
}

func (g *fakeCollector) names() (all []string) {
	for _, span := range g.spans {
		all = append(all, span.Name)
	}
	return all
}

// pullObserver is an observer that closes the channel done when the first attempt to run a pull has finished.
type pullObserver struct {
	done chan struct{}
	once sync.Once
}

func (p *pullObserver) Emit(_ context.Context, event ports.TelemetryEvent) {
	if _, ok := event.(ports.PullAttempted); ok {
		p.once.Do(func() { close(p.done) })
	}
}

const (
	trace       = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + trace + "-00f067aa0ba902b7-01"
)

func TestFromWebhookToCommitIsOneTrace(t *testing.T) {
	spans, endpoint := startCollector(t)
	sim, baseURL := vendor(t)
	cfg, seen, log := settings(t), &pullObserver{done: make(chan struct{})}, &harness.Journal{}
	cfg.OTLP.Endpoint = endpoint
	app, origin, end := serve(t, cfg, compose.Overrides{LogTo: log, Observer: seen})
	_, webhookPath := connect(t, app, baseURL)

	status, err := sim.SendWebhook(t.Context(), pluggysim.Target{
		URL:     origin + webhookPath,
		Headers: map[string]string{"Authorization": sharedAuthorization, "Traceparent": traceparent},
	}, pluggysim.Event{Name: "item/updated", ItemID: pluggysim.DemoItemID})
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("the response to the webhook has status %d (error %v), want 202", status, err)
	}
	await(t, seen.done, "the pull")
	requestWithoutToken(t, origin)
	end()

	request := spans.named(trace, "POST /v1/discovery/webhooks/{vendor}/{token}", nil)
	pull := spans.named(trace, "pull pluggy", request)
	for what, span := range map[string]*tracepb.Span{
		"the request": request, "the delivery's commit": spans.named(trace, "commit", request), "the pull": pull,
		"the vendor's key":  spans.named(trace, "POST /auth", pull),
		"a call":            spans.named(trace, "GET /v2/transactions", pull),
		"a refused request": spans.named(trace, "GET /v1/discovery/aggregator-connections/{id}", nil),
		"a page's commit":   spans.named(trace, "commit", pull),
	} {
		if span == nil {
			t.Errorf("there is no span of %s with the expected parent; the spans are %v", what, spans.names())
		}
	}
	for _, secret := range []string{
		"canary", strings.TrimPrefix(webhookPath, "/v1/discovery/webhooks/pluggy/"), pluggysim.DemoClientSecret,
		pluggysim.DemoItemID,
	} {
		if strings.Contains(spans.raw.String(), secret) {
			t.Error("the collector received a secret or the account reference")
		}
		if secret != pluggysim.DemoItemID && strings.Contains(log.String(), secret) {
			t.Error("the log contains a secret")
		}
	}
}

// requestWithoutToken sends a request with the test's traceparent, but without a token, to a route that requires a
// token. It checks that the response has status 401.
func requestWithoutToken(t *testing.T, origin string) {
	t.Helper()
	request, err := http.NewRequestWithContext(
		t.Context(), http.MethodGet,
		origin+"/v1/discovery/aggregator-connections/018f0000-0000-7000-8000-000000000001", nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Traceparent", traceparent)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %d", response.StatusCode)
	}
}

func TestWithoutACollectorTheStoresAreNotWrapped(t *testing.T) {
	app, err := compose.New(t.Context(), settings(t), compose.Overrides{LogTo: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for _, store := range []any{app.Stores.Deliveries, app.Stores.Pulls} {
		if kind := fmt.Sprintf("%T", store); strings.HasPrefix(kind, "telemetry.") {
			t.Errorf("the store is wrapped by %s although there is no collector", kind)
		}
	}
}

func TestAnUnreachableCollectorIsLogged(t *testing.T) {
	cfg, log := settings(t), &harness.Journal{}
	cfg.OTLP.Endpoint = "http://127.0.0.1:1"
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	app.Close() // exports the last traces and metrics
	if !strings.Contains(log.String(), `"where":"otlp"`) {
		t.Errorf("the failed export was not logged: %s", log)
	}
}
