package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// commit is the name of the span of a write that a trace is about. The store's other
// methods have no span: they are parts of a request whose own span is enough.
const commit = "commit"

// Deliveries returns a store that records a span for each Receive, in which a delivery
// waits for its commit. Without an endpoint it returns base itself.
func (t *Traces) Deliveries(base ports.Deliveries) ports.Deliveries {
	if t.off() {
		return base
	}
	return tracedDeliveries{base, t.tracer}
}

// Pulls returns a store that records a span for each StorePage. Without an endpoint it
// returns base itself.
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

// Receive implements ports.Deliveries.
func (d tracedDeliveries) Receive(ctx context.Context, r ports.IncomingDelivery) (got ports.ReceiveResult, err error) {
	ctx, span := d.tracer.Start(ctx, commit)
	defer func() { endCommit(span, err) }()
	return d.Deliveries.Receive(ctx, r)
}

type tracedPulls struct {
	ports.Pulls
	tracer trace.Tracer
}

// StorePage implements ports.Pulls.
func (p tracedPulls) StorePage(
	ctx context.Context, lease domain.Lease, w ports.PageWrite,
) (counts domain.Counts, err error) {
	ctx, span := p.tracer.Start(ctx, commit)
	defer func() { endCommit(span, err) }()
	return p.Pulls.StorePage(ctx, lease, w)
}

// endCommit ends the span, and records an error's code.
func endCommit(span trace.Span, err error) {
	if err != nil {
		fail(span, string(domain.CodeOf(err)))
	}
	span.End()
}
