package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeTransport is an http.RoundTripper that calls a function instead of using the network.
type fakeTransport func(*http.Request) (*http.Response, error)

func (w fakeTransport) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// spanOf sends one request through a traced transport that wraps the given transport. It returns the attributes of the
// span. It fails the test if the exported data contains the canary, which is part of the URL.
func spanOf(ctx context.Context, t *testing.T, w fakeTransport) map[string]any {
	t.Helper()
	collector := startCollector(t)
	traces, end := start(t, OTLP{Endpoint: collector.URL})
	r, err := http.NewRequestWithContext(
		ctx, http.MethodGet, "https://user:"+canary+"@api.example.com:8443/"+canary+"?"+canary, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := traces.Transport(w).RoundTrip(r); err == nil {
		_ = response.Body.Close()
	}
	end()
	if strings.Contains(collector.raw.String(), canary) {
		t.Error("the export contains the canary from the URL of the request")
	}
	for _, span := range collector.spans {
		return attributeValues(span.Attributes)
	}
	t.Fatal("no span was exported")
	return nil
}

func TestASpanOfACallWithoutATemplateHoldsOnlyTheHost(t *testing.T) {
	got := spanOf(t.Context(), t, func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	want := map[string]any{
		"http.request.method": "GET", "server.address": "api.example.com",
		"http.response.status_code": int64(200),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASpanOfAFailedCallHoldsTheClassOfTheError(t *testing.T) {
	for want, failure := range map[string]error{
		"timeout":     fmt.Errorf("%s: %w", canary, context.DeadlineExceeded),
		"canceled":    context.Canceled,
		"unreachable": errors.New("dial " + canary),
	} {
		got := spanOf(
			WithTemplate(t.Context(), "/items/{id}"), t,
			func(*http.Request) (*http.Response, error) { return nil, failure },
		)
		if got["error.type"] != want || got["server.address"] != nil {
			t.Errorf("%v became %v", failure, got)
		}
	}
}

func TestASpanOfACallEndsWhenTheBodyIsClosed(t *testing.T) {
	collector := startCollector(t)
	traces, end := start(t, OTLP{Endpoint: collector.URL})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := traces.Transport(fakeTransport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("x"))}, nil
	})).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	end() // exports all ended spans; a span that is still open is not exported
	if len(collector.spans) != 0 {
		t.Error("the span ended before the body of the response was closed")
	}
	_ = response.Body.Close()
}
