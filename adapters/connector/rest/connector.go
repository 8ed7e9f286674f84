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
// A probe requests the URL in "url" and sends the headers in "headers", which must not contain a credential. The member
// "auth" determines how the credential is sent and which parts it has:
//
//   - "none" (the default): no credential, no parts
//   - "basic": HTTP Basic (RFC 7617) with the parts "username" and "password"
//   - "bearer": a bearer token (RFC 6750) from the part "token"
//   - "header": the part "value", sent in the header that "authHeader" names
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

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// DefaultTimeout bounds a probe, including the dial and the response.
const DefaultTimeout = 10 * time.Second

// maxBody is the maximum number of bytes that a probe reads of a response's body.
const maxBody = 64 << 10

// Options are the dependencies of the connector.
type Options struct {
	// Egress checks the URL when a connection is configured. Nil allows every URL.
	Egress ports.EgressGuard
	// Control is called with each IP address just before the probe connects to it (see
	// net.Dialer.Control). It rejects the address by returning an error. Nil allows every address.
	Control func(network, address string, raw syscall.RawConn) error
	// AllowHTTP allows http URLs in addition to https URLs.
	AllowHTTP bool
	// TLS is the TLS configuration of probes, for example to replace the root certificates of the
	// system. Nil means the defaults of crypto/tls.
	TLS *tls.Config
	// Timeout bounds a probe; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Connector is the connector type "rest-generic". It is safe for concurrent use.
type Connector struct {
	options Options
	client  *http.Client
}

var _ ports.Connector = (*Connector)(nil)

// New returns a connector with the given dependencies. It does not follow redirects and does not use a proxy, because
// both would send a credential to an address that was not checked. Each probe opens a new connection, so that the
// address is checked again.
func New(o Options) *Connector {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	c := &Connector{options: o}
	dialer := &net.Dialer{Control: c.control}
	c.client = egress.NewClient(egress.TransportConfig{
		Dial: dialer.DialContext, TLS: o.TLS, Timeout: o.Timeout, MaxBody: maxBody,
	})
	return c
}

// Type returns "rest-generic".
func (*Connector) Type() domain.ConnectorType { return "rest-generic" }

// Category returns domain.CategoryREST.
func (*Connector) Category() domain.Category { return domain.CategoryREST }

// Validate implements ports.Connector. The returned canonical form contains every default, and the
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

// Probe requests the URL once. A status of 200 to 299 means that the peer is healthy; Probe then returns the status
// ("200 OK"). Errors:
//
//   - Rejected: credential_rejected for 401; access_denied for 403; account_not_found for 404 and 410;
//     address_not_allowed
//   - Unavailable: vendor_rate_limited for 429; vendor_unreachable for 408, 5xx and a missing response;
//     malformed_response for all other statuses, including redirects
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
	// Reading the body lets the peer end the response normally. The content is ignored.
	_, _ = io.Copy(io.Discard, response.Body)
	if err := statusError(response); err != nil {
		return "", err
	}
	return strconv.Itoa(response.StatusCode) + " " + http.StatusText(response.StatusCode), nil
}

// control calls Options.Control. If Options.Control rejects the address, control returns the result of notAllowed.
// net/http wraps this error, so probeError uses errors.As to find it.
func (c *Connector) control(network, address string, raw syscall.RawConn) error {
	if c.options.Control == nil || c.options.Control(network, address, raw) == nil {
		return nil
	}
	return notAllowed()
}
