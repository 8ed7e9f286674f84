package vendorhttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is used as a secret, and as text that a vendor sends. No error may contain it.
const canary = "canary-9f31c7"

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// serve starts a server with the handler h, which simulates a vendor. It returns a client that can reach the server,
// and a Call that requests /rows from the server.
func serve(t *testing.T, cfg Config, h http.HandlerFunc) (*Client, Call) {
	t.Helper()
	srv := httptest.NewServer(h)
	cfg.AllowHTTP, cfg.AllowedCIDRs = true, loopback
	client := New(cfg)
	t.Cleanup(func() { client.Close(); srv.CloseClientConnections(); srv.Close() })
	return client, Call{
		Vendor: &Vendor{Name: "sim"}, BaseURL: srv.URL, Path: "/rows", PathTemplate: "/rows",
		SetAuth: func(h http.Header) { h.Set("X-Key", canary) },
	}
}

func TestDoSendsTheCallAndReturnsTheBody(t *testing.T) {
	var seen *http.Request
	var sent []byte
	client, call := serve(t, Config{UserAgent: "aggregator/1"}, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Clone(context.Background())
		sent, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"n":1.50}`)
	})
	call.BaseURL += "/base/"
	call.Method, call.Path, call.Query = http.MethodPost, "/a%2Fb", "x=1&y=%20"
	call.Body = func() []byte { return []byte(`{}`) }
	var got struct {
		N Number `json:"n"`
	}
	if err := client.DoJSON(t.Context(), call, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{"/base/a%2Fb?x=1&y=%20", canary, "aggregator/1", "application/json", "{}", "1.50"}
	have := []string{
		seen.RequestURI, seen.Header.Get("X-Key"), seen.UserAgent(), seen.Header.Get("Content-Type"),
		string(sent), string(got.N),
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestInvalidRequestsAreNotSent(t *testing.T) {
	client, call := serve(t, Config{}, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	for name, change := range map[string]func(*Call){
		"path without a slash": func(c *Call) { c.Path = "@127.0.0.2/" },
		"space in the query":   func(c *Call) { c.Query = "a=1 HTTP/1.1" },
		"line in the query":    func(c *Call) { c.Query = "a=1\r\nX: y" },
		"fragment":             func(c *Call) { c.Query = "a#b" },
		"query in the path":    func(c *Call) { c.Path = "/a?b" },
		"not ASCII":            func(c *Call) { c.Query = "a=é" },
		"bad escape":           func(c *Call) { c.Path = "/%zz" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := call
			change(&bad)
			if _, err := client.Do(t.Context(), bad); !errors.Is(err, domain.MalformedResponse) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAStatusDeterminesTheErrorKind(t *testing.T) {
	const page = "<html>" + canary + "</html>"
	for _, test := range []struct {
		status int
		body   string
		kind   domain.Kind
		code   domain.Code
	}{
		{400, "{}", domain.Unavailable, domain.MalformedResponse},
		{401, "", domain.Rejected, domain.CredentialRejected},
		{403, "{}", domain.Rejected, domain.AccessDenied},
		{403, page, domain.Unavailable, domain.MalformedResponse},
		{404, "{}", domain.Unavailable, domain.MalformedResponse},
		{404, page, domain.Unavailable, domain.MalformedResponse},
		{408, page, domain.Unavailable, domain.VendorUnreachable},
		{418, "{}", domain.Unavailable, domain.MalformedResponse},
		{429, page, domain.Unavailable, domain.VendorRateLimited},
		{301, "", domain.Unavailable, domain.MalformedResponse},
		{307, "", domain.Unavailable, domain.MalformedResponse},
		{500, "{}", domain.Unavailable, domain.VendorUnreachable},
		{503, page, domain.Unavailable, domain.VendorUnreachable},
		{599, "", domain.Unavailable, domain.VendorUnreachable},
	} {
		t.Run(fmt.Sprint(test.status, len(test.body)), func(t *testing.T) {
			var calls atomic.Int32
			client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Location", "http://127.0.0.1:1/"+canary)
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			_, err := client.Do(t.Context(), call)
			if !errors.Is(err, test.kind) || !errors.Is(err, test.code) {
				t.Fatalf("got %v, want %v (%v)", err, test.kind, test.code)
			}
			if wait := domain.RetryAfterOf(err); test.kind == domain.Unavailable && wait != 7*time.Second {
				t.Errorf("RetryAfter = %v, want 7s", wait)
			}
			if calls.Load() != 1 {
				t.Errorf("%d requests, want 1: no redirect is followed, no Retry-After ignored", calls.Load())
			}
			assertNoLeak(t, err, call)
		})
	}
}

// assertNoLeak checks that neither err nor any error that it wraps contains a secret, a
// header, an address or a path.
func assertNoLeak(t *testing.T, err error, call Call) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		for _, secret := range []string{canary, strings.TrimPrefix(call.BaseURL, "http://"), "/rows", "127.0.0.1"} {
			if strings.Contains(text, secret) {
				t.Errorf("the error %T contains %q", err, secret)
			}
		}
	}
}

func TestClassifyErrorIsCalled(t *testing.T) {
	shared := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `[{"code":"too_many_sessions"}]`)
	})
	call.Vendor = &Vendor{Name: "sim", ClassifyError: func(status int, body []byte) *domain.Error {
		if status == http.StatusBadRequest && bytes.Contains(body, []byte("too_many_sessions")) {
			return shared
		}
		return nil
	}}
	_, err := client.Do(t.Context(), call)
	if !errors.Is(err, domain.VendorUnreachable) || domain.RetryAfterOf(err) != 3*time.Second {
		t.Fatalf("got %v", err)
	}
	if shared.RetryAfter != 0 {
		t.Error("the value of ClassifyError was changed")
	}
}

func TestTransportFailures(t *testing.T) {
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		base    string
		code    domain.Code
		cause   error
	}{
		"reset":        {handler: hangUp, code: domain.VendorUnreachable, cause: egress.ErrConnectionLost},
		"refused":      {base: "http://127.0.0.1:1", code: domain.VendorUnreachable, cause: egress.ErrRefused},
		"no such name": {base: "http://nowhere.invalid", code: domain.VendorUnreachable, cause: egress.ErrUnknownHost},
		"not HTTP": {handler: raw("SSH-2.0-" + canary + "\r\n\r\n"),
			code: domain.VendorUnreachable, cause: errNotHTTP},
		"huge header": {handler: raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<17) + "\r\n\r\n"),
			code: domain.VendorUnreachable, cause: errNotHTTP},
		"cut": {handler: raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
			code: domain.MalformedResponse, cause: errCutShort},
		"TLS": {base: "https://127.0.0.1", code: domain.VendorUnreachable},
		"hang": {handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			code: domain.VendorUnreachable, cause: egress.ErrTimeout},
		"drip": {handler: drip, code: domain.VendorUnreachable, cause: egress.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			var cfg Config
			if errors.Is(test.cause, egress.ErrTimeout) {
				cfg.AttemptTimeout = 300 * time.Millisecond
			}
			client, call := serve(t, cfg, test.handler)
			if test.base != "" {
				call.BaseURL = test.base
			}
			_, err := client.Do(t.Context(), call)
			if !errors.Is(err, domain.Unavailable) || !errors.Is(err, test.code) {
				t.Fatalf("got %v (%v), want %v", err, errors.Unwrap(err), test.code)
			}
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("cause %v, want %v", errors.Unwrap(err), test.cause)
			}
			assertNoLeak(t, err, call)
		})
	}
}

// emptyObject is the handler of a vendor that always responds with "{}".
func emptyObject(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }

// drip is a handler that sends a byte every 20 ms and never ends the response, so that no single read times out.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	var bomb bytes.Buffer
	compressor := gzip.NewWriter(&bomb)
	_, _ = compressor.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = compressor.Close()
	var sent atomic.Int64
	for name, handler := range map[string]http.HandlerFunc{
		"plain": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) },
		"gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				n, err := w.Write(make([]byte, 4096))
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, call := serve(t, Config{MaxBodyBytes: 64 << 10}, handler)
			_, err := client.Do(t.Context(), call)
			if !errors.Is(err, egress.ErrBodyTooLarge) || !errors.Is(err, domain.MalformedResponse) {
				t.Fatalf("got %v", err)
			}
			if sent.Load() > 32<<20 { // far above MaxBodyBytes, because of socket buffers
				t.Errorf("%d bytes were sent", sent.Load())
			}
		})
	}
}

func TestACancelledCallIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, call := serve(t, Config{}, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := client.Do(ctx, call)
	if !errors.Is(err, domain.Interrupted) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestTheProxyFromTheEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	client, call := serve(t, Config{}, emptyObject)
	if client.transport.UsesProxy() {
		t.Error("a proxy is set")
	}
	if _, err := client.Do(t.Context(), call); err != nil {
		t.Fatal(err)
	}
}
