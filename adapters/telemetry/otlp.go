package telemetry

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
)

const (
	// sendTimeout bounds one request to the collector, and exportTimeout bounds the export of
	// one batch including its retries.
	sendTimeout   = 5 * time.Second
	exportTimeout = 10 * time.Second
	// idleTimeout is how long a connection to the collector is kept between two exports.
	idleTimeout = 90 * time.Second
	// abortTimeout bounds the time for interrupting running exports after the shutdown has timed out.
	abortTimeout = time.Second

	scope = "github.com/LerianStudio/aggregator-connections"
)

// OTLP configures the export of traces and metrics. Headers, sampler, queue and resource are
// not part of it: the SDK itself reads them from the standard environment variables
// OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_METRIC_EXPORT_INTERVAL,
// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
type OTLP struct {
	// Endpoint is the value of OTEL_EXPORTER_OTLP_ENDPOINT after its validation by
	// configs.Load: an http or https URL without userinfo, query, fragment and trailing slash.
	// "/v1/traces" and "/v1/metrics" are appended to it.
	Endpoint string
	// TracesURL and MetricsURL replace the URL that follows from Endpoint; "" means that Endpoint applies, and without
	// Endpoint, that the signal is not exported.
	TracesURL, MetricsURL string
	// NoTraces turns the export of traces off.
	NoTraces bool
	// ServiceName is the service name if OTEL_SERVICE_NAME is not set; "" means "discovery".
	ServiceName    string
	ServiceVersion string
	// Metrics contains the series to export in addition to the traces. If it is nil, only traces are
	// exported.
	Metrics *Metrics
	// OnError is called when an export of traces or metrics fails. After a call, further failures of the same kind
	// (traces or metrics) are not reported until an export of this kind succeeds. The error contains no header and no
	// text from the collector. OnError must not block. If it is nil, the errors are discarded.
	OnError func(error)
}

// Start starts the export. Without an endpoint, it starts nothing. Finished spans wait in a bounded queue. They are
// dropped when the queue is full, so that a slow collector does not delay requests. Start returns an error if an
// exporter cannot be created.
//
// The returned function must be called at most once. It sends the queued data and ends every goroutine. If its context
// ends first, it drops the rest and returns the context's error.
func Start(ctx context.Context, o OTLP) (*Traces, func(context.Context) error, error) {
	if o.Endpoint != "" {
		o.TracesURL = cmp.Or(o.TracesURL, o.Endpoint+"/v1/traces")
		o.MetricsURL = cmp.Or(o.MetricsURL, o.Endpoint+"/v1/metrics")
	}
	if o.NoTraces {
		o.TracesURL = ""
	}
	if o.Metrics == nil {
		o.MetricsURL = ""
	}
	if o.TracesURL == "" && o.MetricsURL == "" {
		return &Traces{}, func(context.Context) error { return nil }, nil
	}
	// The SDK would print parts of variables that it cannot parse, such as the headers with the key of the collector.
	// configs warns about them without their values.
	otel.SetLogger(logr.Discard())
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	identity := o.newResource(ctx)
	// The client follows no redirect: a header that authenticates us to the collector must not be sent to another host.
	client := egress.NewClient(egress.TransportConfig{
		Timeout: sendTimeout, IdleTimeout: idleTimeout, Proxy: http.ProxyFromEnvironment,
	})
	traces, endTraces, err := o.traces(ctx, client, identity)
	if err != nil {
		return nil, nil, err
	}
	endMetrics, err := o.metrics(ctx, client, identity)
	if err != nil {
		return nil, nil, errors.Join(err, endTraces(ctx))
	}
	return traces, func(ctx context.Context) error {
		defer client.CloseIdleConnections()
		return errors.Join(endTraces(ctx), endMetrics(ctx))
	}, nil
}

// newResource returns the attributes that identify this service to the collector. If a part of the environment
// variables cannot be parsed, newResource omits that part and reports the error to OnError.
func (o OTLP) newResource(ctx context.Context) *resource.Resource {
	identity, err := resource.New(ctx,
		resource.WithAttributes(
			semconv.ServiceName(cmp.Or(o.ServiceName, namespace)), semconv.ServiceVersion(o.ServiceVersion),
		),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		o.OnError(errors.New("OTEL_RESOURCE_ATTRIBUTES cannot be read completely"))
	}
	return identity
}

func (o OTLP) traces(
	ctx context.Context, client *http.Client, r *resource.Resource,
) (*Traces, func(context.Context) error, error) {
	if o.TracesURL == "" {
		return &Traces{}, func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(o.TracesURL),
		otlptracehttp.WithHTTPClient(client),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: sendTimeout, MaxElapsedTime: exportTimeout,
		}))
	if err != nil {
		return nil, nil, err
	}
	queue := sdktrace.NewBatchSpanProcessor(
		&spanExporter{
			SpanExporter: exporter, failureReporter: failureReporter{report: o.OnError, signal: "traces"},
		}, sdktrace.WithExportTimeout(exportTimeout))
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(r), sdktrace.WithSpanProcessor(queue))
	return &Traces{tracer: provider.Tracer(scope)}, func(ctx context.Context) error {
		// Shutdown is called on the queue, not on the provider, because the provider's Shutdown does
		// not stop the queue if ctx has already ended.
		err := queue.Shutdown(ctx)
		if err != nil { // the queue is still sending spans: interrupt its requests
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
			defer cancel()
			_ = exporter.Shutdown(last)
		}
		return err
	}, nil
}

func (o OTLP) metrics(
	ctx context.Context, client *http.Client, r *resource.Resource,
) (func(context.Context) error, error) {
	if o.MetricsURL == "" {
		return func(context.Context) error { return nil }, nil
	}
	// Retries are not necessary, because the next export contains the same cumulative sums.
	exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(o.MetricsURL),
		otlpmetrichttp.WithHTTPClient(client),
		otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}))
	if err != nil {
		return nil, err
	}
	reader := metric.NewPeriodicReader(
		&metricExporter{Exporter: exporter, failureReporter: failureReporter{report: o.OnError, signal: "metrics"}},
		metric.WithTimeout(exportTimeout), metric.WithProducer(bridge{o.Metrics.Registry, time.Now()}))
	return metric.NewMeterProvider(metric.WithResource(r), metric.WithReader(reader)).Shutdown, nil
}
