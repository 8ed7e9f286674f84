package telemetry

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	metricscol "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracecol "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// fakeCollector is an OTLP collector that stores what it receives.
type fakeCollector struct {
	*httptest.Server

	mu        sync.Mutex
	raw       bytes.Buffer
	headers   []http.Header
	spans     map[string]*tracepb.Span // the last span with each name
	metrics   map[string]*metricspb.Metric
	resources []*resourcepb.Resource
}

func startCollector(t *testing.T) *fakeCollector {
	t.Helper()
	g := &fakeCollector{spans: map[string]*tracepb.Span{}, metrics: map[string]*metricspb.Metric{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(_ http.ResponseWriter, r *http.Request) {
		var in tracecol.ExportTraceServiceRequest
		g.read(t, r, &in)
		for _, resource := range in.ResourceSpans {
			g.resources = append(g.resources, resource.Resource)
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					g.spans[span.Name] = span
				}
			}
		}
		g.mu.Unlock()
	})
	mux.HandleFunc("POST /v1/metrics", func(_ http.ResponseWriter, r *http.Request) {
		var in metricscol.ExportMetricsServiceRequest
		g.read(t, r, &in)
		for _, resource := range in.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				for _, metric := range scope.Metrics {
					g.metrics[metric.Name] = metric
				}
			}
		}
		g.mu.Unlock()
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// read decodes the body of a request into the given message. It returns with g.mu locked, so that the caller can store
// the message. The caller must unlock g.mu.
func (g *fakeCollector) read(t *testing.T, r *http.Request, into proto.Message) {
	text, err := io.ReadAll(r.Body)
	g.mu.Lock()
	if err == nil {
		err = proto.Unmarshal(text, into)
	}
	if err != nil {
		t.Error(err)
	}
	g.raw.Write(text)
	g.headers = append(g.headers, r.Header)
}

// attributeValues returns the string and integer attributes as a map from key to value.
func attributeValues(attributes []*commonpb.KeyValue) map[string]any {
	all := map[string]any{}
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			all[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			all[a.Key] = v.IntValue
		}
	}
	return all
}
