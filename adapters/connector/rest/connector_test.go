package rest_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/connector/rest"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	credential = porttest.Credential
	invalid    = porttest.NewInvalidConfig
)

var none domain.Credential

func TestConnector(t *testing.T) {
	url := func(rest string) string { return `{"url":"https://a.example"` + rest + `}` }
	porttest.TestConnector(t, porttest.ConnectorSuite{
		Open: func(a ports.EgressGuard) ports.Connector { return rest.New(rest.Options{Egress: a}) },
		Config: `{"headers":{"accept":"application/json"},"authHeader":"x-api-key","auth":"header",` +
			`"url":"https://10.0.0.1/v1"}`,
		Credential: credential("value", "v"),
		Canonical: `{"url":"https://10.0.0.1/v1","auth":"header","authHeader":"X-Api-Key",` +
			`"headers":{"Accept":"application/json"}}`,
		Address: "https://10.0.0.1/v1",
		Invalid: map[string]porttest.InvalidConfig{
			"nothing":         invalid(``, none, "config"),
			"an empty object": invalid(`{}`, none, "config.url"),
			"plain http":      invalid(`{"url":"http://a.example"}`, none, "config.url"),
			"a query":         invalid(`{"url":"https://a.example?key=url-canary"}`, none, "config.url"),
			"userinfo":        invalid(`{"url":"https://u:url-canary@a.example"}`, none, "config.url"),
			"several": invalid(
				`{"url":"","auth":"digest","authHeader":"X","headers":{"Host":"h"}}`, none, "config.url",
				"config.auth", "config.authHeader", "config.headers",
			),
			"an unknown member":     invalid(url(`,"Auth":"none"`), none, "config.Auth"),
			"a member with a value": invalid(url(`,"member canary":1`), none, "config"),
			"a header as a number":  invalid(url(`,"headers":{"Accept":1}`), none, "config.headers.Accept"),
			"a credential header": invalid(
				url(`,"headers":{"Authorization":"header-canary"}`), none, "config.headers",
			),
			"a key in a header": invalid(
				url(`,"headers":{"X-Api-Key":"header-canary"}`), none, "config.headers",
			),
			"a header of HTTP's own": invalid(
				url(`,"headers":{"transfer-encoding":"chunked"}`), none, "config.headers",
			),
			"a header with a newline": invalid(
				url(`,"headers":{"Accept":"a\r\nX: header-canary"}`), none, "config.headers",
			),
			"a header's name that is long": invalid(
				url(`,"headers":{"`+strings.Repeat("a", 65)+`":"b"}`), none, "config.headers",
			),
			"a header's name with a newline": invalid(url(`,"headers":{"A\r\nX":"b"}`), none, "config.headers"),
			"a header twice": invalid(
				url(`,"headers":{"Accept":"a","accept":"b"}`), none, "config.headers",
			),
			"auth header without name": invalid(
				url(`,"auth":"header"`), credential("value", "v"), "config.authHeader",
			),
			"auth header duplicated": invalid(
				url(`,"auth":"header","authHeader":"X-Tenant","headers":{"x-tenant":"t"}`), credential("value", "v"),
				"config.headers",
			),
			"auth by Host": invalid(
				url(`,"auth":"header","authHeader":"host"`), credential("value", "v"), "config.authHeader",
			),
			"none with a part": invalid(url(``), credential("token", "t"), "credential"),
			"basic without parts": invalid(
				url(`,"auth":"basic"`), none, "credential.username", "credential.password",
			),
			"basic with a colon": invalid(
				url(`,"auth":"basic"`), credential(
					"username", "user-canary:x", "password", "p",
				), "credential.username",
			),
			"bearer with basic's parts": invalid(
				url(`,"auth":"bearer"`), credential(
					"username", "u", "password", "p",
				), "credential.token", "credential",
			),
			"a token with a newline": invalid(
				url(`,"auth":"bearer"`), credential("token", "token-canary\r\nX: y"), "credential.token",
			),
		},
	})
}

func TestMinimalConfigGetsDefaults(t *testing.T) {
	got, err := rest.New(rest.Options{}).Validate(t.Context(), json.RawMessage(`{"url":"https://a.example"}`), none)
	if err != nil || string(got) != `{"url":"https://a.example","auth":"none"}` {
		t.Errorf("the canonical form is %s (%v)", got, err)
	}
}

// newPeer starts a TLS server with the given handler. It returns a connector that trusts the
// server's certificate, and the server's URL.
func newPeer(t *testing.T, handle http.HandlerFunc) (*rest.Connector, string) {
	t.Helper()
	server := httptest.NewTLSServer(handle)
	t.Cleanup(server.Close)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return rest.New(rest.Options{TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}), server.URL
}

func TestProbeSendsTheCredential(t *testing.T) {
	cases := map[string]struct {
		auth       string
		credential domain.Credential
		header     string
		want       string
	}{
		"none": {`"none"`, none, "Authorization", ""},
		"basic": {
			`"basic"`, credential("username", "Aladdin", "password", "open sesame"), "Authorization",
			"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
		},
		"bearer": {`"bearer"`, credential("token", "abc"), "Authorization", "Bearer abc"},
		"header": {`"header","authHeader":"X-Api-Key"`, credential("value", "abc"), "X-Api-Key", "abc"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got *http.Request
			connector, url := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				w.WriteHeader(http.StatusNoContent)
			})
			config := fmt.Sprintf(`{"url":%q,"auth":%s,"headers":{"accept":"text/csv"}}`, url+"/ping", c.auth)
			text, err := connector.Probe(t.Context(), json.RawMessage(config), c.credential)
			if err != nil || text != "204 No Content" {
				t.Fatalf("Probe returned %q (%v)", text, err)
			}
			if got.Method != http.MethodGet || got.URL.Path != "/ping" || got.Header.Get("Accept") != "text/csv" ||
				got.Header.Get(c.header) != c.want {
				t.Errorf("sent %s %s with %v", got.Method, got.URL, got.Header)
			}
		})
	}
}

func TestProbeMapsStatusToCode(t *testing.T) {
	cases := map[int]domain.Code{
		301: domain.MalformedResponse, 304: domain.MalformedResponse, 400: domain.MalformedResponse,
		401: domain.CredentialRejected, 403: domain.AccessDenied, 404: domain.AccountNotFound,
		405: domain.MalformedResponse,
		408: domain.VendorUnreachable, 410: domain.AccountNotFound, 429: domain.VendorRateLimited,
		500: domain.VendorUnreachable, 503: domain.VendorUnreachable,
	}
	for status, want := range cases {
		t.Run(http.StatusText(status), func(t *testing.T) {
			calls := 0
			connector, url := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(status)
				if status != http.StatusNotModified {
					_, _ = fmt.Fprint(w, "body-canary")
				}
			})
			_, err := connector.Probe(t.Context(), json.RawMessage(fmt.Sprintf(`{"url":%q}`, url)), none)
			if !errors.Is(err, want) || calls != 1 {
				t.Errorf("got %v after %d calls, want %s after one", err, calls, want)
			}
			if wait := domain.RetryAfterOf(err); (status == 429) != (wait == 7*time.Second) {
				t.Errorf("RetryAfter is %v", wait)
			}
			porttest.SecretFree(t, err)
		})
	}
}

func TestProbeReportsRetryAfter(t *testing.T) {
	for value, want := range map[string]struct{ least, most time.Duration }{
		"":        {0, 0},
		"soon":    {0, 0},
		"-1":      {0, 0},
		"0":       {0, 0},
		"3599":    {3599 * time.Second, 3599 * time.Second},
		"86400":   {time.Hour, time.Hour},
		"9999999": {time.Hour, time.Hour},
		time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat):     {0, 0},
		time.Now().Add(30 * time.Minute).UTC().Format(http.TimeFormat): {20 * time.Minute, 30 * time.Minute},
		time.Now().Add(24 * time.Hour).UTC().Format(http.TimeFormat):   {time.Hour, time.Hour},
	} {
		connector, url := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := connector.Probe(t.Context(), json.RawMessage(fmt.Sprintf(`{"url":%q}`, url)), none)
		if wait := domain.RetryAfterOf(err); wait < want.least || wait > want.most {
			t.Errorf("Retry-After %q: the error reports %v, want %v to %v", value, wait, want.least, want.most)
		}
	}
}

func TestProbeWithoutAResponseIsUnreachable(t *testing.T) {
	trusted, url := newPeer(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, c := range map[string]struct {
		connector *rest.Connector
		url       string
	}{
		"the connection breaks":     {trusted, url},
		"an unknown certificate":    {rest.New(rest.Options{}), url},
		"no server listens":         {trusted, "https://127.0.0.1:1/url-canary"},
		"no such name":              {trusted, "https://host-canary.invalid"},
		"plain HTTP instead of TLS": {trusted, strings.Replace(plain.URL, "http:", "https:", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.connector.Probe(t.Context(), json.RawMessage(fmt.Sprintf(`{"url":%q}`, c.url)), none)
			if !errors.Is(err, domain.VendorUnreachable) {
				t.Errorf("got %v, want vendor_unreachable", err)
			}
			porttest.SecretFree(t, err)
		})
	}
}

func TestProbeDialsNothingThatEgressForbids(t *testing.T) {
	called := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	c := rest.New(
		rest.Options{
			AllowHTTP: true,
			Control:   func(string, string, syscall.RawConn) error { return errors.New("address-canary") },
		},
	)
	_, err := c.Probe(
		t.Context(),
		json.RawMessage(fmt.Sprintf(`{"url":%q}`, strings.Replace(server.URL, "127.0.0.1", "localhost", 1))), none,
	)
	if !errors.Is(err, domain.AddressNotAllowed) || called {
		t.Errorf("got %v, called: %v", err, called)
	}
	porttest.SecretFree(t, err)
}

func TestProbeUsesNoProxy(t *testing.T) {
	if rest.New(rest.Options{}).UsesProxy() {
		t.Error("a proxy would dial addresses that the guard does not check")
	}
}

func TestProbeStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	connector, url := newPeer(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		// a normal return would send a response, which could arrive before the client closes the connection
		panic(http.ErrAbortHandler)
	})
	if _, err := connector.Probe(
		ctx, json.RawMessage(fmt.Sprintf(`{"url":%q}`, url)), none,
	); !errors.Is(err, domain.Interrupted) {
		t.Errorf("got %v, want interrupted", err)
	}
}
