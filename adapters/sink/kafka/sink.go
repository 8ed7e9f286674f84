// Package kafka is the sink that produces events to a topic of a Kafka cluster.
//
// The key of a message is the subject of the event, so that the events of one resource are in one partition. A message
// has one of two formats:
//
//   - binary (the default): each attribute of the event is a header with the prefix "ce-", and the value is the data.
//     There is also the header content-type: application/json.
//   - structured: the value is the event as CloudEvents 1.0 JSON. The only header is
//     content-type: application/cloudevents+json.
//
// An event is confirmed when all in-sync replicas of its partition have stored it. Messages are not compressed, and the
// producer is not idempotent: an event that is sent again after a failure can be in the topic twice.
package kafka

import (
	"context"
	"crypto/tls"
	_ "embed" // embeds the schema
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// DefaultTimeout bounds an attempt to send an event, including the dials, the login and the confirmation. It is the
// bound that ports.EventSender promises.
const DefaultTimeout = 15 * time.Second

// DefaultTopic is the topic of a subscription whose settings contain no topic. Lerian's streaming library derives the
// same name from events.Source.
const DefaultTopic = "lerian.streaming." + events.Source

// The limits of the settings. maxBrokers is the maximum number of brokers in a request, maxBroker is the maximum length
// of one of them, and maxLogin is the maximum length of a username and of a password, all in bytes.
const (
	maxBrokers = 16
	maxBroker  = 261
	maxLogin   = 1024
)

// Options are the dependencies of the sink.
type Options struct {
	Guard *egress.Guard // decides which addresses are dialed
	// Shares bounds the connections of each tenant. If it is nil, they are not bounded.
	Shares  *egress.ConnectionShares
	Product string        // the name of the client, which the brokers log
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
const Kind events.SinkKind = "kafka"

// Kind implements ports.Sink. It returns the constant Kind.
func (*Sink) Kind() events.SinkKind { return Kind }

// Signs implements ports.Sink. It returns false: messages have no signature.
func (*Sink) Signs() bool { return false }

//go:embed schema.json
var schema string

// Schema implements ports.Sink.
func (*Sink) Schema() string { return schema }

// members is the JSON form of the settings. The stored form contains no password.
type members struct {
	Brokers []string `json:"brokers"`
	Topic   string   `json:"topic,omitzero"`
	TLS     *bool    `json:"tls,omitzero"`
	SASL    *login   `json:"sasl,omitzero"`
	Format  string   `json:"format,omitzero"`
}

// login is the member "sasl" of the settings.
type login struct {
	Mechanism string `json:"mechanism"`
	Username  string `json:"username"`
	Password  string `json:"password,omitzero"`
}

// passwordPart is the name of the only secret of the settings.
const passwordPart = "sasl.password"

const wrongMembers = "must have only the members brokers (a list of text), topic and format (text), tls (a boolean), " +
	"and sasl (an object with the texts mechanism, username and password)"

// Parse implements ports.Sink.
func (s *Sink) Parse(
	ctx context.Context, requested domain.Secret, stored ports.SinkSettings,
) (ports.SinkSettings, []*domain.Error) {
	m, faults := settings.Decode[members](requested, wrongMembers)
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	add := func(field, message string) { faults = append(faults, domain.FieldError(field, message)) }
	if len(m.Brokers) == 0 || len(m.Brokers) > maxBrokers {
		add("brokers", fmt.Sprintf("must have 1 to %d items", maxBrokers))
	} else {
		for i, broker := range m.Brokers {
			if message := s.validateBroker(ctx, broker); message != "" {
				add(fmt.Sprintf("brokers[%d]", i), message)
			}
		}
	}
	if m.Topic != "" && !isTopic(m.Topic) {
		add("topic", `must have at most 249 letters of A to Z, digits, ".", "_" and "-", and must not be "." or ".."`)
	}
	if m.TLS == nil {
		encrypted := !s.options.Guard.AllowsPlaintext()
		m.TLS = &encrypted
	}
	if !*m.TLS && !s.options.Guard.AllowsPlaintext() {
		add("tls", "must be true, because egress does not allow connections without TLS")
	}
	if m.Format != "" && m.Format != settings.Binary && m.Format != settings.Structured {
		add("format", "must be binary or structured")
	}
	var secrets domain.Credential
	if m.SASL != nil {
		password := domain.SecretText(m.SASL.Password)
		m.SASL.Password = ""
		if password.IsZero() && m.keepsPassword(settings.Stored[members](stored.Public)) {
			password = stored.Secrets.Part(passwordPart)
		}
		faults = append(faults, m.SASL.validate(password)...)
		secrets = domain.NewCredential(map[string]domain.Secret{passwordPart: password})
	}
	return ports.SinkSettings{Public: settings.Encode(m), Secrets: secrets}, faults
}

// validateBroker returns the reason why a broker is not valid, or "".
func (s *Sink) validateBroker(ctx context.Context, broker string) string {
	u, err := url.Parse("https://" + broker)
	if err != nil || u.Host != broker || u.Port() == "" || len(broker) > maxBroker ||
		domain.ValidateBaseURL("https://"+broker, false) != nil {
		return "must be host:port, with a valid host and port"
	}
	if s.options.Guard.Check(ctx, "https://"+broker) != nil {
		return "must lead to an address that egress allows"
	}
	return ""
}

// maxTopic is the length of the longest name of a topic.
const maxTopic = 249

var topicName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func isTopic(text string) bool {
	return len(text) <= maxTopic && topicName.MatchString(text) && text != "." && text != ".."
}

// keepsPassword reports whether the settings m may use the stored password. Both settings must have the same mechanism,
// username and TLS setting, and m must have only brokers that the stored settings contain.
func (m members) keepsPassword(stored members) bool {
	return stored.SASL != nil && stored.SASL.Mechanism == m.SASL.Mechanism &&
		stored.SASL.Username == m.SASL.Username && stored.TLS != nil && *stored.TLS == *m.TLS &&
		!slices.ContainsFunc(m.Brokers, func(broker string) bool { return !slices.Contains(stored.Brokers, broker) })
}

func (l login) validate(password domain.Secret) (faults []*domain.Error) {
	if mechanisms[l.Mechanism] == nil {
		faults = append(faults, domain.FieldError("sasl.mechanism", "must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"))
	}
	if !isLogin(l.Username) {
		faults = append(faults, domain.FieldError("sasl.username", "must be text of 1 to 1024 bytes"))
	}
	if !isLogin(string(password.Reveal())) {
		faults = append(faults, domain.FieldError("sasl.password",
			"must be text of 1 to 1024 bytes; it can be omitted only if no broker is new and the login is unchanged"))
	}
	return faults
}

// isLogin reports whether a text can be a username or a password. A NUL is invalid, because it separates the username
// from the password in the mechanism PLAIN.
func isLogin(text string) bool {
	return text != "" && len(text) <= maxLogin && !slices.Contains([]byte(text), 0)
}

// Current implements ports.Sink. It returns stored unchanged, because no earlier version has stored settings in
// another form.
func (*Sink) Current(stored ports.SinkSettings) ports.SinkSettings { return stored }

// Open implements ports.Sink. Each sender has connections of its own.
func (s *Sink) Open(t ports.SinkTarget) ports.EventSender {
	m := settings.Stored[members](t.Settings.Public)
	lifetime, end := context.WithCancel(context.Background())
	sender := &sender{
		options: s.options, dial: s.options.Guard.Dial, leave: func() {}, lifetime: lifetime, end: end,
		settings: m, password: t.Settings.Secrets.Part(passwordPart),
	}
	if s.options.Shares != nil {
		connections := s.options.Shares.Join(t.Tenant, sender.closeIdle)
		sender.dial, sender.leave = connections.Dial(s.options.Guard.Dial), connections.Leave
	}
	if m.TLS == nil || !*m.TLS && !s.options.Guard.AllowsPlaintext() {
		sender.err = egress.NotAllowed("connections without TLS, which egress forbids")
	}
	for _, broker := range m.Brokers {
		if _, err := s.options.Guard.Parse("https://" + broker); err != nil {
			sender.err = err
		}
	}
	return sender
}
