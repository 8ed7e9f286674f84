package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// get requests the URL with a transport and reads the whole body.
func get(t *testing.T, cfg TransportConfig, url string) (string, error) {
	t.Helper()
	client := NewClient(cfg)
	t.Cleanup(client.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// A response with the status 101 must be an error, and its connection must be closed, whether or not the response has
// the headers of a protocol switch.
func TestASwitchOfProtocolsIsAnErrorAndClosesTheConnection(t *testing.T) {
	for name, header := range map[string]string{"upgrade": "Connection: Upgrade\r\nUpgrade: x\r\n", "bare": ""} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan error, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := http.NewResponseController(w).Hijack()
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n"+header+"\r\n")
				_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				_, err := conn.Read(make([]byte, 1))
				closed <- err
				_ = conn.Close()
			}))
			defer server.Close()
			if _, err := get(t, TransportConfig{}, server.URL); !errors.Is(err, ErrSwitchedProtocols) {
				t.Errorf("got %v", err)
			}
			if err := <-closed; !errors.Is(err, io.EOF) && CauseOf(t.Context(), err) != ErrConnectionLost {
				t.Errorf("the connection was not closed: %v", err)
			}
		})
	}
}

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", len(r.URL.Path)))
	}))
	defer server.Close()
	for _, test := range []struct {
		length int
		max    int64
		want   error
	}{{9, 10, nil}, {10, 10, nil}, {11, 10, ErrBodyTooLarge}, {900, 10, ErrBodyTooLarge}, {900, -1, nil}} {
		path := "/" + strings.Repeat("x", test.length-1)
		body, err := get(t, TransportConfig{MaxBody: test.max}, server.URL+path)
		want := test.length
		if test.want != nil {
			want = int(test.max)
		}
		if !errors.Is(err, test.want) || len(body) != want {
			t.Errorf("%d bytes with the limit %d: got %d bytes and %v", test.length, test.max, len(body), err)
		}
	}
}

// The timeout must end an exchange even if the context of its request has no end.
func TestTheTimeoutIncludesTheBody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // the interval is a fraction of the timeout
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	defer server.Close()
	if _, err := get(t, TransportConfig{Timeout: 100 * time.Millisecond}, server.URL); CauseOf(t.Context(), err) !=
		ErrTimeout {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreUsedAgainOnlyWithAnIdleTimeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	for idle, want := range map[time.Duration]int{0: 3, time.Minute: 1} {
		dialed := 0
		cfg := TransportConfig{IdleTimeout: idle, Timeout: time.Minute, Dial: func(
			ctx context.Context, network, address string,
		) (net.Conn, error) {
			dialed++
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}
		transport := NewTransport(cfg)
		for range 3 {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		transport.CloseIdleConnections()
		if dialed != want {
			t.Errorf("idle timeout %v: %d dials, want %d", idle, dialed, want)
		}
	}
}

// The transport must not use HTTP/2, because an HTTP/2 server can send frames that no limit of net/http covers.
func TestOnlyHTTP1IsUsed(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	cfg := TransportConfig{TLS: &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}}
	if proto, err := get(t, cfg, server.URL); err != nil || proto != "HTTP/1.1" {
		t.Errorf("got %q, %v", proto, err)
	}
}

func TestRedirectsAreResponses(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, "/", http.StatusFound)
	}))
	defer server.Close()
	if _, err := get(t, TransportConfig{}, server.URL); err != nil || requests.Load() != 1 {
		t.Errorf("%d requests, %v", requests.Load(), err)
	}
}
