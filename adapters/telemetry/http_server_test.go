package telemetry

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnlySafeValuesOfAPathAreRecorded(t *testing.T) {
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	for path, want := range map[[2]string]string{
		{webhookRoute, "/v1/discovery/webhooks/belvo/" + rawToken}:      "/v1/discovery/webhooks/belvo/{token}",
		{webhookRoute, "/v1/discovery/webhooks/" + rawToken + "/belvo"}: "/v1/discovery/webhooks/{vendor}/{token}",
		{webhookRoute, "/v1/discovery/webhooks/pluggy/" + id}:           "/v1/discovery/webhooks/pluggy/{token}",
		{webhookRoute, "/v1/discovery/webhooks/pluggy/a/" + rawToken}:   webhookRoute,
		{"/v1/discovery/pulls/{id}", "/v1/discovery/pulls/" + id}:       "/v1/discovery/pulls/" + id,
		{"/v1/discovery/pulls/{id}", "/v1/discovery/pulls/" + rawToken}: "/v1/discovery/pulls/{id}",
		{"/v1/discovery/pulls/{id}", "/v1/discovery/pulls/pluggy"}:      "/v1/discovery/pulls/{id}",
		{"/docs", "/docs"}: "/docs",
	} {
		if got := safePath(path[0], path[1]); got != want {
			t.Errorf("%v: got %s, want %s", path, got, want)
		}
	}
}

// spansOf serves the requests with handler through the middleware. It returns the attributes of each recorded span by
// the name of the span.
func spansOf(t *testing.T, handler http.HandlerFunc, requests ...*http.Request) map[string]map[string]any {
	t.Helper()
	collector := startCollector(t)
	traces, end := start(t, OTLP{Endpoint: collector.URL})
	for _, r := range requests {
		func() {
			defer func() { _ = recover() }()
			traces.Middleware(handler).ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	end()
	all := map[string]map[string]any{}
	for name, span := range collector.spans {
		all[name] = attributeValues(span.Attributes)
	}
	return all
}

func TestASpanOfARequestWithoutARouteHoldsNothingOfItsPath(t *testing.T) {
	got := spansOf(t, http.NotFound, httptest.NewRequest("BREW", "/"+rawToken, nil))
	want := map[string]map[string]any{
		"HTTP": {"http.request.method": "_OTHER", "http.response.status_code": int64(404)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHealthChecksHaveNoSpan(t *testing.T) {
	got := spansOf(
		t, http.NotFound, httptest.NewRequest(http.MethodGet, "/health", nil),
		httptest.NewRequest(http.MethodGet, "/readyz", nil),
	)
	if len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestASpanRecordsTheStatusOfItsRequest(t *testing.T) {
	get := func(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }
	got := spansOf(t, func(w http.ResponseWriter, r *http.Request) {
		SetRoute(r.Context(), r.URL.Path)
		switch r.URL.Path {
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
			w.WriteHeader(http.StatusTeapot)
		case "/text":
			_, _ = io.WriteString(w, "text")
		case "/panic":
			panic(http.ErrAbortHandler)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		}
	}, get("/early"), get("/text"), get("/silent"), get("/panic"), get("/broken"))
	for path, want := range map[string]string{
		"/early": "201 <nil>", "/text": "200 <nil>", "/silent": "200 <nil>", "/panic": "<nil> aborted",
		"/broken": "502 502",
	} {
		span := got["GET "+path]
		if ended := fmt.Sprint(span["http.response.status_code"], " ", span["error.type"]); ended != want {
			t.Errorf("the span of %s has status and error %q, want %q", path, ended, want)
		}
	}
}

func TestTheMiddlewareSupportsResponseController(t *testing.T) {
	collector := startCollector(t)
	traces, end := start(t, OTLP{Endpoint: collector.URL})
	defer end()
	server := httptest.NewServer(traces.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		control := http.NewResponseController(w)
		if err := control.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		if err := control.Flush(); err != nil {
			t.Error(err)
		}
	})))
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}
