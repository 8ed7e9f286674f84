// Package lerianmatcher is the sink that keeps transactions in Lerian's Matcher equal to the posted records of
// accounts. It calls Matcher's API for imports; package domain/lerianmatcher decides which calls are needed.
//
// The calls and their rules are those of Matcher 2.1.1, whose source is public (github.com/LerianStudio/matcher).
package lerianmatcher

import (
	"context"
	"crypto/tls"
	_ "embed" // embeds the schema
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The default timeouts of a call and of an upload. The interfaces in package ports promise these limits.
const (
	DefaultTimeout       = 15 * time.Second
	DefaultUploadTimeout = 60 * time.Second
)

// maxSources is the maximum number of sources of a subscription.
const maxSources = 10_000

// Options are the dependencies of the sink.
type Options struct {
	Guard     *egress.Guard // decides which addresses are dialed
	Clock     ports.Clock   // determines when a token expires
	UserAgent string        // sent with every request
	// Shares bounds the connections of each tenant. If it is nil, only the connections of each client are bounded.
	Shares        *egress.ConnectionShares
	Timeout       time.Duration // of a call; 0 means DefaultTimeout
	UploadTimeout time.Duration // of an upload; 0 means DefaultUploadTimeout
	TLS           *tls.Config   // nil means the defaults of crypto/tls
}

// Sink implements ports.MatcherSink.
type Sink struct{ options Options }

var _ ports.MatcherSink = (*Sink)(nil)

// New returns a sink with the given dependencies.
func New(o Options) *Sink {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.UploadTimeout == 0 {
		o.UploadTimeout = DefaultUploadTimeout
	}
	return &Sink{options: o}
}

// Kind is the kind of this sink.
const Kind events.SinkKind = "matcher"

// Kind implements ports.Sink. It returns the constant Kind.
func (*Sink) Kind() events.SinkKind { return Kind }

// Signs implements ports.Sink. It returns false: messages have no signature.
func (*Sink) Signs() bool { return false }

//go:embed schema.json
var schema string

// Schema implements ports.Sink.
func (*Sink) Schema() string { return schema }

// The names of the secrets.
const (
	clientSecretPart  = "clientSecret"
	authorizationPart = "authorization"
)

// The values of the member externalId of the settings.
const (
	byReference = "reference"
	byID        = "id"
)

// members are the public settings.
type members struct {
	URL        string   `json:"url"`
	Auth       *auth    `json:"auth,omitzero"`
	Sources    []source `json:"sources"`
	DateFrom   string   `json:"dateFrom,omitempty"`
	ExternalID string   `json:"externalId"`
}

// auth contains the settings with which the service signs in, without secrets. It is empty if the value of the
// Authorization header is fixed.
type auth struct {
	TokenURL string `json:"tokenUrl,omitempty"`
	ClientID string `json:"clientId,omitempty"`
}

// source names the context and the source of Matcher to which the records of one account are sent.
type source struct {
	Account string `json:"accountId"`
	Context string `json:"contextId"`
	Source  string `json:"sourceId"`
}

// request is the JSON form of the settings in a request.
type request struct {
	URL  string `json:"url"`
	Auth *struct {
		auth

		ClientSecret  string `json:"clientSecret"`
		Authorization string `json:"authorization"`
	} `json:"auth"`
	Sources    []source `json:"sources"`
	DateFrom   string   `json:"dateFrom"`
	ExternalID string   `json:"externalId"`
}

// Parse implements ports.Sink. Both URLs must be https URLs, or http URLs if egress allows connections without TLS.
func (s *Sink) Parse(
	ctx context.Context, requested domain.Secret, stored ports.SinkSettings,
) (ports.SinkSettings, []*domain.Error) {
	r, faults := settings.Decode[request](requested,
		"must have the members url and sources, and may have auth, dateFrom and externalId")
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	m := members{URL: strings.TrimRight(r.URL, "/"), DateFrom: r.DateFrom, ExternalID: r.ExternalID}
	add := func(field, message string) { faults = append(faults, domain.FieldError(field, message)) }
	if message := s.checkURL(ctx, m.URL); message != "" {
		add("url", message)
	}
	if m.ExternalID == "" {
		m.ExternalID = byReference
	}
	if m.ExternalID != byReference && m.ExternalID != byID {
		add("externalId", "must be reference or id")
	}
	if _, err := domain.ParseDate(r.DateFrom); r.DateFrom != "" && err != nil {
		add("dateFrom", "must be a day in the form 2026-01-31")
	}
	var secrets domain.Credential
	m.Auth, secrets = s.parseAuth(ctx, r, m.URL, stored, add)
	m.Sources = parseSources(r.Sources, add)
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	return ports.SinkSettings{Public: settings.Encode(m), Secrets: secrets}, nil
}

// parseAuth returns the settings with which the service signs in, and their secrets. A secret that the request omits is
// kept only if the service sends it to the same addresses as before.
func (s *Sink) parseAuth(
	ctx context.Context, r request, base string, stored ports.SinkSettings, add func(field, message string),
) (*auth, domain.Credential) {
	var none domain.Credential
	before := settings.Stored[members](stored.Public)
	sameURL := before.URL == base
	if r.Auth == nil {
		return nil, none
	}
	a := r.Auth.auth
	if a.TokenURL == "" && a.ClientID == "" && r.Auth.ClientSecret == "" {
		secret := domain.SecretText(r.Auth.Authorization)
		if secret.IsZero() && sameURL && before.Auth != nil && before.Auth.TokenURL == "" {
			secret = stored.Secrets.Part(authorizationPart)
		}
		if secret.IsZero() || !isHeaderValue(string(secret.Reveal())) {
			add("auth", "must have tokenUrl, clientId and clientSecret, or an authorization that a header can contain")
		}
		return &auth{}, domain.NewCredential(map[string]domain.Secret{authorizationPart: secret})
	}
	if r.Auth.Authorization != "" {
		add("auth.authorization", "must not be sent together with tokenUrl, clientId or clientSecret")
	}
	if message := s.checkURL(ctx, a.TokenURL); message != "" {
		add("auth.tokenUrl", message)
	}
	if a.ClientID == "" {
		add("auth.clientId", "must not be empty")
	}
	secret := domain.SecretText(r.Auth.ClientSecret)
	if secret.IsZero() && sameURL && before.Auth != nil && *before.Auth == a {
		secret = stored.Secrets.Part(clientSecretPart)
	}
	if secret.IsZero() {
		add("auth.clientSecret", "must not be empty, because none is stored for this url, tokenUrl and clientId")
	}
	return &a, domain.NewCredential(map[string]domain.Secret{clientSecretPart: secret})
}

// isHeaderValue reports whether a header can contain the text.
func isHeaderValue(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f }) < 0
}

// parseSources validates the sources, and returns them with their ids in lower case.
func parseSources(requested []source, add func(field, message string)) []source {
	if len(requested) > maxSources {
		add("sources", fmt.Sprintf("must have at most %d items", maxSources))
		return nil
	}
	parsed := make([]source, 0, len(requested))
	seen := make(map[string]bool, len(requested))
	for i, one := range requested {
		for _, member := range []struct {
			name string
			id   *string
		}{{"accountId", &one.Account}, {"contextId", &one.Context}, {"sourceId", &one.Source}} {
			id, err := uuid.Parse(*member.id)
			if err != nil || len(*member.id) != 36 || id == uuid.Nil {
				add(fmt.Sprintf("sources[%d].%s", i, member.name), "must be a UUID")
				*member.id = ""
				continue
			}
			*member.id = id.String()
		}
		if one.Account != "" && seen[one.Account] {
			add(fmt.Sprintf("sources[%d].accountId", i), "must not occur twice")
		}
		seen[one.Account] = true
		parsed = append(parsed, one)
	}
	return parsed
}

// checkURL returns the reason why a URL is not allowed, or "".
func (s *Sink) checkURL(ctx context.Context, raw string) string {
	if domain.ValidateBaseURL(raw, s.options.Guard.AllowsPlaintext()) != nil {
		return "must be an absolute https URL with a valid host and port, without userinfo, query or fragment, " +
			"of at most 2048 characters"
	}
	if s.options.Guard.Check(ctx, raw) != nil {
		return "must lead to an address that egress allows"
	}
	return ""
}

// Current implements ports.Sink.
func (*Sink) Current(stored ports.SinkSettings) ports.SinkSettings { return stored }

// MatcherSettings implements ports.MatcherSink.
func (*Sink) MatcherSettings(stored ports.SinkSettings) ports.MatcherSettings {
	m := settings.Stored[members](stored.Public)
	parsed := ports.MatcherSettings{DateFrom: domain.Date(m.DateFrom), ByReference: m.ExternalID == byReference}
	for _, one := range m.Sources {
		id, err := domain.ParseID[domain.Account](one.Account)
		if err == nil {
			parsed.Sources = append(parsed.Sources, ports.MatcherSource{
				Account: id, Target: lerianmatcher.Target{Context: one.Context, Source: one.Source},
			})
		}
	}
	return parsed
}

// Open implements ports.Sink. The sender only tests whether Matcher accepts the credential and knows the first source.
func (s *Sink) Open(t ports.SinkTarget) ports.EventSender {
	return &tester{client: s.open(t), sources: s.MatcherSettings(t.Settings).Sources}
}

// OpenMatcher implements ports.MatcherSink.
func (s *Sink) OpenMatcher(t ports.SinkTarget) ports.MatcherClient { return s.open(t) }

func (s *Sink) open(t ports.SinkTarget) *client {
	m := settings.Stored[members](t.Settings.Public)
	c := newClient(s.options, t.Tenant)
	var base, tokenURL *url.URL
	base, c.err = s.options.Guard.Parse(m.URL)
	if m.Auth != nil && m.Auth.TokenURL != "" && c.err == nil {
		tokenURL, c.err = s.options.Guard.Parse(m.Auth.TokenURL)
	}
	c.base = base
	c.tokens = tokenSource{
		url: tokenURL, secret: t.Settings.Secrets.Part(clientSecretPart),
		fixed: t.Settings.Secrets.Part(authorizationPart),
	}
	if m.Auth != nil {
		c.tokens.clientID = m.Auth.ClientID
	}
	return c
}

// tester implements ports.EventSender.
type tester struct {
	client  *client
	sources []ports.MatcherSource
}

// Send sends no event. To test the connection, it asks Matcher for one import from the context of the first source.
func (t *tester) Send(ctx context.Context, _ ports.OutgoingEvent) (events.SinkAnswer, error) {
	target := lerianmatcher.Target{Context: uuid.Nil.String()}
	if len(t.sources) > 0 {
		target = t.sources[0].Target
	}
	err := t.client.probe(ctx, target)
	return t.client.Answer(), err
}

// Close implements ports.EventSender.
func (t *tester) Close() { t.client.Close() }
