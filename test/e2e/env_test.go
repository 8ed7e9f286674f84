package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// Settings of every environment. No test depends on the values, except TestNoSecretLeaks, which
// sets its own.
const (
	publicURL = harness.PublicURL
	jwtSecret = harness.JWTSecret
	signing   = "the-hmac-secret-of-pluggy"
	shared    = "Bearer the-shared-value-of-belvo"
)

// env is a running service on one backend, with a client for it.
type env struct {
	backend   string
	dsn       string // the DATABASE_URL
	origin    string // the address of the service
	log       *journal
	responses journal // every response, except those that contain a new secret
	app       *compose.App
	cfg       configs.Config
	http      *http.Client

	document document
}

// setup contains the settings and overrides that a test can change before its environment is opened.
type setup struct {
	cfg  *configs.Config
	over *compose.Overrides
}

type change = func(*setup)

// composedStores are the stores of a composed service, which a test can decorate.
type composedStores = compose.Stores

// open composes the service with the changes applied, and serves it until the test ends.
func open(t testing.TB, backend, dsn string, changes ...change) *env {
	t.Helper()
	w := &env{backend: backend, dsn: dsn, log: &journal{}, cfg: settings(t, backend, dsn)}
	over := compose.Overrides{LogTo: w.log, PerMinute: -1, StoreTimeout: harness.StoreTimeout}
	for _, apply := range changes {
		apply(&setup{&w.cfg, &over})
	}
	app, err := compose.New(t.Context(), w.cfg, over)
	if err != nil {
		t.Fatalf("the service does not compose: %v", err)
	}
	t.Cleanup(app.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", w.backend, w.log.tail())
		}
	})
	harness.Work(t, app)
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	w.app, w.origin, w.http = app, server.URL, client()
	t.Cleanup(w.http.CloseIdleConnections)
	return w
}

// client returns an HTTP client that follows no redirect and requests no compression, so that tests
// see exactly what the service sent.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       2 * time.Minute,
	}
}

// settings returns production settings that allow vendors on loopback. The log level is debug, 32
// workers pull, and the webhooks of both vendors can be authenticated.
func settings(t testing.TB, backend, dsn string) configs.Config {
	t.Helper()
	cfg := harness.Config(t, dsn)
	cfg.DatabaseDistribute = backend == citus
	cfg.Log.Level, cfg.PullWorkers = zapcore.DebugLevel, 32
	cfg.Sources = map[domain.Vendor]domain.SourcePolicy{
		"pluggy": {HMACSecret: domain.SecretText(signing)},
		"belvo":  {Authorization: domain.SecretText(shared)},
	}
	return cfg
}

func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// eventually waits until condition returns true, and fails the test after a timeout. label names the awaited event in
// the error message.
func eventually(t *testing.T, label string, condition func() bool) {
	t.Helper()
	harness.Eventually(t, label, condition)
}

// journal contains everything that the service logged.
type journal struct{ harness.Journal }

// linesWith returns the lines that contain all the texts.
func (j *journal) linesWith(texts ...string) (found []string) {
	for line := range strings.Lines(j.String()) {
		holds := true
		for _, text := range texts {
			holds = holds && strings.Contains(line, text)
		}
		if holds {
			found = append(found, line)
		}
	}
	return found
}

// tail returns the end of the log, which a failed test prints.
func (j *journal) tail() string {
	const most = 6000
	text := j.String()
	return text[max(0, len(text)-most):]
}
