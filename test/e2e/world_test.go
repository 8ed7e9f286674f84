package e2e_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// What every world is set up with. No test but the one that looks for leaks cares for
// the values.
const (
	publicURL = "https://hooks.example.com"
	jwtSecret = "an-operator-secret-of-32-bytes-or-more"
	signing   = "the-hmac-secret-of-pluggy"
	shared    = "Bearer the-shared-value-of-belvo"
)

// world is the service on one backend.
type world struct {
	backend string
	dsn     string // what DATABASE_URL says
	origin  string // where the service listens
	log     *journal
	said    journal // every answer, but for tokens as they are minted
	app     *compose.App
	cfg     configs.Config
	http    *http.Client
}

// setup is what a test changes before its world opens.
type setup struct {
	cfg  *configs.Config
	over *compose.Overrides
}

type change = func(*setup)

// composed are the stores, which a test may decorate.
type composed = compose.Stores

// open composes the service and serves it until the test ends.
func open(t testing.TB, backend, dsn string, changes ...change) *world {
	t.Helper()
	w := &world{backend: backend, dsn: dsn, log: &journal{}, cfg: settings(t, dsn)}
	over := compose.Overrides{LogTo: w.log, PerMinute: -1}
	for _, apply := range changes {
		apply(&setup{&w.cfg, &over})
	}
	app, err := compose.New(t.Context(), w.cfg, over)
	if err != nil {
		t.Fatalf("the service does not compose: %v", err)
	}
	t.Cleanup(app.Close)
	if err := app.Stores.Queue.Start(t.Context(), app.Service, app.Service); err != nil {
		t.Fatalf("the queue does not start: %v", err)
	}
	server := httptest.NewServer(app.Handler())
	w.app, w.origin, w.http = app, server.URL, client()
	t.Cleanup(func() {
		w.http.CloseIdleConnections()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Stores.Queue.Stop(ctx); err != nil {
			t.Errorf("the queue does not stop: %v", err)
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", w.backend, w.log.tail())
		}
	})
	return w
}

// client follows no redirect and asks for no compression: tests see what was sent.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       40 * time.Second,
	}
}

// settings is production's in all but where the vendors are.
func settings(t testing.TB, dsn string) configs.Config {
	t.Helper()
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(keyset, sealing.Options{}); err != nil {
		t.Fatal(err)
	}
	return configs.Config{
		EnvName: "production", PublicURL: publicURL,
		DatabaseURL: dsn, DatabaseMigrate: true,
		Auth:    configs.Auth{JWTSecret: domain.SecretText(jwtSecret), TenantClaim: "tenant_id"},
		Sealing: configs.Sealing{KeysetFile: keyset},
		Egress:  configs.Egress{AllowHTTP: true, AllowedCIDRs: networks("127.0.0.0/8")},
		Log:     configs.Log{Level: zapcore.DebugLevel, Format: "json"},
		Sources: map[domain.Vendor]domain.SourcePolicy{
			"pluggy": {HMACSecret: domain.SecretText(signing)},
			"belvo":  {Authorization: domain.SecretText(shared)},
		},
		PullWorkers: 8,
	}
}

func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// eventually waits for what comes by itself; the deadline is for what never does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// journal is everything the service logged.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

// having gives the lines that hold all the texts.
func (j *journal) having(texts ...string) (found []string) {
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

// tail is what a failed test shows.
func (j *journal) tail() string {
	const most = 6000
	text := j.String()
	return text[max(0, len(text)-most):]
}

var _ io.Writer = (*journal)(nil)
