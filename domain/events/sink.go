package events

// SinkKind is the kind of destination to which a subscription sends its events.
type SinkKind string

// The kinds of sinks.
const (
	SinkWebhook  SinkKind = "webhook"  // an HTTP endpoint, called as Standard Webhooks describes
	SinkRabbitMQ SinkKind = "rabbitmq" // an exchange of a RabbitMQ broker
)

// Signs reports whether a sink of this kind signs events with a secret.
func (k SinkKind) Signs() bool { return k == SinkWebhook }
