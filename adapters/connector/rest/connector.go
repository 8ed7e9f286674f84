// Package rest is the connector type "rest-generic": an engine connection to an HTTP
// API.
//
// Its configuration is
//
//	{"url": "https://api.example.com/v1/ping", "auth": "header", "authHeader": "X-Api-Key", "headers": {"Accept": "application/json"}}
//
// where url is what a probe reads, headers are sent along and hold no credential, and
// auth says what becomes of the credential: "none" (the default; no parts), "basic"
// (username, password; RFC 7617), "bearer" (token; RFC 6750) or "header" (value, sent in
// the header that authHeader names).
package rest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Bounds of a probe: its time, and the bytes of an answer that are read.
const (
	probeTimeout = 10 * time.Second
	maxHeaders   = 64 << 10
	maxBody      = 64 << 10
)

// Options are what the connector needs from outside.
type Options struct {
	// Addresses checks the URL when a connection is configured. Nil checks nothing.
	Egress ports.EgressGuard
	// Control sees each address just before it is dialled (net.Dialer.Control), and
	// refuses it by an error. Nil refuses nothing.
	Control func(network, address string, raw syscall.RawConn) error
	// AllowHTTP takes http URLs besides https ones.
	AllowHTTP bool
	// TLS replaces the system's trust; nil keeps it.
	TLS *tls.Config
}

// Connector is the connector type. It is safe for concurrent use.
type Connector struct {
	options Options
	client  *http.Client
}

var _ ports.Connector = (*Connector)(nil)

// New makes the connector. It keeps no connection open between probes, follows no
// redirect and knows no proxy: each would carry a credential where nobody has checked.
func New(o Options) *Connector {
	c := &Connector{options: o}
	dialer := &net.Dialer{Control: c.control}
	c.client = &http.Client{
		Timeout:       probeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: o.TLS, DisableKeepAlives: true,
			MaxResponseHeaderBytes: maxHeaders,
		},
	}
	return c
}

// Type is "rest-generic".
func (*Connector) Type() domain.ConnectorType { return "rest-generic" }

// Category is rest.
func (*Connector) Category() domain.Category { return domain.CategoryREST }

// Validate implements ports.Connector. The canonical form has every default written out
// and the names of headers in their usual case.
func (c *Connector) Validate(ctx context.Context, raw json.RawMessage, credential domain.Credential) (json.RawMessage, error) {
	cfg, faults := read(raw, c.options.AllowHTTP)
	faults = append(faults, judge(cfg.Auth, credential)...)
	if len(faults) > 0 {
		return nil, domain.Join(faults)
	}
	if c.options.Egress != nil {
		if err := c.options.Egress.Check(ctx, cfg.URL); err != nil {
			return nil, err
		}
	}
	return json.Marshal(cfg)
}

// Probe reads the URL once; an answer of 200 to 299 is healthy, and named ("200 OK").
// Errors: Rejected (credential_rejected for 401, access_denied for 403, account_not_found
// for 404 and 410, address_not_allowed); Unavailable (vendor_rate_limited for 429,
// vendor_unreachable for no answer, 408 and 5xx, malformed_response for the rest,
// redirects among them).
func (c *Connector) Probe(ctx context.Context, raw json.RawMessage, credential domain.Credential) (string, error) {
	cfg, faults := read(raw, c.options.AllowHTTP)
	if faults = append(faults, judge(cfg.Auth, credential)...); len(faults) > 0 {
		return "", domain.Join(faults)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.URL, nil)
	if err != nil {
		return "", unreachable(errSetup)
	}
	cfg.dress(request, credential)
	answer, err := c.client.Do(request)
	if err != nil {
		return "", translate(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	// Reading on is a courtesy to the peer; what it says is not looked at.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody))
	if err := judgeStatus(answer); err != nil {
		return "", err
	}
	return strconv.Itoa(answer.StatusCode) + " " + http.StatusText(answer.StatusCode), nil
}

// control marks a refusal, so that translate knows it again below the client's own errors.
func (c *Connector) control(network, address string, raw syscall.RawConn) error {
	if c.options.Control == nil || c.options.Control(network, address, raw) == nil {
		return nil
	}
	return notAllowed()
}
