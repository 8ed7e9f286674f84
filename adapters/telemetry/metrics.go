package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics is every series of the service.
type Metrics struct {
	Registry *prometheus.Registry

	requests    *prometheus.HistogramVec
	webhooks    *prometheus.CounterVec
	pulls       *prometheus.CounterVec
	pullTime    *prometheus.HistogramVec
	rows        *prometheus.CounterVec
	vendorCalls *prometheus.HistogramVec
	budget      *prometheus.GaugeVec
	backlog     prometheus.Gauge
	sealing     prometheus.Counter
	faults      *prometheus.CounterVec
}

const namespace = "discovery"

// NewMetrics registers every series with a registry of its own.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry:    prometheus.NewRegistry(),
		requests:    histogram("http_request_duration_seconds", "Requests by route template.", "method", "route", "status"),
		webhooks:    counter("webhooks_total", "Knocks at the webhook door by outcome.", "vendor", "outcome"),
		pulls:       counter("pull_tries_total", "Tries of pulls by how they ended.", "vendor", "state", "error"),
		pullTime:    histogram("pull_try_duration_seconds", "How long a try of a pull took.", "vendor"),
		rows:        counter("transactions_total", "Transactions by what a pull did to them.", "vendor", "change"),
		vendorCalls: histogram("vendor_call_duration_seconds", "Calls to vendors by status.", "vendor", "method", "template", "status"),
		budget:      gauge("vendor_budget_remaining", "Calls left in the current rate budget.", "vendor", "resource"),
		backlog:     gauge("pull_backlog_seconds", "Age of the oldest pull that is not over.").WithLabelValues(),
		sealing:     counter("sealing_failures_total", "Credentials that did not seal or open.").WithLabelValues(),
		faults:      counter("background_faults_total", "Failed rounds of background work.", "where"),
	}
	m.Registry.MustRegister(m.requests, m.webhooks, m.pulls, m.pullTime, m.rows, m.vendorCalls, m.budget,
		m.backlog, m.sealing, m.faults, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts an answered request; route is the template, never the path.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// VendorCall counts a call to a vendor; template is the path without ids, status 0 means
// that no answer came.
func (m *Metrics) VendorCall(vendor, method, template string, status int, took time.Duration) {
	m.vendorCalls.WithLabelValues(vendor, method, template, strconv.Itoa(status)).Observe(took.Seconds())
}

// Budget shows how many calls are left to a vendor's resource before ours must wait.
func (m *Metrics) Budget(vendor, resource string, left float64) {
	m.budget.WithLabelValues(vendor, resource).Set(left)
}

// Backlog shows the age of the oldest pull that is not over.
func (m *Metrics) Backlog(age time.Duration) { m.backlog.Set(age.Seconds()) }

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help,
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, labels)
}
