package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// SinkTarget is the destination of one subscription.
type SinkTarget struct {
	Tenant     domain.TenantID // the tenant of the subscription; it has a share of the connections to receivers
	URL        domain.Secret   // the URL of the endpoint or of the broker; it can contain a password
	Secrets    []domain.Secret // the keys that sign an event, newest first; nil if the sink does not sign
	Exchange   string          // RabbitMQ: the exchange to which events are published; otherwise ""
	RoutingKey string          // RabbitMQ: the routing key; "" means the type of the event
}

// OutgoingEvent is an event in the form in which a sink sends it.
type OutgoingEvent struct {
	ID       string    // the same in every attempt; unique in the service
	Type     string    // for example studio.lerian.discovery.transaction.added
	Subject  string    // the id of the resource
	Sequence int64     // the position in the subscription, without gaps, from 1
	Time     time.Time // when the change was made
	Body     []byte    // the event as CloudEvents 1.0 JSON
}

// EventSender sends the events of one subscription.
type EventSender interface {
	// Send sends an event and returns nil when the destination has confirmed it. Each call is one attempt and returns
	// within 15 seconds. Calls can be concurrent. After an error the destination may have received the event.
	//
	// Errors:
	//
	//   - Unavailable (sink_unreachable, sink_refused), with RetryAfter if the destination requires a delay.
	//   - Unavailable (interrupted) if ctx was canceled. This error says nothing about the destination.
	//   - Rejected (address_not_allowed).
	//
	// An error never contains a URL, a secret or text from the destination.
	Send(ctx context.Context, e OutgoingEvent) error

	// Close releases the connections of the sender. It must be called once, when no call of Send is running any more.
	Close()
}

// Sink is the adapter of one kind of destination.
type Sink interface {
	// Kind returns the kind of destination.
	Kind() events.SinkKind

	// Validate returns the invalid fields of a target that an operator has sent; nil if there are none. It does not
	// connect. Each error has the kind Invalid, and names a field of the request: url, exchange or routingKey.
	Validate(ctx context.Context, t SinkTarget) []*domain.Error

	// Open returns a sender for a valid target. It does not connect; EventSender.Send connects.
	Open(t SinkTarget) EventSender
}
