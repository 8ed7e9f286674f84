package e2e_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The canaries are the secrets of the test. No encoding of a canary may appear in responses, logs,
// metrics or the database. The canaries contain special characters, so that each encoding of a
// canary is a different text.
const (
	canaryClient = "canary-client-id+/?=1a7"
	canarySecret = "canary-secret+/?=2b8"
	canaryOther  = "canary-rotated+/?=3c9"
	canaryWrong  = "canary-refused+/?=4d0"
	canaryHMAC   = "canary-hmac+/?=5e1"
	canaryShared = "Bearer canary-shared+/?=6f2"
	canaryJWT    = "canary-jwt-secret+/?=7a3-of-32-bytes"
)

// forms returns the encodings in which a secret could be hidden, by name: plain, reversed,
// hexadecimal, URL-escaped, and base64 at each of the three alignments.
func forms(secret string) map[string]string {
	all := map[string]string{
		"clear":    secret,
		"hex":      hex.EncodeToString([]byte(secret)),
		"HEX":      strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"query":    url.QueryEscape(secret),
		"path":     url.PathEscape(secret),
		"reversed": reversed(secret),
	}
	// A secret may start at any offset in the encoded text. tainted is how many leading base64 characters depend on the
	// text before the secret.
	for offset, tainted := range []int{0, 2, 3} {
		padded := append(make([]byte, offset), secret...)
		padded = padded[:len(padded)-len(padded)%3]
		for name, encoding := range map[string]*base64.Encoding{
			"base64": base64.StdEncoding, "base64url": base64.URLEncoding,
		} {
			all[fmt.Sprint(name, offset)] = encoding.EncodeToString(padded)[tainted:]
		}
	}
	return all
}

func reversed(text string) string {
	letters := []byte(text)
	slices.Reverse(letters)
	return string(letters)
}

// spanSink is a trace collector that keeps everything that it receives.
type spanSink struct {
	mu  sync.Mutex
	raw bytes.Buffer
}

func (s *spanSink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		if unzipped, err := gzip.NewReader(r.Body); err == nil {
			body = unzipped
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.Copy(&s.raw, body)
}

func (s *spanSink) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

func TestNoSecretLeaks(t *testing.T) {
	spans := &spanSink{} // receives the traces of all backends
	collector := httptest.NewServer(spans)
	t.Cleanup(collector.Close)
	each(t, func(t *testing.T, w *env) {
		secrets := map[string]string{
			"client id":      canaryClient,
			"secret":         canarySecret,
			"rotated secret": canaryOther,
			"refused secret": canaryWrong,
			"HMAC secret":    canaryHMAC,
			"shared value":   canaryShared,
			"JWT secret":     canaryJWT,
		}
		for _, b := range []bank{canaryPluggy(t), canaryBelvo(t)} {
			o := w.operator(t)
			o.token = signed(t, canaryJWT, object{"tenant_id": o.tenant})
			secrets[b.vendor()+" bearer"] = o.token
			secrets[b.vendor()+" basic"] = base64.StdEncoding.EncodeToString([]byte(canaryClient + ":" + canarySecret))
			for i, hook := range exerciseSecrets(o, b) {
				raw := hook[strings.LastIndex(hook, "/")+1:]
				hash := sha256.Sum256([]byte(raw))
				secrets[fmt.Sprint(b.vendor(), " token ", i)] = raw
				search(
					t,
					"answers",
					map[string]string{"hash of a token": hex.EncodeToString(hash[:])},
					w.responses.String(),
				)
				search(t, "log", map[string]string{"hash of a token": hex.EncodeToString(hash[:])}, w.log.String())
			}
			for i, token := range b.linkTokens() {
				secrets[fmt.Sprint(b.vendor(), " link token ", i)] = token
			}
			for _, key := range b.gate().apiKeys() {
				secrets[b.vendor()+" key "+key[:8]] = key
			}
		}
		// The expected secrets are 7 canaries, 6 secrets per vendor (bearer, basic, two webhook tokens, two link
		// tokens), and an API key, which only Pluggy issues.
		if len(secrets) < 7+2*6+1 {
			t.Fatalf("only %d secrets were seen", len(secrets))
		}
		eventually(t, "the spans", func() bool {
			text := spans.text()
			return strings.Contains(text, "/link-sessions") && strings.Contains(text, "/api/token/") &&
				strings.Contains(text, "/connect_token")
		})
		metrics := httptest.NewRecorder()
		telemetry.Admin(w.app.Metrics).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		for where, text := range map[string]string{
			"answers": w.responses.String(), "log": w.log.String(), "metrics": metrics.Body.String(),
			"database": w.dump(t), "spans": spans.text(),
		} {
			if len(text) < 100 {
				t.Errorf("%s: %d bytes are nothing to search", where, len(text))
			}
			search(t, where, secrets, text)
		}
	}, func(s *setup) {
		s.cfg.OTLP.Endpoint = collector.URL
		s.cfg.Auth.JWTSecret = domain.SecretText(canaryJWT)
		s.cfg.Sources = map[domain.Vendor]domain.SourcePolicy{
			"pluggy": {
				HMACSecret: domain.SecretText(canaryHMAC),
			},
			"belvo": {Authorization: domain.SecretText(canaryShared)},
		}
	})
}

func search(t *testing.T, where string, secrets map[string]string, text string) {
	t.Helper()
	for name, secret := range secrets {
		for form, hidden := range forms(secret) {
			if at := strings.Index(text, hidden); at >= 0 {
				t.Errorf("%s contains the %s (%s): …%.200s", where, name, form, text[max(0, at-80):])
			}
		}
	}
}

func canaryPluggy(t *testing.T) bank {
	b := newPluggy(t)
	b.id, b.secret = canaryClient, canarySecret
	b.sim.AddClient(pluggysim.Client{ID: b.id, Secret: b.secret})
	b.item = b.sim.AddItem(pluggysim.Item{ClientID: b.id}).ID
	if _, err := b.sim.AddAccount(pluggysim.Account{ItemID: b.item}); err != nil {
		t.Fatal(err)
	}
	return b
}

func canaryBelvo(t *testing.T) bank {
	b := newBelvo(t)
	b.id, b.password = canaryClient, canarySecret
	b.grant()
	return b
}

// exerciseApplication creates an application with a connection, rotates the application's credential, and deletes
// both.
func (o operator) exerciseApplication(b bank) {
	o.t.Helper()
	body := object{
		"vendor": b.vendor(), "name": "shared", "baseUrl": b.origin(), "clientId": canaryClient, "secret": canarySecret,
	}
	id := o.send(http.MethodPost, applications, body, "X-Idempotency-Key: application").want(201).text("id")
	o.send(http.MethodPost, applications, body, "X-Idempotency-Key: application").want(201)
	o.send(http.MethodPost, applications, body).want(409)
	member := o.send(http.MethodPost, connections, object{
		"vendor": b.vendor(), "configName": "member", "accountRef": b.ref(), "applicationId": id,
	}).want(201).text("id")
	one := applications + "/" + id
	rotated := object{"name": "shared", "clientId": canaryClient, "secret": canaryWrong}
	o.send(http.MethodPut, one, rotated).refused(o.t, "credential_rejected")
	rotated["secret"] = canaryOther
	o.send(http.MethodPut, one+"?force=true", rotated, "X-Idempotency-Key: rotate-all").want(200)
	o.testConnection(b, "member", "credential_rejected")
	rotated["secret"] = canarySecret
	o.send(http.MethodPut, one, rotated).want(200)
	o.testConnection(b, "member", "")
	o.get(one).want(200)
	o.get(applications).want(200)
	o.send(http.MethodDelete, pathOf(member, ""), nil).want(204)
	o.send(http.MethodDelete, one, nil).want(204)
}

// exerciseSecrets performs every operation that involves secrets, in successful and in failing
// requests. It returns the paths of the webhooks whose tokens it created.
func exerciseSecrets(o operator, b bank) (hooks []string) {
	o.t.Helper()
	made := creation(b, "main")
	id := o.send(http.MethodPost, connections, made, "X-Idempotency-Key: create").want(201).text("id")
	o.send(http.MethodPost, connections, made, "X-Idempotency-Key: create").want(201)
	o.send(http.MethodPost, connections, made).want(409)
	raw := encoded(o.t, made)
	o.send(http.MethodPost, connections, raw[:len(raw)-1]).want(400)
	for _, wrong := range []object{
		{"secret": []string{canarySecret}}, {"secret": canarySecret, "Secret": canarySecret},
		{"vendor": canarySecret}, {"baseUrl": "https://" + canaryClient + ":x@h"},
	} {
		o.send(http.MethodPost, connections, wrong).want(400)
	}
	o.testConnection(b, "main", "")
	o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil, "X-Idempotency-Key: link").want(201)
	o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil, "X-Idempotency-Key: link").want(409)
	o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil).want(201)
	link := creation(b, "linked")
	delete(link, "accountRef")
	o.send(http.MethodPost, linkSessions, link, "X-Idempotency-Key: new-link").want(201)
	o.send(http.MethodPost, linkSessions, link, "X-Idempotency-Key: new-link").problem(409, "MTCH-0021")
	o.exerciseApplication(b)
	hooks = append(hooks, o.mint(b, "main"), o.mint(b, "main"))
	for _, hook := range hooks {
		o.postCanaryWebhook(b, hook, b.payload(o.t, "all")).want(202)
		o.call(o.t, http.MethodPost, hook, "{}").want(401)
		o.call(o.t, http.MethodPost, hook, "{}", "Authorization: "+canaryWrong, "X-Webhook-Signature: "+canaryWrong).
			want(401)
		for _, path := range []string{
			hook, hook + "/more", strings.ToUpper(hook), "/x" + hook, strings.Replace(hook, "/webhooks", "", 1),
			connections + "?cursor=" + hook, deliveries + hook,
		} {
			o.get(path)
		}
	}
	o.waitForPulls(id)
	o.postCanaryWebhook(b, hooks[0], []byte("unreadable")).want(202)
	change := object{
		"configName": "main",
		"baseUrl":    b.origin(),
		"accountRef": b.ref(),
		"clientId":   canaryClient,
		"secret":     canaryOther,
	}
	o.send(http.MethodPut, pathOf(id, ""), change, "X-Idempotency-Key: rotate").want(200)
	o.testConnection(b, "main", "credential_rejected")
	o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil).want(502)
	o.pull(id, nil)
	change["secret"] = canarySecret
	o.send(http.MethodPut, pathOf(id, ""), change).want(200)
	b.inject(o.t, fault{path: b.rowsPath(), kind: "types"}, fault{path: b.rowsPath(), kind: "status", status: 500})
	o.pull(id, nil)
	o.call(o.t, http.MethodGet, connections, nil, "Authorization: Bearer "+o.token+"x").want(401)
	o.send(
		http.MethodPost, engines,
		object{
			"type": "rest-generic", "configName": "engine",
			"config": object{"url": b.origin(), "auth": "bearer"}, "credential": object{"token": canarySecret},
		},
	).
		want(201)
	o.send(
		http.MethodPost, engines,
		object{
			"type": "rest-generic", "configName": "bad",
			"config":     object{"url": b.origin(), "headers": object{"X-Token": canarySecret}},
			"credential": object{canarySecret: canarySecret},
		},
	).
		want(400)
	for _, path := range []string{
		connections, engines, tokens, deliveries, changes, pathOf(id, "/health"), pathOf(id, "/pulls"),
		pathOf(id, "/accounts"), pathOf(id, "/transactions"), "/openapi.json",
	} {
		o.get(path).want(200)
	}
	for _, kept := range o.pages(deliveries, 20) {
		o.get(deliveries + "/" + text(kept, "id")).want(200)
	}
	o.send(http.MethodDelete, pathOf(id, ""), nil).want(204)
	return hooks
}

// postCanaryWebhook posts a webhook body. It authenticates the request with a canary: one of the secrets for which the
// test searches all output.
func (o operator) postCanaryWebhook(b bank, path string, body []byte) response {
	o.t.Helper()
	if b.vendor() == "belvo" {
		return o.call(o.t, http.MethodPost, path, body, "Authorization: "+canaryShared)
	}
	return o.call(o.t, http.MethodPost, path, body, "X-Webhook-Signature: "+signature(canaryHMAC, body))
}

// dump returns everything that the backend has stored.
func (w *env) dump(t *testing.T) string {
	t.Helper()
	if w.backend == "sqlite" {
		return w.files(t)
	}
	return w.tables(t)
}

func (w *env) files(t *testing.T) string {
	t.Helper()
	var all []byte
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(strings.TrimPrefix(w.dsn, "sqlite://") + suffix)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return string(all)
}

// tables returns the content of all tables except PostgreSQL's system tables. Binary columns are in hexadecimal.
func (w *env) tables(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, _ := conn.Query(
		t.Context(),
		`SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
	)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !slices.Contains(names, "public.connections") {
		t.Fatalf("the tables are %v: %v", names, err)
	}
	var all bytes.Buffer
	for _, name := range names {
		if _, err := conn.PgConn().CopyTo(t.Context(), &all, "COPY "+name+" TO STDOUT"); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// Each text below contains the secret in an encoded form. In some texts, the secret was encoded as part of a longer
// text. The search of TestNoSecretLeaks must find the secret in each text.
func TestTheSearchFindsEveryForm(t *testing.T) {
	secret := canarySecret
	for _, text := range []string{
		secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("x" + secret)),
		base64.StdEncoding.EncodeToString([]byte("xy" + secret)),
		base64.StdEncoding.EncodeToString([]byte("xyz" + secret)), url.QueryEscape(secret),
	} {
		found := false
		for _, form := range forms(secret) {
			found = found || strings.Contains(text, form)
		}
		if !found {
			t.Errorf("%q hides the secret", text)
		}
	}
}
