package compose_test

import (
	"bytes"
	"context"
	"net"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that should happen.
const patience = 20 * time.Second

const (
	jwtSecret = "an-operator-secret-of-32-bytes-or-more"
	shared    = "Bearer canary-shared-value"
)

// settings are those of a development machine, on SQLite in a folder of the test's.
func settings(t *testing.T) configs.Config {
	t.Helper()
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(keyset, sealing.Options{}); err != nil {
		t.Fatal(err)
	}
	return configs.Config{
		EnvName: configs.Development, PublicURL: "https://hooks.example.com",
		DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "discovery.db"), DatabaseMigrate: true,
		Auth:        configs.Auth{JWTSecret: domain.SecretText(jwtSecret), TenantClaim: "tenant_id"},
		Sealing:     configs.Sealing{KeysetFile: keyset},
		Egress:      configs.Egress{AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Log:         configs.Log{Format: "json"},
		Sources:     map[domain.Vendor]domain.SourcePolicy{"pluggy": {Authorization: domain.SecretText(shared)}},
		PullWorkers: 2,
	}
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve composes the service and serves it; the returned function ends it whole.
func serve(t *testing.T, cfg configs.Config, o compose.Overrides) (app *compose.App, origin string, end func()) {
	t.Helper()
	app, err := compose.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- app.Serve(ctx, listener, nil) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(end)
	return app, "http://" + listener.Addr().String(), end
}

// vendor is Pluggy on loopback.
func vendor(t *testing.T) (*pluggysim.Simulator, string) {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: 1})
	sim.Seed()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, server.URL
}

// connect makes a connection to the simulator, and gives the path of its webhook.
func connect(t *testing.T, app *compose.App, baseURL string) (tenant domain.TenantID, path string) {
	t.Helper()
	tenant = domain.TenantID{UUID: uuid.New()}
	_, err := app.Service.CreateConnection(t.Context(), tenant, ports.NewConnection{
		Vendor: "pluggy", Name: "main", BaseURL: baseURL, AccountRef: pluggysim.DemoItemID,
		ClientID: domain.SecretText(pluggysim.DemoClientID), Secret: domain.SecretText(pluggysim.DemoClientSecret),
	})
	if err != nil {
		t.Fatal(err)
	}
	minted, err := app.Service.MintToken(t.Context(), tenant, "pluggy", "main")
	if err != nil {
		t.Fatal(err)
	}
	return tenant, "/v1/discovery/webhooks/pluggy/" + string(minted.Raw.Reveal())
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited for %s in vain", what)
	}
}
