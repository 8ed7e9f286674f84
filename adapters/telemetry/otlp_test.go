package telemetry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

func TestRequestsAreServedWhileTheCollectorBlocks(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(reached) })
		<-release
	}))
	defer collector.Close()
	defer close(release)
	traces, shutdown, err := Start(t.Context(), OTLP{Endpoint: collector.URL, Metrics: NewMetrics()})
	if err != nil {
		t.Fatal(err)
	}
	answered := 0
	handler := traces.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answered++ }))
	send := func(n int) {
		for range n {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
	}
	send(600)  // more than one batch
	<-reached  // from here on the exporter waits for the collector
	send(4000) // more spans than the queue can hold
	if answered != 4600 {
		t.Errorf("%d responses", answered)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown returned %v, want the error of its context", err)
	}
}

func TestAFailingCollectorIsReportedOnce(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key="+canary)
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
	for name, handler := range map[string]http.HandlerFunc{
		"gone":    nil,
		"refuses": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusForbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			collector := httptest.NewServer(handler)
			defer collector.Close()
			if handler == nil {
				collector.Close()
			}
			var mu sync.Mutex
			var reported []string
			traces, end := start(t, OTLP{Endpoint: collector.URL, Metrics: NewMetrics(), OnError: func(err error) {
				mu.Lock()
				defer mu.Unlock()
				reported = append(reported, err.Error())
			}})
			for range 3 {
				_, over := traces.StartSpan(t.Context(), "", "pull")
				over(nil)
			}
			end()
			text := strings.Join(reported, "\n")
			if len(reported) != 2 || strings.Contains(text, canary) || !strings.Contains(text, "traces") ||
				!strings.Contains(text, "metrics") {
				t.Errorf("reported %q", reported)
			}
		})
	}
}

func TestAFailureAfterARecoveryIsReportedAgain(t *testing.T) {
	reported := 0
	reporter := &failureReporter{report: func(error) { reported++ }, signal: "traces"}
	for _, err := range []error{errors.New("a"), errors.New("b"), nil, errors.New("c")} {
		reporter.record(err)
	}
	if reported != 2 {
		t.Errorf("reported %d times", reported)
	}
}

func TestHeadersReachOnlyTheCollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key="+canary)
	t.Setenv("OTEL_SERVICE_NAME", "renamed")
	collector := startCollector(t)
	traces, end := start(t, OTLP{Endpoint: collector.URL})
	_, over := traces.StartSpan(t.Context(), "", "pull")
	over(nil)
	end()
	if len(collector.headers) != 1 || collector.headers[0].Get("Api-Key") != canary {
		t.Errorf("got %v", collector.headers)
	}
	if id := attributeValues(collector.resources[0].Attributes); id["service.name"] != "renamed" {
		t.Errorf("the resource has the attributes %v, want service.name renamed", id)
	}

	followed := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed++ }))
	defer other.Close()
	redirect := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	traces, end = start(t, OTLP{Endpoint: redirect.URL})
	_, over = traces.StartSpan(t.Context(), "", "pull")
	over(nil)
	end()
	if followed != 0 {
		t.Error("the exporter followed a redirect, which would send the header to another server")
	}
}

func TestShutdownClosesTheConnections(t *testing.T) {
	closed := make(chan struct{}, 1)
	collector := httptest.NewUnstartedServer(http.NotFoundHandler())
	collector.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	collector.Start()
	defer collector.Close()
	_, end := start(t, OTLP{Endpoint: collector.URL, Metrics: NewMetrics()})
	end() // exports the last metrics over a new connection, then shuts the exporter down
	<-closed
}

func TestSeriesAreExportedWithTheirCurrentValues(t *testing.T) {
	collector, m := startCollector(t), NewMetrics("pluggy")
	_, end := start(t, OTLP{Endpoint: collector.URL, Metrics: m})
	m.Request("GET", "/docs", 200, 3*time.Millisecond)
	m.Request("GET", "/docs", 200, time.Minute)
	m.Backlog(90 * time.Second)
	m.sealing.Inc()
	end()

	gauge := collector.metrics["discovery_pull_backlog_seconds"].GetGauge().GetDataPoints()
	if len(gauge) != 1 || gauge[0].GetAsDouble() != 90 {
		t.Errorf("backlog %v", gauge)
	}
	sum := collector.metrics["discovery_sealing_failures_total"].GetSum()
	if !sum.GetIsMonotonic() ||
		sum.GetAggregationTemporality() != metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE ||
		sum.GetDataPoints()[0].GetAsDouble() != 1 || sum.GetDataPoints()[0].GetStartTimeUnixNano() == 0 {
		t.Errorf("sealing %v", sum)
	}
	points := collector.metrics["discovery_http_request_duration_seconds"].GetHistogram().GetDataPoints()
	points = slices.DeleteFunc(points, func(p *metricspb.HistogramDataPoint) bool { return p.GetCount() == 0 })
	if len(points) != 1 {
		t.Fatalf("requests %v", points)
	}
	counts := make([]uint64, len(callBuckets)+1)
	counts[2], counts[len(callBuckets)] = 1, 1 // one value from 2.5 to 5 ms, and one above 30 s
	if diff := cmp.Diff(counts, points[0].BucketCounts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(callBuckets, points[0].ExplicitBounds); diff != "" {
		t.Error(diff)
	}
	want := map[string]any{"method": "GET", "route": "/docs", "status": "200"}
	if diff := cmp.Diff(want, attributeValues(points[0].Attributes)); diff != "" || points[0].Count != 2 ||
		points[0].GetSum() != 60.003 {
		t.Errorf("%s, %d, %v", diff, points[0].Count, points[0].GetSum())
	}
}

func TestSignalsAreTurnedOffAndHaveURLsOfTheirOwn(t *testing.T) {
	for name, c := range map[string]struct {
		options         OTLP // "C" in a URL stands for the collector
		traces, metrics string
	}{
		"one endpoint":        {OTLP{Endpoint: "C"}, "/v1/traces", "/v1/metrics"},
		"no traces":           {OTLP{Endpoint: "C", NoTraces: true}, "", "/v1/metrics"},
		"a URL of traces":     {OTLP{Endpoint: "C", TracesURL: "C/t"}, "/t", "/v1/metrics"},
		"only a URL, metrics": {OTLP{MetricsURL: "C/m"}, "", "/m"},
		"only a URL, traces":  {OTLP{TracesURL: "C/t"}, "/t", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			called := map[string]bool{}
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				called[r.URL.Path] = true
			}))
			defer collector.Close()
			o := c.options
			for _, u := range []*string{&o.Endpoint, &o.TracesURL, &o.MetricsURL} {
				*u = strings.Replace(*u, "C", collector.URL, 1)
			}
			o.Metrics = NewMetrics()
			traces, end := start(t, o)
			_, finish := traces.StartSpan(t.Context(), "", "work")
			finish(nil)
			end()
			want := map[string]bool{}
			for _, path := range []string{c.traces, c.metrics} {
				if path != "" {
					want[path] = true
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if diff := cmp.Diff(want, called); diff != "" {
				t.Error(diff)
			}
		})
	}
}
