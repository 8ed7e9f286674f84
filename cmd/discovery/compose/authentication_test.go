package compose_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

const connections = "/v1/discovery/aggregator-connections"

// operatorToken returns a token for a new tenant. The token has the given subject and expires at the given time.
func operatorToken(t *testing.T, subject string, expires time.Time) string {
	t.Helper()
	token, err := jwt.NewBuilder().Subject(subject).Expiration(expires).
		Claim("tenant_id", uuid.NewString()).Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256, []byte(harness.JWTSecret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// newLoggedApp composes a service with the given log level. It returns the service and its log.
func newLoggedApp(t *testing.T, level zapcore.Level, change ...func(*configs.Config)) (*compose.App, *harness.Journal) {
	t.Helper()
	cfg, log := settings(t), &harness.Journal{}
	cfg.Log.Level = level
	for _, apply := range change {
		apply(&cfg)
	}
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	return app, log
}

// send sends a request to the service and returns the response. headers consists of alternating names and values.
func send(app *compose.App, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	app.Handler().ServeHTTP(w, r)
	return w
}

func TestAuditLinesNameTheActorAtEveryLogLevel(t *testing.T) {
	app, log := newLoggedApp(t, zapcore.ErrorLevel)
	token := operatorToken(t, "alice", time.Now().Add(time.Hour))
	for _, name := range []string{"one", "two"} {
		w := send(app, http.MethodPost, connections, `{"vendor":"pluggy","configName":"`+name+`",
			"baseUrl":"http://127.0.0.1:1","accountRef":"item-1","clientId":"`+canary+`","secret":"`+canary+`"}`,
			"Authorization", "Bearer "+token, "X-Idempotency-Key", name, "X-Request-Id", "request-of-"+name)
		if w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	send(app, http.MethodPost, "/v1/discovery/webhooks/tokens", `{"vendor":"pluggy","connection_config_name":"one"}`,
		"Authorization", "Bearer "+token, "X-Request-Id", "request-of-mint")
	send(app, http.MethodGet, connections, "", "Authorization", "Bearer "+token)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("logged %d lines, want the audit lines of three changes: %s", len(lines), log)
	}
	for i, want := range []struct{ action, request string }{
		{"connection.create", "request-of-one"}, {"connection.create", "request-of-two"},
		{"token.mint", "request-of-mint"},
	} {
		for _, member := range []string{
			`"message":"audit"`, `"actor":"alice"`, `"action":"` + want.action + `"`,
			`"requestId":"` + want.request + `"`, `"peer":"192.0.2.1"`,
		} {
			if !strings.Contains(lines[i], member) {
				t.Errorf("the audit line %s does not contain %s", lines[i], member)
			}
		}
	}
	if strings.Contains(log.String(), canary) || strings.Contains(log.String(), token) {
		t.Errorf("the log contains a secret: %s", log)
	}
}

func TestTheReasonOfEvery401IsLoggedAtInfo(t *testing.T) {
	app, log := newLoggedApp(t, zapcore.InfoLevel)
	expired := operatorToken(t, "alice", time.Now().Add(-time.Hour))
	_, path := connect(t, app, "http://127.0.0.1:1")
	const webhooks = "/v1/discovery/webhooks/"
	var first string
	for _, c := range []struct {
		reason, vendor string
		method, path   string
		authorization  string
	}{
		{"no Authorization header", "", http.MethodGet, connections, ""},
		{"not a compact JWS", "", http.MethodGet, connections, "Bearer " + canary},
		{"expired", "", http.MethodGet, connections, "Bearer " + expired},
		{"source not proved", "pluggy", http.MethodPost, path, canary},
		{"source not proved", "belvo", http.MethodPost, strings.Replace(path, "pluggy", "belvo", 1), canary},
		{"unknown token", "pluggy", http.MethodPost, webhooks + "pluggy/" + canary, sharedAuthorization},
		{"unknown vendor", "unknown", http.MethodPost, webhooks + canary + "/x", sharedAuthorization},
	} {
		headers := []string{"X-Request-Id", "id-" + uuid.NewString()}
		if c.authorization != "" {
			headers = append(headers, "Authorization", c.authorization)
		}
		w := send(app, c.method, c.path, "{}", headers...)
		if w.Code != http.StatusUnauthorized {
			t.Fatalf("%s: %d %s", c.reason, w.Code, w.Body)
		}
		body, _, _ := strings.Cut(w.Body.String(), `"instance"`)
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("%s: the response is %s, want %s", c.reason, body, first)
		}
		want := `"message":"authentication failed","requestId":"` + headers[1] + `","reason":"` + c.reason +
			`","peer":"192.0.2.1"`
		if c.vendor != "" {
			want += `,"vendor":"` + c.vendor + `"`
		}
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("the log does not contain %s exactly once: %s", want, log)
		}
	}
	for _, secret := range []string{canary, expired, sharedAuthorization, path[strings.LastIndex(path, "/")+1:]} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log contains %s: %s", secret, log)
		}
	}
}

func TestUncheckedClaimsAreAWarningAtTheStart(t *testing.T) {
	for _, c := range []struct {
		issuer, audience string
		want             []string
	}{
		{"", "", []string{"AUTH_AUDIENCE is not set", "AUTH_ISSUER is not set"}},
		{"https://issuer.example", "", []string{"AUTH_AUDIENCE is not set"}},
		{"", "discovery", []string{"AUTH_ISSUER is not set"}},
		{"https://issuer.example", "discovery", nil},
	} {
		_, log := newLoggedApp(t, zapcore.WarnLevel, func(cfg *configs.Config) {
			cfg.Auth.Issuer, cfg.Auth.Audience = c.issuer, c.audience
		})
		if n := strings.Count(log.String(), `"level":"warn"`); n != len(c.want) {
			t.Errorf("issuer %q, audience %q: %d warnings, want %d: %s", c.issuer, c.audience, n, len(c.want), log)
		}
		for _, warning := range c.want {
			if !strings.Contains(log.String(), warning) {
				t.Errorf("issuer %q, audience %q: no warning that %s: %s", c.issuer, c.audience, warning, log)
			}
		}
	}
}
