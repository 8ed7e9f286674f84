package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// SinkSettings are the settings of a destination. Only the sink interprets them.
type SinkSettings struct {
	Public  string            // a JSON object without secrets; it is stored in clear, and responses contain it
	Secrets domain.Credential // stored encrypted, and never returned
}

// SinkTarget is the destination of one subscription.
type SinkTarget struct {
	Tenant         domain.TenantID // the tenant of the subscription; it has a share of the connections to receivers
	Settings       SinkSettings    // a result of Sink.Parse or Sink.Current
	SigningSecrets []domain.Secret // the keys that sign an event, newest first; nil if the sink does not sign
}

// OutgoingEvent is an event in the form in which a sink gets it. The sink chooses the format of the message.
type OutgoingEvent = events.CloudEvent

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
	// An error never contains a URL, a secret or text from the destination. The answer is that of the destination,
	// also together with an error. It is zero if there was none.
	Send(ctx context.Context, e OutgoingEvent) (events.SinkAnswer, error)

	// Close releases the connections of the sender. It must be called once, when no call of Send is running any more.
	Close()
}

// Sink is the adapter of one kind of destination.
type Sink interface {
	// Kind returns the kind of destination.
	Kind() events.SinkKind

	// Signs reports whether events are signed with the secret of the subscription.
	Signs() bool

	// Schema returns the JSON Schema of the settings in a request. The schema describes an object. The object has a
	// description, and each member has a description and an example. Members with writeOnly are secrets, and never
	// part of SinkSettings.Public. The member "kind" is not part of the schema.
	Schema() string

	// Parse validates the settings that an operator has sent, a JSON object, and checks the addresses against the
	// egress rules. It returns the settings to store. An omitted secret keeps its stored value if the new
	// settings send it to the same place. stored is the zero value for a new subscription. Parse does not
	// connect.
	//
	// It returns one error for each invalid field, or nil if there are none. Each error has the kind Invalid and
	// names a field of the settings, or no field if the settings as a whole are invalid. It contains no part of
	// the settings.
	Parse(ctx context.Context, requested domain.Secret, stored SinkSettings) (SinkSettings, []*domain.Error)

	// Current converts stored settings to the form of this version. If an earlier version stored a secret in clear,
	// Current moves the secret from Public to Secrets.
	Current(stored SinkSettings) SinkSettings

	// Open returns a sender for a valid target. It does not connect; EventSender.Send connects.
	Open(t SinkTarget) EventSender
}
