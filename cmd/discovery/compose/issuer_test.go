package compose_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// bearer is the value of an Authorization header. It contains an RS256 token with an empty payload, which is enough to
// make the service request the keys of the issuer.
const bearer = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9.e30.AAAA"

// A failure of the issuer must appear in the log twice: as a background error, and as the cause of the 503 response.
func TestAFailingIssuerIsLogged(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, canary, http.StatusBadGateway)
	}))
	defer issuer.Close()
	cfg, log := settings(t), &harness.Journal{}
	cfg.Auth.JWTSecret = domain.Secret{}
	cfg.Auth.JWKSURL = strings.Replace(issuer.URL, "://", "://user:"+canary+"@", 1)
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	r := httptest.NewRequest(http.MethodGet, "/v1/discovery/aggregator-connections", nil)
	r.Header.Set("Authorization", bearer)
	w := httptest.NewRecorder()
	app.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "issuer") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, line := range []string{
		`"where":"issuer keys","error":"the issuer responded with status 502"`,
		`"cause":"unavailable: no keys from the issuer: the issuer responded with status 502"`,
	} {
		if strings.Count(log.String(), line) != 1 {
			t.Errorf("the log does not contain %s exactly once: %s", line, log)
		}
	}
	if strings.Contains(log.String(), canary) {
		t.Errorf("the log contains a secret: %s", log)
	}
}

// newIssuerApp composes a service that trusts the keys at url, and returns it with its log.
func newIssuerApp(t *testing.T, url string) (*compose.App, *harness.Journal) {
	t.Helper()
	cfg, log := settings(t), &harness.Journal{}
	cfg.Auth.JWTSecret, cfg.Auth.JWKSURL = domain.Secret{}, url
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	return app, log
}

// A failure to fetch the keys must be logged even before the first request.
func TestAnIssuerWithoutKeysIsLoggedAtTheStart(t *testing.T) {
	issuer := httptest.NewServer(http.NotFoundHandler())
	defer issuer.Close()
	app, log := newIssuerApp(t, issuer.URL)
	_, end := harness.Serve(t, app)
	defer end()
	const line = `"where":"issuer keys","error":"the issuer responded with status 404"`
	for deadline := time.Now().Add(waitTimeout); !strings.Contains(log.String(), line); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not contain %s: %s", line, log)
		}
	}
}

// The client that fetches keys must not follow redirects or use a proxy. Otherwise a host other than the configured
// one could provide keys.
func TestKeysAreFetchedWithoutRedirectAndProxy(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the keys were requested from another host")
	}))
	defer other.Close()
	var requests atomic.Int64
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer issuer.Close()
	client := compose.IssuerClient()
	if client.Transport.(*egress.Transport).UsesProxy() {
		t.Error("the client uses a proxy") // HTTP_PROXY does not apply to loopback addresses
	}
	app, log := newIssuerApp(t, issuer.URL)
	r := httptest.NewRequest(http.MethodGet, "/v1/discovery/aggregator-connections", nil)
	r.Header.Set("Authorization", bearer)
	w := httptest.NewRecorder()
	app.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || requests.Load() != 1 ||
		!strings.Contains(log.String(), "status 302") {
		t.Errorf("status %d, %d requests to the issuer, log: %s", w.Code, requests.Load(), log)
	}
}
