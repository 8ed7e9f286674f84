// Package rest is the connector type "rest-generic": an engine connection to an HTTP
// API.
//
// Its configuration is
//
//	{
//	  "url": "https://api.example.com/v1/ping",
//	  "auth": "header", "authHeader": "X-Api-Key",
//	  "headers": {"Accept": "application/json"}
//	}
//
// where url is what a probe requests, headers are sent with it and contain no credential,
// and auth is how the credential is sent: "none" (the default; no parts), "basic"
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

// Bounds of a probe: its time, and the bytes of a response that are read.
const (
	probeTimeout = 10 * time.Second
	maxHeaders   = 64 << 10
	maxBody      = 64 << 10
)

// Options are the dependencies of the connector.
type Options struct {
	// Egress checks the URL when a connection is configured. Nil allows every URL.
	Egress ports.EgressGuard
	// Control is called with each address just before it is dialled (net.Dialer.Control), and
	// rejects it by returning an error. Nil allows every address.
	Control func(network, address string, raw syscall.RawConn) error
	// AllowHTTP allows http URLs in addition to https ones.
	AllowHTTP bool
	// TLS replaces the system's root certificates; nil uses them.
	TLS *tls.Config
}

// Connector is the connector type. It is safe for concurrent use.
type Connector struct {
	options Options
	client  *http.Client
}

var _ ports.Connector = (*Connector)(nil)

// New returns the connector. It keeps no connection open between probes, follows no
// redirect and uses no proxy: each would send a credential to an unchecked address.
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

// Type returns "rest-generic".
func (*Connector) Type() domain.ConnectorType { return "rest-generic" }

// Category returns rest.
func (*Connector) Category() domain.Category { return domain.CategoryREST }

// Validate implements ports.Connector. The canonical form contains every default, and the
// header names in canonical case.
func (c *Connector) Validate(ctx context.Context, raw json.RawMessage,
	credential domain.Credential,
) (json.RawMessage, error) {
	cfg, errs := decodeConfig(raw, c.options.AllowHTTP)
	errs = append(errs, validateCredential(cfg.Auth, credential)...)
	if len(errs) > 0 {
		return nil, domain.Join(errs)
	}
	if c.options.Egress != nil {
		if err := c.options.Egress.Check(ctx, cfg.URL); err != nil {
			return nil, err
		}
	}
	return json.Marshal(cfg)
}

// Probe requests the URL once. A status of 200 to 299 is healthy, and is returned ("200 OK").
// Errors: Rejected (credential_rejected for 401, access_denied for 403, account_not_found
// for 404 and 410, address_not_allowed); Unavailable (vendor_rate_limited for 429,
// vendor_unreachable for no response, 408 and 5xx, malformed_response for all others,
// redirects included).
func (c *Connector) Probe(ctx context.Context, raw json.RawMessage, credential domain.Credential) (string, error) {
	cfg, errs := decodeConfig(raw, c.options.AllowHTTP)
	if errs = append(errs, validateCredential(cfg.Auth, credential)...); len(errs) > 0 {
		return "", domain.Join(errs)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.URL, nil)
	if err != nil {
		return "", unreachable(errSetup)
	}
	cfg.setHeaders(request, credential)
	response, err := c.client.Do(request)
	if err != nil {
		return "", probeError(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	// The body is read as a courtesy to the peer; its content is ignored.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	if err := statusError(response); err != nil {
		return "", err
	}
	return strconv.Itoa(response.StatusCode) + " " + http.StatusText(response.StatusCode), nil
}

// control returns an error that probeError recognises inside the client's own errors.
func (c *Connector) control(network, address string, raw syscall.RawConn) error {
	if c.options.Control == nil || c.options.Control(network, address, raw) == nil {
		return nil
	}
	return notAllowed()
}
