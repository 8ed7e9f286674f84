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

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/connector/rest"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func credential(parts ...string) domain.Credential {
	held := make(map[string]domain.Secret)
	for i := 0; i < len(parts); i += 2 {
		held[parts[i]] = domain.SecretText(parts[i+1])
	}
	return domain.NewCredential(held)
}

var none domain.Credential

func TestValidateWritesTheCanonicalForm(t *testing.T) {
	c := rest.New(rest.Options{})
	got, err := c.Validate(t.Context(), json.RawMessage(`{"headers":{"accept":"application/json"},"authHeader":"x-api-key","auth":"header","url":"https://api.example.com/v1"}`), credential("value", "v"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"url":"https://api.example.com/v1","auth":"header","authHeader":"X-Api-Key","headers":{"Accept":"application/json"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if again, err := c.Validate(t.Context(), got, credential("value", "v")); err != nil || string(again) != want {
		t.Errorf("the canonical form is not its own: %s (%v)", again, err)
	}
	if got, err := c.Validate(t.Context(), json.RawMessage(`{"url":"https://a.example"}`), none); err != nil || string(got) != `{"url":"https://a.example","auth":"none"}` {
		t.Errorf("the least configuration became %s (%v)", got, err)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	url := func(rest string) string { return `{"url":"https://a.example"` + rest + `}` }
	cases := map[string]struct {
		config     string
		credential domain.Credential
		want       []string
	}{
		"nothing":                  {``, none, []string{"config"}},
		"an empty object":          {`{}`, none, []string{"config.url"}},
		"plain http":               {`{"url":"http://a.example"}`, none, []string{"config.url"}},
		"a query":                  {`{"url":"https://a.example?key=url-canary"}`, none, []string{"config.url"}},
		"userinfo":                 {`{"url":"https://u:url-canary@a.example"}`, none, []string{"config.url"}},
		"several":                  {`{"url":"","auth":"digest","authHeader":"X","headers":{"Host":"h"}}`, none, []string{"config.url", "config.auth", "config.authHeader", "config.headers"}},
		"an unknown member":        {url(`,"Auth":"none"`), none, []string{"config.Auth"}},
		"a member with a value":    {url(`,"member canary":1`), none, []string{"config"}},
		"a header as a number":     {url(`,"headers":{"Accept":1}`), none, []string{"config.headers.Accept"}},
		"a credential header":      {url(`,"headers":{"Authorization":"header-canary"}`), none, []string{"config.headers"}},
		"a key in a header":        {url(`,"headers":{"X-Api-Key":"header-canary"}`), none, []string{"config.headers"}},
		"a header of HTTP's own":   {url(`,"headers":{"transfer-encoding":"chunked"}`), none, []string{"config.headers"}},
		"a header with a newline":  {url(`,"headers":{"Accept":"a\r\nX: header-canary"}`), none, []string{"config.headers"}},
		"a header's name with one": {url(`,"headers":{"A\r\nX":"b"}`), none, []string{"config.headers"}},
		"a header twice":           {url(`,"headers":{"Accept":"a","accept":"b"}`), none, []string{"config.headers"}},
		"auth header without name": {url(`,"auth":"header"`), credential("value", "v"), []string{"config.authHeader"}},
		"auth header doubled":      {url(`,"auth":"header","authHeader":"X-Tenant","headers":{"x-tenant":"t"}`), credential("value", "v"), []string{"config.headers"}},
		"auth by Host":             {url(`,"auth":"header","authHeader":"host"`), credential("value", "v"), []string{"config.authHeader"}},
		"none with a part":         {url(``), credential("token", "t"), []string{"credential"}},
		"basic without parts":      {url(`,"auth":"basic"`), none, []string{"credential.username", "credential.password"}},
		"basic with a colon":       {url(`,"auth":"basic"`), credential("username", "user-canary:x", "password", "p"), []string{"credential.username"}},
		"bearer with basic's":      {url(`,"auth":"bearer"`), credential("username", "u", "password", "p"), []string{"credential.token", "credential"}},
		"a token with a newline":   {url(`,"auth":"bearer"`), credential("token", "token-canary\r\nX: y"), []string{"credential.token"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := rest.New(rest.Options{}).Validate(t.Context(), json.RawMessage(c.config), c.credential)
			var fields []string
			for _, fault := range domain.Faults(err) {
				fields = append(fields, fault.Field)
				if fault.Kind != domain.Invalid {
					t.Errorf("%v is not Invalid", fault)
				}
			}
			if diff := cmp.Diff(c.want, fields); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), "canary") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

type addresses func(rawURL string) error

func (a addresses) Check(_ context.Context, rawURL string) error { return a(rawURL) }

func TestValidateChecksTheAddress(t *testing.T) {
	var seen string
	c := rest.New(rest.Options{Addresses: addresses(func(u string) error {
		seen = u
		return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed}
	})})
	_, err := c.Validate(t.Context(), json.RawMessage(`{"url":"https://10.0.0.1/x"}`), none)
	if !errors.Is(err, domain.AddressNotAllowed) || seen != "https://10.0.0.1/x" {
		t.Errorf("gave %v after a check of %q", err, seen)
	}
}

// peer is a TLS server, and a connector that trusts it.
func peer(t *testing.T, handle http.HandlerFunc) (*rest.Connector, string) {
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
		"none":   {`"none"`, none, "Authorization", ""},
		"basic":  {`"basic"`, credential("username", "Aladdin", "password", "open sesame"), "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		"bearer": {`"bearer"`, credential("token", "abc"), "Authorization", "Bearer abc"},
		"header": {`"header","authHeader":"X-Api-Key"`, credential("value", "abc"), "X-Api-Key", "abc"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got *http.Request
			connector, url := peer(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				w.WriteHeader(http.StatusNoContent)
			})
			config := fmt.Sprintf(`{"url":%q,"auth":%s,"headers":{"accept":"text/csv"}}`, url+"/ping", c.auth)
			said, err := connector.Probe(t.Context(), json.RawMessage(config), c.credential)
			if err != nil || said != "204 No Content" {
				t.Fatalf("Probe said %q (%v)", said, err)
			}
			if got.Method != http.MethodGet || got.URL.Path != "/ping" || got.Header.Get("Accept") != "text/csv" || got.Header.Get(c.header) != c.want {
				t.Errorf("sent %s %s with %v", got.Method, got.URL, got.Header)
			}
		})
	}
}

func TestProbeTellsWhatIsWrong(t *testing.T) {
	cases := map[int]domain.Code{
		301: domain.MalformedResponse, 304: domain.MalformedResponse, 400: domain.MalformedResponse,
		401: domain.CredentialRejected, 403: domain.AccessDenied, 404: domain.AccountNotFound, 405: domain.MalformedResponse,
		408: domain.VendorUnreachable, 410: domain.AccountNotFound, 429: domain.VendorRateLimited,
		500: domain.VendorUnreachable, 503: domain.VendorUnreachable,
	}
	for status, want := range cases {
		t.Run(http.StatusText(status), func(t *testing.T) {
			calls := 0
			connector, url := peer(t, func(w http.ResponseWriter, _ *http.Request) {
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
				t.Errorf("gave %v after %d calls, want %s after one", err, calls, want)
			}
			if wait := domain.RetryAfterOf(err); (status == 429) != (wait == 7*time.Second) {
				t.Errorf("asks to wait %v", wait)
			}
			secretFree(t, err)
		})
	}
}

func TestProbeWithoutAnAnswer(t *testing.T) {
	trusted, url := peer(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	gone := httptest.NewServer(nil)
	gone.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, c := range map[string]struct {
		connector *rest.Connector
		url       string
	}{
		"the connection breaks":    {trusted, url},
		"an unknown certificate":   {rest.New(rest.Options{}), url},
		"nobody listens":           {trusted, strings.Replace(gone.URL, "http:", "https:", 1) + "/url-canary"},
		"no such name":             {trusted, "https://host-canary.invalid"},
		"plain text instead of it": {trusted, strings.Replace(plain.URL, "http:", "https:", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.connector.Probe(t.Context(), json.RawMessage(fmt.Sprintf(`{"url":%q}`, c.url)), none)
			if !errors.Is(err, domain.VendorUnreachable) {
				t.Errorf("gave %v, want vendor_unreachable", err)
			}
			secretFree(t, err)
		})
	}
}

func secretFree(t *testing.T, err error) {
	t.Helper()
	for deep := err; deep != nil; deep = errors.Unwrap(deep) {
		if strings.Contains(deep.Error(), "canary") {
			t.Errorf("the error shows a value: %v", deep)
		}
	}
}

func TestProbeDialsNothingThatEgressForbids(t *testing.T) {
	called := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	c := rest.New(rest.Options{AllowHTTP: true, Control: func(string, string, syscall.RawConn) error { return errors.New("address-canary") }})
	_, err := c.Probe(t.Context(), json.RawMessage(fmt.Sprintf(`{"url":%q}`, strings.Replace(server.URL, "127.0.0.1", "localhost", 1))), none)
	if !errors.Is(err, domain.AddressNotAllowed) || called {
		t.Errorf("gave %v, called: %v", err, called)
	}
	secretFree(t, err)
}

func TestProbeKnowsNoProxy(t *testing.T) {
	if rest.New(rest.Options{}).Proxied() {
		t.Error("a proxy would dial out of the guard's sight")
	}
}

func TestProbeEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	connector, url := peer(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := connector.Probe(ctx, json.RawMessage(fmt.Sprintf(`{"url":%q}`, url)), none); !errors.Is(err, domain.Interrupted) {
		t.Errorf("gave %v, want interrupted", err)
	}
}
