package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// commit is the name of the spans of the store methods Receive and StorePage. The other store methods have no span of
// their own. Their calls are part of a span of a request or a pull.
const commit = "commit"

// Deliveries returns a store that records a span for each call of Receive on base. Receive returns when the delivery
// has been committed, so the span contains the wait for the commit. If no OTLP endpoint is configured, Deliveries
// returns base itself.
func (t *Traces) Deliveries(base ports.Deliveries) ports.Deliveries {
	if t.off() {
		return base
	}
	return tracedDeliveries{base, t.tracer}
}

// Pulls returns a store that records a span for each call of StorePage on base. If no OTLP endpoint is configured,
// Pulls returns base itself.
func (t *Traces) Pulls(base ports.Pulls) ports.Pulls {
	if t.off() {
		return base
	}
	return tracedPulls{base, t.tracer}
}

type tracedDeliveries struct {
	ports.Deliveries
	tracer trace.Tracer
}

// Receive implements ports.Deliveries. It records a span around the call of the wrapped store.
func (d tracedDeliveries) Receive(ctx context.Context, r ports.IncomingDelivery) (got ports.ReceiveResult, err error) {
	ctx, span := d.tracer.Start(ctx, commit)
	defer func() { endCommit(span, err) }()
	return d.Deliveries.Receive(ctx, r)
}

type tracedPulls struct {
	ports.Pulls
	tracer trace.Tracer
}

// StorePage implements ports.Pulls. It records a span around the call of the wrapped store.
func (p tracedPulls) StorePage(
	ctx context.Context, lease domain.Lease, w ports.PageWrite,
) (counts domain.Counts, err error) {
	ctx, span := p.tracer.Start(ctx, commit)
	defer func() { endCommit(span, err) }()
	return p.Pulls.StorePage(ctx, lease, w)
}

// endCommit ends the span. If err is not nil, it records the code of err in the span.
func endCommit(span trace.Span, err error) {
	if err != nil {
		fail(span, string(domain.CodeOf(err)))
	}
	span.End()
}
