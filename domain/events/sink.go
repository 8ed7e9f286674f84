package events

// SinkKind is the kind of destination to which a subscription sends its events, such as "webhook". The adapter of a
// kind defines its name.
type SinkKind string

// SubscriptionSink describes where a subscription sends its events. It contains no secrets.
type SubscriptionSink struct {
	Kind     SinkKind
	Settings string // a JSON object, which only the adapter of the kind interprets; see ports.SinkSettings.Public
}
