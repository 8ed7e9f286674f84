package telemetry

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// allowed maps every label that a series may have to the maximum number of its values, with
// the two vendors below and any input.
var allowed = map[string]int{
	"method": 10, "route": 65, "status": 502, "vendor": 3, "outcome": 65, "state": 65, "error": 66,
	"change": 4, "template": 65, "resource": 65, "where": 65,
}

// usedMetrics returns metrics in which every series has been used.
func usedMetrics(t *testing.T) *Metrics {
	t.Helper()
	m := NewMetrics("pluggy", "belvo")
	o := Observer{Logger(t.Output(), 127, "json"), m}
	m.Request("GET", "/docs", 200, time.Second)
	m.VendorCall("pluggy", "GET", "/items/{id}", 200, time.Second)
	m.Budget("pluggy", "items", 1)
	for _, event := range []ports.Event{
		ports.WebhookReceived{Vendor: "pluggy", Outcome: "accepted"}, ports.PullAttempted{},
		ports.BackgroundError{Task: "pull"},
	} {
		o.Emit(t.Context(), event)
	}
	return m
}

// families returns the service's own series by name.
func families(t *testing.T, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]*dto.MetricFamily{}
	for _, family := range all {
		if name := family.GetName(); !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			own[name] = family
		}
	}
	return own
}

// value returns a counter, a gauge or the count of a histogram, or NaN if there is no such
// series. labels alternates names and values.
func value(t *testing.T, m *Metrics, name string, labels ...string) float64 {
	t.Helper()
	for _, one := range families(t, m)[namespace+"_"+name].GetMetric() {
		var has []string
		for _, label := range one.GetLabel() {
			has = append(has, label.GetName(), label.GetValue())
		}
		if slices.Equal(has, labels) {
			return one.GetCounter().GetValue() + one.GetGauge().GetValue() + float64(
				one.GetHistogram().GetSampleCount(),
			)
		}
	}
	return math.NaN()
}

func TestEverySeriesHasOurNamespaceAndKnownLabels(t *testing.T) {
	all := families(t, usedMetrics(t))
	if len(all) != 10 {
		t.Errorf("%d series: a new one must be used in usedMetrics", len(all))
	}
	for name, family := range all {
		if !strings.HasPrefix(name, namespace+"_") || family.GetHelp() == "" {
			t.Errorf("%s has another namespace, or no help", name)
		}
		for _, one := range family.GetMetric() {
			for _, label := range one.GetLabel() {
				if allowed[label.GetName()] == 0 {
					t.Errorf("%s has label %s", name, label.GetName())
				}
			}
		}
	}
}

func TestOutsideInputCannotCreateSeries(t *testing.T) {
	m := usedMetrics(t)
	o := Observer{Logger(t.Output(), 127, "json"), m}
	for i := range 300 {
		segment := fmt.Sprintf("word-%d", i)
		m.Request(segment, "/"+segment, i*7-500, time.Second)
		m.VendorCall(segment, segment, "/"+segment, i*7-500, time.Second)
		m.Budget(segment, segment, 1)
		for _, event := range []ports.Event{
			ports.WebhookReceived{Vendor: domain.Vendor(segment), Outcome: segment},
			ports.BackgroundError{Task: segment},
			ports.PullAttempted{
				Pull: domain.Pull{
					Vendor: domain.Vendor(segment), State: domain.PullState(segment),
					LastError: domain.Code(segment),
				},
			},
		} {
			o.Emit(t.Context(), event)
		}
	}
	for name, family := range families(t, m) {
		values := map[string]map[string]bool{}
		for _, one := range family.GetMetric() {
			for _, label := range one.GetLabel() {
				if values[label.GetName()] == nil {
					values[label.GetName()] = map[string]bool{}
				}
				values[label.GetName()][label.GetValue()] = true
			}
		}
		for label, seen := range values {
			if len(seen) > allowed[label] {
				t.Errorf("%s{%s} has %d values", name, label, len(seen))
			}
		}
	}
}

func TestValuesThatAreNoConstantsBecomeOther(t *testing.T) {
	for value, want := range map[string]string{
		"/v1/discovery/aggregator-connections/{id}": "/v1/discovery/aggregator-connections/{id}",
		"maintenance stuck pulls":                   "maintenance stuck pulls", "idempotency.keep": "idempotency.keep",
		"": other, "/webhooks/pluggy/" + rawToken: other, "/pulls/01890a5d-ac96-774b-bcce-b302099a8057": other,
		"a?b=c": other, "a\nb": other, "ção": other, strings.Repeat("/a", 65): other,
	} {
		l := &labels{seen: map[string][]string{}}
		if got := l.value("route", value); got != want {
			t.Errorf("%q became %q", value, got)
		}
	}
}

func TestSeriesCountEvents(t *testing.T) {
	m := NewMetrics("pluggy")
	m.Request("BREW", "", 404, time.Second)
	m.Request("GET", "/docs", 1000, time.Second)
	m.VendorCall("pluggy", "GET", "/items/{id}", 0, time.Second)
	m.Budget("pluggy", "items", 59)
	m.Backlog(time.Minute)
	for _, want := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{1, "http_request_duration_seconds", []string{"method", other, "route", other, "status", "404"}},
		{1, "http_request_duration_seconds", []string{"method", "GET", "route", "/docs", "status", other}},
		{
			1, "vendor_call_duration_seconds",
			[]string{"method", "GET", "status", "none", "template", "/items/{id}", "vendor", "pluggy"},
		},
		{59, "vendor_budget_remaining", []string{"resource", "items", "vendor", "pluggy"}},
		{60, "pull_backlog_seconds", nil},
		{0, "sealing_failures_total", nil},
		{0, "webhooks_total", []string{"outcome", "refused", "vendor", "pluggy"}},
		{0, "pull_tries_total", []string{"error", "credential_rejected", "state", "failed", "vendor", "pluggy"}},
	} {
		if got := value(t, m, want.name, want.labels...); got != want.want {
			t.Errorf("%s%v is %v, not %v", want.name, want.labels, got, want.want)
		}
	}
}

func TestAdminServesOnlySeriesAndProfiles(t *testing.T) {
	admin := Admin(usedMetrics(t))
	for path, want := range map[string]int{
		"/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/cmdline": 200,
		"/debug/pprof/goroutine?debug=1": 200, "/": 404, "/v1/discovery/pulls": 404,
	} {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
}
