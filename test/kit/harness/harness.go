// Package harness contains what the tests of the composed service share: settings that allow vendors on
// loopback, an operator's token, a function that runs the service until the test ends, and a log that
// can be read while it is written.
package harness

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The values of settings that [Config] returns.
const (
	PublicURL = "https://hooks.example.com"
	JWTSecret = "an-operator-secret-of-32-bytes-or-more"
)

// StoreTimeout bounds each method of the stores in tests that do not measure speed. It is longer than the stores' own
// timeouts, so that the tests pass on a busy machine.
const StoreTimeout = time.Minute

// Config returns settings as in production for the database at dsn, except that vendors on loopback are allowed over
// HTTP. The keyset is new, no webhook source is trusted, four workers run pulls, and the log level is warn.
func Config(t testing.TB, dsn string) configs.Config {
	t.Helper()
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(keyset); err != nil {
		t.Fatal(err)
	}
	return configs.Config{
		MatchReplacements:   true,
		WebhookSilenceGrace: 2 * time.Hour,
		EnvName:             "production",
		PublicURL:           PublicURL,
		DatabaseURL:         dsn,
		DatabaseMigrate:     true,
		Auth:                configs.Auth{JWTSecret: domain.SecretText(JWTSecret), TenantClaim: "tenant_id"},
		Sealing:             configs.Sealing{KeysetFile: keyset},
		Egress: configs.Egress{
			AllowHTTP:    true,
			AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		},
		Log:         configs.Log{Level: zapcore.WarnLevel, Format: "json"},
		Sources:     map[domain.Vendor]domain.SourcePolicy{},
		PullWorkers: 16,
	}
}

// SQLite returns the DATABASE_URL of a new SQLite file, which is removed when the test ends.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite://" + filepath.Join(datadir.New(t), "discovery.db")
}

// EachDatabase runs body as a subtest on an empty SQLite and on an empty PostgreSQL database. A package
// that uses it must call [pgtest.Main] in its TestMain.
func EachDatabase(t *testing.T, body func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { body(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { body(t, pgtest.DSN(t)) })
}

// Token returns the bearer token of an operator of the tenant, which must be a UUID. The token is valid
// for an hour.
func Token(t testing.TB, tenant string) string {
	t.Helper()
	token, err := jwt.NewBuilder().Claim("tenant_id", tenant).Expiration(time.Now().Add(time.Hour)).Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256, []byte(JWTSecret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// Serve runs the service on a free loopback port, as the binary does. The returned function ends the service and waits
// until the service has ended. This function is also called at the end of the test.
func Serve(t testing.TB, app *compose.App) (origin string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- app.Serve(ctx, listener, nil) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return "http://" + listener.Addr().String(), stop
}

// Work starts the workers of the service and the dispatcher of its events, without an HTTP server, and stops them at
// the end of the test.
func Work(t testing.TB, app *compose.App) {
	t.Helper()
	if err := app.Stores.Queue.Start(t.Context(), app.Service, app.Service); err != nil {
		t.Fatalf("the queue does not start: %v", err)
	}
	dispatching, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		app.Service.DispatchEvents(dispatching)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := app.Stores.Queue.Stop(ctx); err != nil {
			t.Errorf("the queue does not stop: %v", err)
		}
	})
}

// Eventually polls until condition returns true, and fails the test after two minutes. label names the awaited event in
// the error message.
func Eventually(t testing.TB, label string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited without result for %s", label)
		}
	}
}
