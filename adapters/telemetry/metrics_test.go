package telemetry

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// allowed maps the name of every label to the maximum number of values that the label may have, whatever the input is.
// The numbers apply to metrics with two configured vendors.
var allowed = map[string]int{
	"limit":       2,
	"method":      10,
	"route":       65,
	"status":      502,
	"vendor":      3,
	"outcome":     65,
	"state":       65,
	"error":       66,
	"change":      5,
	"template":    65,
	"resource":    65,
	"where":       65,
	"sink":        65,
	"cause":       2,
	"institution": maxInstitutions + 2,
}

// usedMetrics returns metrics in which every series has at least one value.
func usedMetrics(t *testing.T) *Metrics {
	t.Helper()
	m := NewMetrics("pluggy", "belvo")
	o := Observer{Logger(t.Output(), 127, "json"), m}
	m.Request("GET", "/docs", 200, time.Second)
	m.VendorCall("pluggy", "GET", "/items/{id}", 200, time.Second)
	m.Budget("pluggy", "items", 1)
	for _, event := range []ports.TelemetryEvent{
		ports.WebhookReceived{Vendor: "pluggy", Outcome: "accepted"}, ports.PullAttempted{},
		ports.BackgroundError{Task: "pull"}, ports.WebhookMissed{Vendor: "pluggy"},
		ports.EventAttempted{Sink: "webhook"}, ports.ConnectionRefreshed{Vendor: "pluggy"},
		ports.ComparisonLimited{CutRows: 1},
	} {
		o.Emit(t.Context(), event)
	}
	return m
}

// families returns the service's own metric families by name, without the metrics of Go and of the
// process.
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

// value returns the value of the series with this name and these labels: the value of a counter or a
// gauge, or the count of a histogram. It returns NaN if the series does not exist. labels consists of
// alternating names and values.
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
	if len(all) != 23 {
		t.Errorf("%d metrics, want 23: add a new metric to usedMetrics", len(all))
	}
	for name, family := range all {
		if !strings.HasPrefix(name, namespace+"_") || family.GetHelp() == "" {
			t.Errorf("%s does not have the namespace of the service, or has no help text", name)
		}
		for _, one := range family.GetMetric() {
			for _, label := range one.GetLabel() {
				if allowed[label.GetName()] == 0 {
					t.Errorf("%s has the label %s, which is not an allowed label", name, label.GetName())
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
		for _, event := range []ports.TelemetryEvent{
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
	m.FeedDelay(90 * time.Second)
	m.WritesFailing(11 * time.Second)
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
		{90, "feed_delay_seconds", nil},
		{11, "database_writes_failing_seconds", nil},
		{0, "sealing_failures_total", nil},
		{0, "webhooks_total", []string{"outcome", "refused", "vendor", "pluggy"}},
		{0, "pull_tries_total", []string{"error", "credential_rejected", "state", "failed", "vendor", "pluggy"}},
	} {
		if got := value(t, m, want.name, want.labels...); got != want.want {
			t.Errorf("%s%v is %v, not %v", want.name, want.labels, got, want.want)
		}
	}
}

// If the first fault creates its series, an alert about an increase misses that fault.
func TestTheSeriesOfFaultsExistBeforeTheFirstFault(t *testing.T) {
	families, err := NewMetrics("pluggy").Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	zeros := map[string]bool{}
	for _, family := range families {
		for _, series := range family.GetMetric() {
			if family.GetName() == "discovery_background_faults_total" && series.GetCounter().GetValue() == 0 {
				zeros[series.GetLabel()[0].GetValue()] = true
			}
		}
	}
	source, err := os.ReadFile("../jobs/background/maintenance.go")
	if err != nil {
		t.Fatal(err)
	}
	tasks := []string{"pull", "events", "access manager", "keyset", "maintenance due pulls"}
	for _, match := range regexp.MustCompile(`(?:\{|add\()"([a-z ]+)", `).FindAllStringSubmatch(string(source), -1) {
		tasks = append(tasks, "maintenance "+match[1])
	}
	if len(tasks) < 20 {
		t.Errorf("found only the tasks %v", tasks)
	}
	for _, task := range tasks {
		if !isLabelValue(task) {
			task = other
		}
		if !zeros[task] {
			t.Errorf("there is no series of %q; there are %v", task, zeros)
		}
	}
}

func TestAdminServesOnlySeriesAndProfiles(t *testing.T) {
	admin := Admin(usedMetrics(t))
	for path, want := range map[string]int{
		"/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/cmdline": 200,
		"/debug/pprof/goroutine?debug=1": 200, "/": 404, "/v1/discovery/pulls": 404,
	} {
		if code := adminStatus(admin, path, "127.0.0.1:1234"); code != want {
			t.Errorf("%s answers %d", path, code)
		}
	}
}

// adminStatus returns the status of the response to a peer with the given address.
func adminStatus(admin http.Handler, path, peer string) int {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = peer
	admin.ServeHTTP(w, r)
	return w.Code
}

func TestOnlyCallersOnThisMachineGetProfiles(t *testing.T) {
	admin := Admin(usedMetrics(t))
	for peer, want := range map[string]int{
		"127.0.0.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200,
		"10.0.0.7:1": 404, "[2001:db8::1]:1": 404, "127.0.0.1.example.com:1": 404, "": 404, "@": 404,
	} {
		for _, profile := range []string{"", "cmdline", "heap", "symbol"} {
			path := "/debug/pprof/" + profile
			if code := adminStatus(admin, path, peer); code != want {
				t.Errorf("%s for the peer %q: %d, want %d", path, peer, code, want)
			}
		}
		if code := adminStatus(admin, "/metrics", peer); code != 200 {
			t.Errorf("/metrics for the peer %q: %d", peer, code)
		}
	}
}
