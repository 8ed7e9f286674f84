package docs_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

const (
	jwtSecret = "an-operator-secret-of-32-bytes-or-more"
	shared    = "Bearer the-shared-value-of-pluggy"
)

// world is the service on one database, with an operator and a simulated vendor.
type world struct {
	app    *compose.App
	url    string
	tenant domain.TenantID
	token  string
	vendor string // origin
	asked  *calls
}

// each runs the body on both databases.
func each(t *testing.T, body func(*testing.T, *world)) {
	t.Helper()
	for backend, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "discovery.db") },
		"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
	} {
		t.Run(backend, func(t *testing.T) { body(t, open(t, dsn(t))) })
	}
}

// open composes the service and serves it, and a vendor, until the test ends.
func open(t *testing.T, dsn string) *world {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }})
	sim.SeedAt(time.Now())
	vendor := httptest.NewServer(sim.Handler())
	t.Cleanup(vendor.Close)

	w := &world{vendor: vendor.URL, asked: &calls{}, tenant: domain.TenantID{UUID: uuid.New()}}
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	log := &bytes.Buffer{}
	app, err := compose.New(t.Context(), settings(t, dsn, w.url), compose.Overrides{LogTo: zapcore.Lock(zapcore.AddSync(log)), PerMinute: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	if err := app.Stores.Queue.Start(t.Context(), app.Service, app.Service); err != nil {
		t.Fatal(err)
	}
	w.app, w.token = app, operatorToken(t, w.tenant)
	server.Config.Handler = w.asked.note(app.Handler())
	server.Start()
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Stores.Queue.Stop(ctx); err != nil {
			t.Errorf("the queue does not stop: %v", err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", log)
		}
	})
	return w
}

// settings is production's, with everybody on loopback.
func settings(t *testing.T, dsn, origin string) configs.Config {
	t.Helper()
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(keyset, sealing.Options{}); err != nil {
		t.Fatal(err)
	}
	return configs.Config{
		EnvName: "production", PublicURL: origin, DatabaseURL: dsn, DatabaseMigrate: true,
		Auth:        configs.Auth{JWTSecret: domain.SecretText(jwtSecret), TenantClaim: "tenant_id"},
		Sealing:     configs.Sealing{KeysetFile: keyset},
		Egress:      configs.Egress{AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Log:         configs.Log{Level: zapcore.WarnLevel, Format: "json"},
		Sources:     map[domain.Vendor]domain.SourcePolicy{"pluggy": {Authorization: domain.SecretText(shared)}},
		PullWorkers: 4,
	}
}

func operatorToken(t *testing.T, tenant domain.TenantID) string {
	t.Helper()
	token, err := jwt.NewBuilder().Claim("tenant_id", tenant.String()).Expiration(time.Now().Add(time.Hour)).Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256, []byte(jwtSecret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// calls remembers what was asked of the service.
type calls struct {
	mu   sync.Mutex
	made map[string]bool // "GET /path"
}

func (c *calls) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		if c.made == nil {
			c.made = map[string]bool{}
		}
		c.made[r.Method+" "+r.URL.Path] = true
		c.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}
