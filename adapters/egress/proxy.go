package egress

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxProxyHeaders is the maximum size of a proxy's response to CONNECT, in bytes.
const maxProxyHeaders = 16 << 10

// Proxy connects to servers through an HTTP proxy, with the method CONNECT (RFC 9110, section 9.3.6). A nil *Proxy
// connects directly.
type Proxy struct {
	address string // host:port
	host    string
	tls     bool // the proxy itself is called with TLS
	auth    http.Header
}

// NewProxy returns the proxy with the URL, whose scheme is http or https, and which may contain a user and a password.
// It returns nil for an empty URL. An error never contains the URL.
func NewProxy(secretURL domain.Secret) (*Proxy, error) {
	if secretURL.IsZero() {
		return nil, nil
	}
	u, err := url.Parse(string(secretURL.Reveal()))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("must be the http or https URL of a proxy, without path and query")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	p := &Proxy{
		address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(), tls: u.Scheme == "https",
		auth: http.Header{},
	}
	if u.User != nil {
		password, _ := u.User.Password()
		p.auth.Set("Proxy-Authorization",
			"Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	return p, nil
}

// Host returns the proxy's host, or "" for a nil *Proxy.
func (p *Proxy) Host() string {
	if p == nil {
		return ""
	}
	return p.host
}

// ProxyError reports that the proxy, not the server behind it, made no connection. Its text is fixed, except the status
// of the proxy's answer.
type ProxyError struct{ cause error }

// Error implements error.
func (e *ProxyError) Error() string { return "the egress proxy: " + e.cause.Error() }

// Unwrap returns the cause: ErrTimeout and so on, or an error about the proxy's answer.
func (e *ProxyError) Unwrap() error { return e.cause }

// ByProxy marks the error for packages that do not import this one.
func (e *ProxyError) ByProxy() {}

// Dial connects to an address with the form "host:port". The proxy resolves the host name. The timeout of the whole is
// 10 s. If the proxy makes no connection, the error is a *ProxyError.
func (p *Proxy) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	if p == nil {
		return dialer.DialContext(ctx, network, address)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*dialTimeout)
	defer cancel()
	conn, err := dialer.DialContext(ctx, network, p.address)
	if err != nil {
		return nil, proxyError(ctx, err)
	}
	if p.tls {
		conn = tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: p.host})
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // interrupts connect
	tunnel, err := p.connect(conn, address)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, proxyError(ctx, err)
	}
	return tunnel, nil
}

// proxyError returns the ProxyError for an error of package net or of connect.
func proxyError(ctx context.Context, err error) *ProxyError {
	if errors.Is(err, errProxyAnswer) {
		return &ProxyError{err}
	}
	return &ProxyError{cmp.Or(CauseOf(ctx, err), errNoConnection)}
}

// The causes of a ProxyError that are no causes of transport errors.
var (
	errProxyAnswer  = errors.New("it answered CONNECT")
	errNoConnection = errors.New("no connection")
)

// connect asks the proxy for a connection to the address, and returns conn as the connection to it.
func (p *Proxy) connect(conn net.Conn, address string) (net.Conn, error) {
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: p.auth,
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	headers := &io.LimitedReader{R: conn, N: maxProxyHeaders}
	buffered := bufio.NewReader(headers)
	response, err := http.ReadResponse(buffered, request)
	if err != nil {
		if CauseOf(context.Background(), err) == nil {
			err = fmt.Errorf("%w, but not in HTTP", errProxyAnswer)
		}
		return nil, err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w with status %d", errProxyAnswer, response.StatusCode)
	}
	early, err := buffered.Peek(buffered.Buffered()) // the first bytes of a server that speaks first
	if err != nil {
		return nil, err
	}
	if len(early) == 0 {
		return conn, nil
	}
	return &tunnel{conn, early}, nil
}

// tunnel is a connection whose first bytes have been read already.
type tunnel struct {
	net.Conn
	early []byte
}

// Read implements net.Conn.
func (t *tunnel) Read(p []byte) (int, error) {
	if len(t.early) == 0 {
		return t.Conn.Read(p)
	}
	n := copy(p, t.early)
	t.early = t.early[n:]
	return n, nil
}

// dialThroughProxy connects through the proxy. If the host name resolves here, each of its addresses must be allowed.
// Otherwise the host must be one of the guard's proxy hosts, because only the proxy knows its address.
func (g *Guard) dialThroughProxy(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	lookup, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := g.lookup(lookup, host)
	known := g.proxyHosts[strings.ToLower(strings.TrimSuffix(host, "."))]
	switch missing := (*net.DNSError)(nil); {
	case err == nil:
		for _, addr := range found {
			if g.addresses.SafeAddr(addr.Unmap().WithZone("")) != nil {
				return nil, ErrForbiddenAddress
			}
		}
	case known:
	case errors.As(err, &missing) && missing.IsNotFound:
		return nil, ErrForbiddenAddress
	default:
		return nil, err
	}
	return g.proxy.Dial(ctx, network, address)
}
