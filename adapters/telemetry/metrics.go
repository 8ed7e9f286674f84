package telemetry

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Metrics contains all series of the service. It is safe for concurrent use.
type Metrics struct {
	// Registry is the Prometheus registry with all series. [Admin] serves them, and [Start] exports them.
	Registry *prometheus.Registry

	labels           *labels
	requests         *prometheus.HistogramVec
	webhooks         *prometheus.CounterVec
	pullAttempts     *prometheus.CounterVec
	pullDuration     *prometheus.HistogramVec
	transactions     *prometheus.CounterVec
	vendorCalls      *prometheus.HistogramVec
	causedReads      *prometheus.CounterVec
	budget           *prometheus.GaugeVec
	backlog          prometheus.Gauge
	feedDelay        prometheus.Gauge
	writesFailing    prometheus.Gauge
	consentExpiring  prometheus.Gauge
	silent           prometheus.Gauge
	bankReadAge      *prometheus.GaugeVec
	drifting         prometheus.Gauge
	webhooksMissed   *prometheus.CounterVec
	comparedBeyond   *prometheus.CounterVec
	eventAttempts    *prometheus.HistogramVec
	eventsWaiting    prometheus.Gauge
	eventsAge        prometheus.Gauge
	disabled         prometheus.Gauge
	sealing          prometheus.Counter
	backgroundErrors *prometheus.CounterVec
}

const namespace = "discovery"

// The upper bounds of the histograms' buckets, in seconds.
var (
	callBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	pullBuckets = []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800}
)

// NewMetrics returns metrics that are registered with a new registry. vendors are the
// configured vendors; the events of any other vendor are counted under the vendor "other".
func NewMetrics(vendors ...domain.Vendor) *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		labels:   &labels{vendors: vendors, seen: map[string][]string{}},
		requests: histogram(
			"http_request_duration_seconds", "Requests by route template.", callBuckets, "method", "route",
			"status",
		),
		webhooks: counter("webhooks_total", "Webhook requests by outcome.", "vendor", "outcome"),
		pullAttempts: counter(
			"pull_tries_total", "Attempts of pulls by the state of the pull afterwards.", "vendor", "state",
			"error",
		),
		pullDuration: histogram(
			"pull_try_duration_seconds", "Duration of an attempt of a pull.", pullBuckets, "vendor",
		),
		transactions: counter("transactions_total", "Transactions by what a pull changed.", "vendor", "change"),
		vendorCalls: histogram(
			"vendor_call_duration_seconds", "Calls to vendors by status.", callBuckets, "vendor", "method",
			"template", "status",
		),
		causedReads: counter(
			"caused_reads_total",
			"Refreshes that a vendor has accepted, and complete pulls that have succeeded.", "vendor", "cause",
		),
		budget: gauge(
			"vendor_budget_remaining", "Calls left in the rate budget that was used last.", "vendor",
			"resource",
		),
		backlog: gauge("pull_backlog_seconds", "Age of the oldest unfinished pull.").WithLabelValues(),
		feedDelay: gauge(
			"feed_delay_seconds", "How long an open write transaction has held the change feed back.",
		).WithLabelValues(),
		writesFailing: gauge(
			"database_writes_failing_seconds",
			"How long the database has refused every write, while it answers queries.",
		).WithLabelValues(),
		consentExpiring: gauge(
			"connections_consent_expiring", "Connections whose consent expires within 30 days or has expired.",
		).WithLabelValues(),
		silent: gauge(
			"connections_silent", "Connections whose vendor has not sent a webhook that was expected.",
		).WithLabelValues(),
		bankReadAge: gauge(
			"bank_read_age_seconds", "Time since the vendor last read a bank, for the account with the oldest reading.",
			"vendor", "institution",
		),
		drifting: gauge(
			"accounts_drifting", "Accounts whose transactions do not explain their balance.",
		).WithLabelValues(),
		webhooksMissed: counter(
			"webhooks_missed_total", "Synchronisations of a vendor that no webhook followed.", "vendor",
		),
		comparedBeyond: counter(
			"comparison_limits_total", "Rows that were not compared completely, because of a limit.", "limit",
		),
		eventAttempts: histogram(
			"event_attempt_duration_seconds", "Attempts to send an event of a subscription.", callBuckets, "sink",
			"error",
		),
		eventsWaiting: gauge(
			"events_waiting", "Events of active subscriptions that are not delivered.",
		).WithLabelValues(),
		eventsAge: gauge(
			"events_waiting_seconds", "Age of the oldest event of an active subscription that is not delivered.",
		).WithLabelValues(),
		disabled: gauge("subscriptions_disabled", "Subscriptions that are disabled.").WithLabelValues(),
		sealing: counter(
			"sealing_failures_total", "Credentials that could not be sealed or opened.",
		).WithLabelValues(),
		backgroundErrors: counter("background_faults_total", "Errors of background work.", "where"),
	}
	m.initSeries()
	m.Registry.MustRegister(m.requests, m.webhooks, m.pullAttempts, m.pullDuration, m.transactions,
		m.vendorCalls, m.causedReads, m.budget, m.backlog, m.feedDelay, m.writesFailing, m.consentExpiring,
		m.silent, m.drifting, m.bankReadAge, m.webhooksMissed, m.comparedBeyond, m.eventAttempts,
		m.eventsWaiting, m.eventsAge, m.disabled, m.sealing, m.backgroundErrors, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// receiverRoute is the template of the route that receives webhooks. An alert names it.
const receiverRoute = "/v1/discovery/webhooks/{vendor}/{token}"

// The values of the label "limit" of comparison_limits_total.
const (
	limitText        = "text"        // the row has parts beyond the limits of texts
	limitComparisons = "comparisons" // the removed row was not compared with all new rows
)

// fatalCodes are the errors after which a pull fails immediately, without a retry.
var fatalCodes = []domain.Code{
	domain.CredentialRejected, domain.AccountNotFound, domain.AccessDenied,
	domain.AddressNotAllowed, domain.CredentialUnopened,
}

// backgroundTasks lists the task names that ports.BackgroundError can have.
var backgroundTasks = []string{
	"access manager", "audit", "bills", "events", "idempotency.abandon", "idempotency.keep", "issuer keys", "keyset",
	"link session", "otlp", "pull", "rate budget", "webhook registration",
	"maintenance stuck pulls", "maintenance token usage", "maintenance vendor webhooks",
	"maintenance audit entries", "maintenance audit checkpoints", "maintenance missing webhooks",
	"maintenance consents", "maintenance erasures", "maintenance completeness", "maintenance due pulls",
	"maintenance reconcile", "maintenance prune", "maintenance prune pulls", "maintenance prune events",
	"maintenance attention",
	"maintenance staleness", "maintenance erasures at vendors", "maintenance prune rate budgets",
	"maintenance bills", "maintenance comparisons", "maintenance prune pulls",
	"maintenance backlog", "maintenance event backlog", "maintenance feed delay", "maintenance search index",
	"maintenance writes",
	"maintenance client ids", "maintenance renewed webhooks", "maintenance link sessions",
}

// initSeries creates the series that the alerts use, with the value 0. Otherwise the first event would create its
// series with the value 1, and Prometheus would see no increase.
func (m *Metrics) initSeries() {
	m.requests.WithLabelValues(http.MethodGet, other, statusLabel(http.StatusInternalServerError))
	m.requests.WithLabelValues(
		http.MethodPost, m.labels.value("route", receiverRoute), statusLabel(http.StatusAccepted),
	)
	for _, task := range backgroundTasks {
		m.backgroundErrors.WithLabelValues(m.labels.value("where", task))
	}
	for _, v := range append([]domain.Vendor{other}, m.labels.vendors...) {
		for _, outcome := range []string{"accepted", "refused", "unreadable"} {
			m.webhook(v, outcome)
		}
		for _, status := range []int{0, http.StatusTooManyRequests} {
			m.vendorCalls.WithLabelValues(m.labels.vendor(v), http.MethodGet, other, statusLabel(status))
		}
		m.transactions.WithLabelValues(m.labels.vendor(v), "quarantined")
		m.pull(v, domain.PullSucceeded, "")
		m.webhooksMissed.WithLabelValues(m.labels.vendor(v))
		m.bankReadAge.WithLabelValues(m.labels.vendor(v), "")
		m.causedReads.WithLabelValues(m.labels.vendor(v), causeRefresh)
		m.causedReads.WithLabelValues(m.labels.vendor(v), causePull)
		m.pull(v, domain.PullFailed, domain.MalformedResponse)
		m.pull(v, domain.PullQueued, domain.MalformedResponse) // waits for another attempt
		for _, code := range fatalCodes {
			m.pull(v, domain.PullFailed, code)
		}
	}
}

func (m *Metrics) webhook(v domain.Vendor, outcome string) prometheus.Counter {
	return m.webhooks.WithLabelValues(m.labels.vendor(v), m.labels.value("outcome", outcome))
}

func (m *Metrics) pull(v domain.Vendor, state domain.PullState, code domain.Code) prometheus.Counter {
	failure := none
	if code != "" {
		failure = m.labels.value("error", string(code))
	}
	return m.pullAttempts.WithLabelValues(m.labels.vendor(v), m.labels.value("state", string(state)), failure)
}

// The values of the label "cause" of the series caused_reads_total.
const (
	causeRefresh = "refresh"
	causePull    = "complete_pull"
)

// none is the value of the label "error" if an attempt had no error, and of the label "status" if a call received no
// response.
const none = "none"

// Request records a served request. took is its duration. route is the template of the route, for
// example "/pulls/{id}", never the requested path; "" means that no route matched.
func (m *Metrics) Request(verb, route string, code int, took time.Duration) {
	m.requests.WithLabelValues(
		methodLabel(verb), m.labels.value("route", route), statusLabel(code),
	).Observe(took.Seconds())
}

// VendorCall records a call to a vendor. took is its duration. template is the path with
// placeholders instead of ids. code is the status of the response, or 0 if no response was
// received.
func (m *Metrics) VendorCall(vendor, verb, template string, code int, took time.Duration) {
	m.vendorCalls.WithLabelValues(m.labels.vendor(domain.Vendor(vendor)), methodLabel(verb),
		m.labels.value("template", template), statusLabel(code)).Observe(took.Seconds())
}

// Budget sets how many calls to a vendor's resource are possible before the next call must wait. A negative number
// means that this many calls are waiting. Each origin of a vendor has a budget of its own, but all these budgets share
// one series. The series contains only the value of the budget that was used last.
func (m *Metrics) Budget(vendor, resource string, left float64) {
	m.budget.WithLabelValues(m.labels.vendor(domain.Vendor(vendor)), m.labels.value("resource", resource)).Set(left)
}

// Backlog sets the age of the oldest unfinished pull. A periodic maintenance task measures the
// age and calls Backlog, so that a scrape does not query the database.
func (m *Metrics) Backlog(age time.Duration) { m.backlog.Set(age.Seconds()) }

// EventBacklog sets the number of waiting events of active subscriptions, the age of the oldest one, and the number of
// disabled subscriptions. A periodic maintenance task calls it.
func (m *Metrics) EventBacklog(b ports.EventBacklogAge) {
	m.eventsWaiting.Set(float64(b.Waiting))
	m.eventsAge.Set(b.Age.Seconds())
	m.disabled.Set(float64(b.Disabled))
}

// FeedDelay sets how long an open write transaction has already delayed the change feed. A periodic maintenance task
// measures it, so that a scrape does not query the database.
func (m *Metrics) FeedDelay(delay time.Duration) { m.feedDelay.Set(delay.Seconds()) }

// WritesFailing sets how long the database has refused writes; 0 if it accepts them.
func (m *Metrics) WritesFailing(since time.Duration) { m.writesFailing.Set(since.Seconds()) }

// maxInstitutions is the maximum number of banks that a metric names: those whose readings are the oldest.
const maxInstitutions = 500

// Attention sets the numbers of connections and accounts that need attention; see ports.Attention. A periodic
// maintenance task counts them, so that a scrape does not query the database.
func (m *Metrics) Attention(count ports.Attention) {
	m.consentExpiring.Set(float64(count.ConsentExpiring))
	m.silent.Set(float64(count.Silent))
	m.drifting.Set(float64(count.Drifting))
	m.bankReadAge.Reset() // a bank without connections has no series, except that of unknown banks
	for _, v := range append([]domain.Vendor{other}, m.labels.vendors...) {
		m.bankReadAge.WithLabelValues(m.labels.vendor(v), "")
	}
	oldest := domain.Sorted(slices.Values(count.BankReadings), func(a, b ports.BankReading) int {
		return a.At.Compare(b.At)
	})
	for _, r := range oldest[:min(len(oldest), maxInstitutions)] {
		m.bankReadAge.WithLabelValues(m.labels.vendor(r.Vendor), r.Institution).
			Set(max(0, count.At.Sub(r.At)).Seconds())
	}
}

// counter, gauge and histogram are not inlined, because their many calls would make the binary larger.
//
//go:noinline
func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

//go:noinline
func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

//go:noinline
func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: buckets,
	}, labels)
}
