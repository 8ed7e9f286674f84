package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/forwardproxy"
)

// proxied returns a guard behind the proxy that allows loopback addresses, and knows the names of addressBook.
func proxied(t *testing.T, proxyURL string, hosts ...string) *Guard {
	t.Helper()
	proxy, err := NewProxy(domain.SecretText(proxyURL))
	if err != nil {
		t.Fatal(err)
	}
	return NewGuard(Config{
		AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowHTTP: true,
		Resolver: addressBook, Proxy: proxy, ProxyHosts: hosts,
	})
}

func TestTheProxyConnectsAndTheGuardStillChecks(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "reached")
	}))
	defer server.Close()
	target := server.Listener.Addr().String()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	names := map[string]string{}
	for _, host := range []string{
		"public.example", "vendor.example", "unknown.example", "mixed.example", "metadata.internal", "10.0.0.7",
	} {
		names[host+":443"] = target
	}
	for host, want := range map[string]error{
		"public.example":    nil, // resolves here to public addresses
		"vendor.example":    nil, // does not resolve here, but is on the list
		"VENDOR.example":    nil,
		"unknown.example":   ErrForbiddenAddress,
		"mixed.example":     ErrForbiddenAddress,
		"metadata.internal": ErrForbiddenAddress, // also on the list, but resolves here
		"10.0.0.7":          ErrForbiddenAddress,
	} {
		t.Run(host, func(t *testing.T) {
			proxy := forwardproxy.New(t, names)
			names[host+":443"] = target
			guard := proxied(t, proxy.URL(forwardproxy.Password), "vendor.example", "metadata.internal")
			config := TransportConfig{
				Dial: guard.Dial,
				TLS:  &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "example.com"},
			}
			body, err := get(t, config, "https://"+host+"/")
			if !errors.Is(err, want) || want == nil && body != "reached" {
				t.Errorf("%q, %v; want %v", body, err, want)
			}
			asked := proxy.Asked()
			if want == nil && !slices.Equal(asked, []string{host + ":443"}) || want != nil && len(asked) > 0 {
				t.Errorf("the proxy was asked for %q", asked)
			}
		})
	}
}

func TestARefusalOfTheProxyRepeatsNoPassword(t *testing.T) {
	const wrong = "canary-wrong-password"
	proxy := forwardproxy.New(t, nil)
	_, err := proxied(t, proxy.URL(wrong)).Dial(t.Context(), "tcp", "public.example:443")
	if err == nil || !strings.Contains(err.Error(), "407") || strings.Contains(err.Error(), wrong) ||
		strings.Contains(err.Error(), forwardproxy.User) {
		t.Errorf("error %v", err)
	}
}

// Otherwise a person would look for the fault at the vendor or the receiver.
func TestAFailureOfTheProxyIsNamedAsThat(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, c := range map[string]struct{ proxy, want string }{
		"wrong password": {forwardproxy.New(t, nil).URL("wrong"), "it answered CONNECT with status 407"},
		"refused":        {fakeProxy(t, "HTTP/1.1 403 No\r\n\r\n"), "it answered CONNECT with status 403"},
		"not HTTP":       {fakeProxy(t, "canary\r\n\r\n"), "it answered CONNECT, but not in HTTP"},
		"silent":         {fakeProxy(t, ""), "no response in time"},
		"dead":           {dead.URL, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := proxied(t, c.proxy).Dial(ctx, "tcp", "public.example:443")
			failure := TransportError(t.Context(), &url.Error{Op: "Get", URL: "https://public.example", Err: err})
			if failure.Message != "the egress proxy: "+c.want || failure.Code != domain.SinkUnreachable {
				t.Errorf("%v became %q, want %q", err, failure.Message, c.want)
			}
		})
	}
}

func TestAnInvalidProxyURLIsNotRepeated(t *testing.T) {
	const canary = "canary-proxy"
	for _, text := range []string{
		"socks5://" + canary, canary, "http://", "http://h/" + canary, "http://h?" + canary, "http://h#" + canary,
		"http://h:port" + canary, "http://%zz" + canary,
	} {
		if _, err := NewProxy(domain.SecretText(text)); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"http://h": "h:80", "https://h/": "h:443", "http://[::1]:3128": "[::1]:3128",
	} {
		if p, err := NewProxy(domain.SecretText(text)); err != nil || p.address != want {
			t.Errorf("%s: %v, %v; want %s", text, p, err, want)
		}
	}
}

// fakeProxy answers the first request on each connection with a text.
func fakeProxy(t *testing.T, answer string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil && request.Method == "CONNECT" {
					_, _ = io.WriteString(conn, answer)
					_, _ = io.Copy(io.Discard, conn)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestTheFirstBytesOfAServerThatSpeaksFirstAreKept(t *testing.T) {
	url := fakeProxy(t, "HTTP/1.1 200 OK\r\n\r\nhello")
	conn, err := proxied(t, url).Dial(t.Context(), "tcp", "public.example:5672")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAHostileProxyCannotHoldADial(t *testing.T) {
	for name, answer := range map[string]string{
		"endless header": "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 100),
		"no HTTP":        "SSH-2.0-x\r\n\r\n",
		"a redirect":     "HTTP/1.1 302 Found\r\nLocation: http://other.example\r\n\r\n",
		"silence":        "",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if answer == "" {
				time.AfterFunc(50*time.Millisecond, cancel)
			}
			conn, err := proxied(t, fakeProxy(t, answer)).Dial(ctx, "tcp", "public.example:443")
			if err == nil {
				_ = conn.Close()
				t.Error("connected")
			}
		})
	}
}
