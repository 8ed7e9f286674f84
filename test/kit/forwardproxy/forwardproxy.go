// Package forwardproxy contains an HTTP forward proxy for tests of outgoing calls.
package forwardproxy

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// The credentials that the proxy requires.
const (
	User     = "egress-user"
	Password = "canary-proxy-password"
)

// Proxy is a forward proxy on loopback that supports only CONNECT.
type Proxy struct {
	server *httptest.Server
	names  map[string]string

	mu    sync.Mutex
	asked []string
}

// New starts a proxy that requires User and Password, and stops it when the test ends. names maps addresses with the
// form "host:port" to the addresses to which the proxy connects instead.
func New(t testing.TB, names map[string]string) *Proxy {
	t.Helper()
	p := &Proxy{names: names}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

// URL returns the URL of the proxy with the password.
func (p *Proxy) URL(password string) string {
	u, _ := url.Parse(p.server.URL)
	u.User = url.UserPassword(User, password)
	return u.String()
}

// Asked returns the addresses that clients with the right password have asked for, in their order.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	authorized := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	if user, password, _ := authorized.BasicAuth(); user != User || password != Password {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, r.Host)
	p.mu.Unlock()
	address := r.Host
	if other, ok := p.names[address]; ok {
		address = other
	}
	server, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close()
		return
	}
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
		go func() {
			_, _ = io.Copy(server, buffered)
			_ = server.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(client, server)
	}
	_ = client.Close()
	_ = server.Close()
}
