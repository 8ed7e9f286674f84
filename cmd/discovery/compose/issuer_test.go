package compose_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// bearer is an RS256 token with nothing but a header: enough to request the issuer's key.
const bearer = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9.e30.AAAA"

// A failing issuer is logged twice: by itself, and as the cause of the 503.
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
			t.Errorf("want %s exactly once in %s", line, log)
		}
	}
	if strings.Contains(log.String(), canary) {
		t.Errorf("the log contains a secret: %s", log)
	}
}
