// Package webhook is the sink that posts events to an HTTP endpoint, as Standard Webhooks describes.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//
// A request has the event as its body (CloudEvents 1.0 JSON, structured mode) and these headers:
//
//	content-type: application/cloudevents+json
//	webhook-id: the id of the event, the same in every attempt
//	webhook-timestamp: the time of the attempt, in seconds since 1970
//	webhook-signature: "v1," and the signature in base64; one for each secret, separated by spaces
//	x-webhook-timestamp: like webhook-timestamp
//	x-webhook-signature: "v1,sha256=" and the signature in hexadecimal digits, in the form of Lerian's services
//
// and the headers of the subscription's settings.
//
// A status of 200 to 299 confirms the event. Every other status is a failure, including 410 and redirects. Redirects
// are not followed. The body of a response is ignored.
//
// No proxy is used, because a proxy would dial addresses that the egress guard has not checked.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed" // embeds the schema
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// DefaultTimeout bounds an attempt to send an event, including the dial and the response. It is the bound that
// ports.EventSender promises.
const DefaultTimeout = 15 * time.Second

// parallel is the maximum number of connections that a sender opens and keeps open. A subscription sends up to 16
// events at the same time.
const parallel = 16

// Options are the dependencies of the sink.
type Options struct {
	Guard     *egress.Guard // decides which addresses are dialed
	Clock     ports.Clock   // provides the time of the signature
	UserAgent string        // sent with every request
	// Shares bounds the connections of each tenant. If it is nil, only the connections of each sender are bounded.
	Shares  *egress.ConnectionShares
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
const Kind events.SinkKind = "webhook"

// Kind implements ports.Sink. It returns the constant Kind.
func (*Sink) Kind() events.SinkKind { return Kind }

// Signs implements ports.Sink. It returns true.
func (*Sink) Signs() bool { return true }

//go:embed schema.json
var schema string

// Schema implements ports.Sink.
func (*Sink) Schema() string { return schema }

// members is the JSON form of the settings in a request, and of the public settings in the store.
type members struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"` // only in a request; nil keeps the stored headers
}

// Parse implements ports.Sink. The URL must be an https URL, or an http URL if egress allows connections without TLS.
// It can have a query, but no userinfo and no fragment.
func (s *Sink) Parse(
	ctx context.Context, requested domain.Secret, stored ports.SinkSettings,
) (ports.SinkSettings, []*domain.Error) {
	m, faults := settings.Decode[members](requested,
		"must have only the members url, which is text, and headers, an object of texts")
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	faults = checkHeaders(m.Headers)
	if fault := s.validateURL(ctx, settings.WithoutHiddenQuery(m.URL)); fault != nil {
		faults = append(faults, fault)
	}
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	before := urlOf(stored)
	u, fault := settings.ParseURL(m.URL, before)
	if fault != nil {
		return ports.SinkSettings{}, []*domain.Error{fault}
	}
	own := headerSecrets(m.Headers)
	if m.Headers == nil && domain.SameURLAccount(u.Public, before.Public) {
		own = storedHeaders(stored.Secrets)
	}
	return settingsOf(u, own), nil
}

func urlOf(stored ports.SinkSettings) settings.URL {
	return settings.CurrentURL(settings.Stored[members](stored.Public).URL, stored.Secrets)
}

// settingsOf returns the settings with the URL and the headers.
func settingsOf(u settings.URL, headers map[string]domain.Secret) ports.SinkSettings {
	for _, name := range u.Secrets.Names() {
		headers[name] = u.Secrets.Part(name)
	}
	return ports.SinkSettings{Public: settings.Encode(members{URL: u.Public}), Secrets: domain.NewCredential(headers)}
}

// Current implements ports.Sink. An earlier version stored the query of the URL in plain text.
func (*Sink) Current(stored ports.SinkSettings) ports.SinkSettings {
	return settingsOf(urlOf(stored), storedHeaders(stored.Secrets))
}

func (s *Sink) validateURL(ctx context.Context, raw string) *domain.Error {
	base, query := splitQuery(raw)
	if domain.ValidateBaseURL(base, s.options.Guard.AllowsPlaintext()) != nil || !isQuery(query) ||
		len(raw) > domain.MaxBaseURL {
		return domain.FieldError("url", "must be an absolute https URL with a valid host and port, "+
			"without userinfo or fragment, of at most 2048 characters")
	}
	if s.options.Guard.Check(ctx, base) != nil {
		return domain.FieldError("url", "must lead to an address that egress allows")
	}
	return nil
}

// parseURL returns the URL of a target. It returns Rejected (address_not_allowed) if the URL is not allowed, for
// example because egress no longer allows connections without TLS.
func (s *Sink) parseURL(raw string) (*url.URL, error) {
	base, query := splitQuery(raw)
	u, err := s.options.Guard.Parse(base)
	if err != nil {
		return nil, err
	}
	if !isQuery(query) {
		return nil, egress.NotAllowed("not a valid URL")
	}
	u.RawQuery = query
	return u, nil
}

func splitQuery(raw string) (base, query string) {
	base, query, _ = strings.Cut(raw, "?")
	return base, query
}

// isQuery reports whether text can be sent as the query of a request line. All printable ASCII characters are allowed,
// except the space and "#".
func isQuery(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) < 0
}

// hidden returns the secrets of a target: the keys, as text and as they sign, and those of the settings.
func hidden(t ports.SinkTarget) (all []domain.Secret) {
	for _, name := range t.Settings.Secrets.Names() {
		all = append(all, t.Settings.Secrets.Part(name))
	}
	for _, secret := range t.SigningSecrets {
		text, _ := bytes.CutPrefix(secret.Reveal(), []byte(secretPrefix))
		all = append(all, secret, domain.NewSecret(text))
	}
	return all
}

// Open implements ports.Sink. Each sender has connections of its own, which it keeps open between events.
func (s *Sink) Open(t ports.SinkTarget) ports.EventSender {
	sign, signErr := newSigner(t.SigningSecrets)
	target, urlErr := s.parseURL(urlOf(t.Settings).Full())
	own := storedHeaders(t.Settings.Secrets)
	dial := egress.DialFunc(s.options.Guard.Dial)
	sender := &sender{
		options: s.options, sign: sign, leave: func() {},
		headers: own, secrets: func() []domain.Secret { return hidden(t) },
		target: func() *url.URL { return target }, // a closure, because fmt would print a URL that is a field
		transport: egress.NewTransport(egress.TransportConfig{
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dial(ctx, network, address)
			},
			TLS: s.options.TLS, Timeout: s.options.Timeout, MaxBody: maxBody,
			MaxConns: parallel, MaxIdle: parallel, MaxIdlePerHost: parallel, IdleTimeout: time.Minute,
		}),
	}
	if s.options.Shares != nil {
		connections := s.options.Shares.Join(t.Tenant, sender.transport.CloseIdleConnections)
		dial, sender.leave = connections.Dial(dial), connections.Leave
	}
	if sender.err = signErr; urlErr != nil {
		sender.err = urlErr
	}
	return sender
}
