package budget_test

import (
	"flag"
	"io"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

var wire = flag.Bool("wire", false, "keep the vendor busy for -minutes of real time, over sockets and SQLite")

// TestWire is TestBudget without its bubble: the service as it is composed, on SQLite, with
// loopback sockets and the wall clock.
func TestWire(t *testing.T) {
	if !*wire {
		t.Skip("takes -minutes of real time: run it with -wire")
	}
	dir := t.TempDir()
	keyset := filepath.Join(dir, "keyset.json")
	if err := sealing.Create(keyset, sealing.Options{}); err != nil {
		t.Fatal(err)
	}
	sim := newVendor(t)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	app, err := compose.New(t.Context(), configs.Config{
		EnvName: "production", PublicURL: "https://hooks.example.com",
		DatabaseURL: "sqlite://" + filepath.Join(dir, "discovery.db"), DatabaseMigrate: true,
		Auth:    configs.Auth{JWTSecret: domain.SecretText("an-operator-secret-of-32-bytes-or-more"), TenantClaim: "tenant_id"},
		Sealing: configs.Sealing{KeysetFile: keyset},
		Egress:  configs.Egress{AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Log:     configs.Log{Level: zapcore.WarnLevel, Format: "json"}, PullWorkers: connections,
	}, compose.Overrides{LogTo: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	begun := time.Now()
	busy(t, sim, service{app.Service, app.Stores.Queue, server.URL})
	t.Logf("%v on the wall", time.Since(begun).Round(time.Second))
}
