package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Defaults of [TransportConfig].
const (
	DefaultMaxBody = 1 << 20
	maxHeaders     = 64 << 10
	tlsTimeout     = 5 * time.Second
)

// The errors of responses that a [Transport] refuses.
var (
	ErrSwitchedProtocols = errors.New("the server switched protocols (101)")
	ErrBodyTooLarge      = errors.New("response above the size limit")
)

// TransportConfig configures a [Transport].
type TransportConfig struct {
	// Dial connects to a server. Hosts that tenants choose need [Guard.Dial]. Nil means a net.Dialer that connects to
	// every address, with a timeout of 5 s.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is the TLS configuration, which is cloned; nil means the defaults of crypto/tls.
	TLS *tls.Config
	// Timeout bounds an exchange, from the dial to the last byte of the response's body. Zero means that only the
	// context of the request bounds it.
	Timeout time.Duration
	// MaxBody is the maximum number of bytes of a response's body, before and after decompression. Zero means
	// DefaultMaxBody, and a negative value means no limit.
	MaxBody int64
	// Compressed asks servers to compress their responses. The caller then reads them decompressed.
	Compressed bool
	// MaxConns is the maximum number of connections to a host; zero means no limit.
	MaxConns int
	// IdleTimeout is how long a connection without requests is kept open. Zero means that each connection serves one
	// request.
	IdleTimeout time.Duration
	// MaxIdle is the maximum number of idle connections; zero means no limit. MaxIdlePerHost is the maximum number of
	// idle connections to one host; zero means 2.
	MaxIdle, MaxIdlePerHost int
	// Proxy returns the proxy for a request; see http.Transport. Nil means no proxy. A proxy dials addresses that Dial
	// does not check, so only hosts that the operator of the service chooses may be called through one.
	Proxy func(*http.Request) (*url.URL, error)
}

// Transport is an http.RoundTripper for servers that are not trusted. An exchange ends within its bounds, whatever the
// server sends:
//
//   - At its timeout or at the end of its context, its connection is closed.
//   - The headers of a response, including all informational responses (1xx) before it, have at most 64 KiB.
//   - Reading a body beyond its limit returns ErrBodyTooLarge. The trailers after a chunked body have at most 4 KiB.
//   - For a response with the status 101, RoundTrip returns ErrSwitchedProtocols and closes the connection. net/http
//     would return the connection as the body, and neither a timeout nor a context would close it.
//   - Only HTTP/1.1 is used, because an HTTP/2 server can send frames that belong to no request and have no bound.
//
// Create it with NewTransport. It is safe for concurrent use. It follows no redirect and stores no cookie.
type Transport struct {
	base       *http.Transport
	timeout    time.Duration
	maxBody    int64
	compressed bool
}

// NewTransport returns a transport. The caller must call CloseIdleConnections when it is no longer used, unless
// IdleTimeout is zero.
func NewTransport(cfg TransportConfig) *Transport {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	handshake := tlsTimeout
	if cfg.Timeout > 0 { // otherwise a handshake in the background would outlive its exchange
		handshake = min(handshake, cfg.Timeout)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	base := &http.Transport{
		Proxy:                  cfg.Proxy,
		DialContext:            cfg.Dial,
		TLSClientConfig:        http1Only(cfg.TLS),
		TLSHandshakeTimeout:    handshake,
		Protocols:              protocols,
		DisableCompression:     true, // see decompress
		DisableKeepAlives:      cfg.IdleTimeout == 0,
		IdleConnTimeout:        cfg.IdleTimeout,
		MaxIdleConns:           cfg.MaxIdle,
		MaxIdleConnsPerHost:    cfg.MaxIdlePerHost,
		MaxConnsPerHost:        cfg.MaxConns,
		MaxResponseHeaderBytes: maxHeaders,
	}
	return &Transport{base: base, timeout: cfg.Timeout, maxBody: cfg.MaxBody, compressed: cfg.Compressed}
}

// http1Only returns a copy of cfg that offers only HTTP/1.1.
func http1Only(cfg *tls.Config) *tls.Config {
	if cfg = cfg.Clone(); cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg.NextProtos = []string{"http/1.1"}
	return cfg
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := t.bound(r.Context())
	if r = r.WithContext(ctx); t.compressed {
		r = acceptGzip(r)
	}
	response, err := t.base.RoundTrip(r)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		cancel()
		_ = response.Body.Close()
		return nil, ErrSwitchedProtocols
	}
	response.Body = t.boundBody(response.Body, cancel)
	if t.compressed {
		decompress(response)
		response.Body = t.boundBody(response.Body, cancel)
	}
	return response, nil
}

func (t *Transport) boundBody(body io.ReadCloser, end context.CancelFunc) io.ReadCloser {
	return &boundedBody{ReadCloser: body, end: end, left: t.maxBody, unbounded: t.maxBody < 0}
}

// bound returns a context that also ends after the timeout of the transport, if it has one.
func (t *Transport) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.timeout > 0 {
		return context.WithTimeout(ctx, t.timeout)
	}
	return context.WithCancel(ctx)
}

// CloseIdleConnections closes the connections that serve no request.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// UsesProxy reports whether requests can be sent through a proxy. Tests call it because they cannot set a proxy in the
// environment: net/http reads the environment only once in a process.
func (t *Transport) UsesProxy() bool { return t.base.Proxy != nil }

// NewClient returns a client with a [Transport]. It returns a redirect as a response instead of following it.
func NewClient(cfg TransportConfig) *http.Client {
	return &http.Client{
		Transport:     NewTransport(cfg),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// boundedBody is the body of a response. Reading more than left bytes returns ErrBodyTooLarge, unless unbounded is set.
type boundedBody struct {
	io.ReadCloser
	end       context.CancelFunc // releases the context of the exchange
	left      int64
	unbounded bool
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if !b.unbounded && int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one byte more tells a body of the maximum size from a larger one
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	if b.unbounded {
		return n, err
	}
	if int64(n) > b.left {
		n, b.left = int(b.left), 0
		b.end()
		return n, ErrBodyTooLarge
	}
	b.left -= int64(n)
	return n, err
}

// Close implements io.Closer.
func (b *boundedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
