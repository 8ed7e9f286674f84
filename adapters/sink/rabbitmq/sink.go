// Package rabbitmq is the sink that publishes events to an exchange of a RabbitMQ broker, with AMQP 0-9-1.
//
// A sender has one connection with one channel. It declares the exchange of its subscription as a durable topic
// exchange. If the exchange exists with another type or other properties, every event fails with sink_refused.
//
// A message is persistent, and has one of two formats:
//
//   - structured (the default): the body is the event as CloudEvents 1.0 JSON.
//   - binary: each attribute of the event is a header with the prefix "ce-", and the body is the data.
//
// It has these properties:
//
//	content-type: application/cloudevents+json, or application/json in binary mode
//	message-id: the id of the event, the same in every attempt
//	type: the type of the event, which is also the routing key unless the subscription has one
//	timestamp: the time of the event
//
// An event is confirmed when the broker has confirmed the message (publisher confirms). Concurrent events share the
// channel. No event waits for the confirmation of another one.
//
// Messages are published without the AMQP flag "mandatory". The broker therefore confirms and drops a message that no
// queue gets. A consumer has to bind its queue before the subscription is created.
package rabbitmq

import (
	"context"
	"crypto/tls"
	_ "embed" // embeds the schema
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// DefaultTimeout bounds an attempt to send an event, including the dial, the login and the confirmation. The sum of
// DefaultTimeout and closeTimeout is the bound that ports.EventSender promises.
const DefaultTimeout = 15*time.Second - closeTimeout

// maxName is the maximum length of the name of an exchange, or of a routing key, in bytes. It is the limit for a short
// string in AMQP.
const maxName = 255

// Options are the dependencies of the sink.
type Options struct {
	Guard *egress.Guard // decides which addresses are dialed
	// Shares bounds the connections of each tenant. If it is nil, they are not bounded.
	Shares  *egress.ConnectionShares
	Product string        // the name of the client, which the broker shows
	Timeout time.Duration // the timeout of an attempt; 0 means DefaultTimeout
	TLS     *tls.Config   // nil means the defaults of crypto/tls
}

// Sink implements ports.Sink.
type Sink struct{ options Options }

var _ ports.Sink = (*Sink)(nil)

// New returns a sink with the given dependencies.
func New(o Options) *Sink {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return &Sink{options: o}
}

// Kind is the kind of this sink.
const Kind events.SinkKind = "rabbitmq"

// Kind implements ports.Sink. It returns the constant Kind.
func (*Sink) Kind() events.SinkKind { return Kind }

// Signs implements ports.Sink. It returns false: messages have no signature.
func (*Sink) Signs() bool { return false }

//go:embed schema.json
var schema string

// Schema implements ports.Sink.
func (*Sink) Schema() string { return schema }

// members is the JSON form of the settings in a request, and of the public settings in the store.
type members struct {
	URL        string `json:"url"`
	Exchange   string `json:"exchange"`
	RoutingKey string `json:"routingKey,omitzero"`
	Format     string `json:"format,omitzero"`
}

const wrongMembers = "must have only the members url, exchange, routingKey and format (text)"

// Parse implements ports.Sink. The URL has the form amqps://user:password@host:port/vhost. The scheme amqp is also
// valid if egress allows connections without TLS. A query is not allowed, because parameters such as cacertfile would
// name files of this machine.
func (s *Sink) Parse(
	ctx context.Context, requested domain.Secret, stored ports.SinkSettings,
) (ports.SinkSettings, []*domain.Error) {
	m, faults := settings.Decode[members](requested, wrongMembers)
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	fault := s.validateURL(ctx, m.URL)
	var u settings.URL
	if fault == nil {
		u, fault = settings.ParseURL(m.URL, urlOf(stored))
	}
	if fault != nil {
		faults = append(faults, fault)
	}
	if m.Exchange == "" || strings.HasPrefix(m.Exchange, "amq.") || !isName(m.Exchange) {
		faults = append(faults, domain.FieldError("exchange",
			`must be text of at most 255 bytes that does not begin with "amq."`))
	}
	if !isName(m.RoutingKey) {
		faults = append(faults, domain.FieldError("routingKey", "must be text of at most 255 bytes"))
	}
	if m.Format != "" && m.Format != settings.Binary && m.Format != settings.Structured {
		faults = append(faults, domain.FieldError("format", "must be binary or structured"))
	}
	m.URL = u.Public
	return ports.SinkSettings{Public: settings.Encode(m), Secrets: u.Secrets}, faults
}

func urlOf(stored ports.SinkSettings) settings.URL {
	return settings.URL{Public: settings.Stored[members](stored.Public).URL, Secrets: stored.Secrets}
}

// Current implements ports.Sink. It returns stored unchanged, because no earlier version has stored settings in
// another form.
func (*Sink) Current(stored ports.SinkSettings) ports.SinkSettings { return stored }

func isName(text string) bool {
	return len(text) <= maxName && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func (s *Sink) validateURL(ctx context.Context, raw string) *domain.Error {
	b, ok := s.parseURL(raw)
	if !ok {
		return domain.FieldError("url", "must be an absolute amqps URL with a valid host and port, with a user and "+
			"a password, without query or fragment, of at most 2048 characters")
	}
	if s.options.Guard.Check(ctx, b.guarded()) != nil {
		return domain.FieldError("url", "must lead to an address that egress allows")
	}
	return nil
}

// broker is the parsed URL of a broker.
type broker struct {
	amqp.URI
	host string // with the port, if the URL has one
}

// parseURL parses the URL of a broker. ok is false if the URL or its scheme is not allowed.
func (s *Sink) parseURL(raw string) (b broker, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > domain.MaxBaseURL || u.User == nil || u.User.Username() == "" || u.Opaque != "" ||
		u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		return broker{}, false
	}
	if u.Scheme != "amqps" && (u.Scheme != "amqp" || !s.options.Guard.AllowsPlaintext()) {
		return broker{}, false
	}
	if b.URI, err = amqp.ParseURI(raw); err != nil || len(b.Vhost) > maxName {
		return broker{}, false
	}
	b.host = u.Host
	return b, domain.ValidateBaseURL(b.guarded(), false) == nil
}

// guarded returns the broker's host and port as an https URL, which is the form that the egress guard checks.
func (b broker) guarded() string { return "https://" + b.host }

// Open implements ports.Sink. Each sender has a connection of its own.
func (s *Sink) Open(t ports.SinkTarget) ports.EventSender {
	m := settings.Stored[members](t.Settings.Public)
	lifetime, end := context.WithCancel(context.Background())
	sender := &sender{
		options: s.options, dial: s.options.Guard.Dial, leave: func() {},
		exchange: m.Exchange, routingKey: m.RoutingKey, format: m.Format, lifetime: lifetime, end: end,
	}
	if s.options.Shares != nil {
		connections := s.options.Shares.Join(t.Tenant, nil)
		sender.dial, sender.leave = connections.Dial(s.options.Guard.Dial), connections.Leave
	}
	b, ok := s.parseURL(urlOf(t.Settings).Full())
	if !ok {
		sender.err = egress.NotAllowed("not a valid URL, or a scheme that egress forbids")
	} else if _, err := s.options.Guard.Parse(b.guarded()); err != nil {
		sender.err = err
	}
	sender.secrets = func() []domain.Secret { return []domain.Secret{domain.SecretText(b.Password)} }
	sender.broker = func() broker { return b } // a closure, because fmt would print the password if b were a field
	return sender
}
