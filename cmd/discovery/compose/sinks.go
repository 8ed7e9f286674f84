package compose

import (
	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/rabbitmq"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/webhook"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sinks returns the kinds of destinations (sinks) to which the service can send the events of subscriptions. To add a
// third kind, add a line here and a folder under adapters/sink. The sinks dial through the same egress guard as the
// HTTP client for the vendors.
func sinks(guard *egress.Guard, clock ports.Clock) []ports.Sink {
	product := "aggregator-connections/" + Version()
	return []ports.Sink{
		webhook.New(webhook.Options{Guard: guard, Clock: clock, UserAgent: product}),
		rabbitmq.New(rabbitmq.Options{Guard: guard, Product: product}),
	}
}
