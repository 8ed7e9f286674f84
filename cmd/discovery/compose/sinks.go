package compose

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/rest"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/kafka"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/rabbitmq"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/webhook"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxReceiverConnections is the maximum number of connections to receivers of events that are open at the same time for
// one tenant, over all of its subscriptions.
const maxReceiverConnections = 64

// sinks returns one sink for each kind of destination to which the service can send events. All sinks dial through the
// guard. The HTTP client for the vendors uses the same guard. To add a kind, add a line here and a folder under
// adapters/sink.
func sinks(guard *egress.Guard, clock ports.Clock) []ports.Sink {
	shares := egress.NewConnectionShares(maxReceiverConnections)
	product := "aggregator-connections/" + Version()
	return []ports.Sink{
		webhook.New(webhook.Options{Guard: guard, Clock: clock, UserAgent: product, Shares: shares}),
		rabbitmq.New(rabbitmq.Options{Guard: guard, Product: product, Shares: shares}),
		kafka.New(kafka.Options{Guard: guard, Product: product, Shares: shares}),
		lerianmatcher.New(lerianmatcher.Options{Guard: guard, Clock: clock, UserAgent: product, Shares: shares}),
	}
}

// sinkSchemas returns the schemas of the settings of the sinks, for the API.
func sinkSchemas(all []ports.Sink) []rest.SinkSchema {
	schemas := make([]rest.SinkSchema, len(all))
	for i, sink := range all {
		schemas[i] = rest.SinkSchema{
			Kind: string(sink.Kind()), Settings: sink.Schema(),
			Check: func(ctx context.Context, requested domain.Secret) []*domain.Error {
				_, faults := sink.Parse(ctx, requested, ports.SinkSettings{})
				return faults
			},
		}
	}
	return schemas
}
