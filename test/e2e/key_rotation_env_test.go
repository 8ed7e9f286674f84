// The tests of this file and of key_rotation_test.go rotate the sealing keys of a running service,
// while its connections are tested and pulled. They run on SQLite and on PostgreSQL, with the
// vendor's simulator on loopback.

package e2e_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// rotationEnv contains the settings that several processes share, and the address of the vendor.
type rotationEnv struct {
	cfg    configs.Config
	vendor string
	tenant domain.TenantID
}

func newRotationEnv(t *testing.T, database string) *rotationEnv {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: 1})
	sim.SeedAt(time.Now())
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	cfg := harness.Config(t, database)
	// Without these settings every process logs warnings when it starts.
	cfg.Auth.Issuer, cfg.Auth.Audience = "https://issuer.example", "aggregator-connections"
	return &rotationEnv{
		vendor: server.URL,
		tenant: domain.TenantID{UUID: uuid.Must(uuid.NewV7())},
		cfg:    cfg,
	}
}

// open composes one more instance of the service on the same database and keyset. If wrap is not nil, it is called with
// the stores of the instance, and can decorate them.
func (w *rotationEnv) open(t *testing.T, wrap func(*compose.Stores)) *compose.App {
	t.Helper()
	log := &harness.Journal{}
	app, err := compose.New(t.Context(), w.cfg, compose.Overrides{
		LogTo: log, Wrap: wrap, PerMinute: -1, StoreTimeout: harness.StoreTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		app.Close()
		for line := range strings.Lines(log.String()) {
			// Audit entries and checkpoints are logged at every level.
			if !strings.Contains(line, `"message":"audit"`) && !strings.Contains(line, `"message":"audit checkpoint"`) {
				t.Errorf("a process logged a warning: %s", line)
			}
		}
	})
	return app
}

// connect creates n connections and returns them.
func (w *rotationEnv) connect(t *testing.T, app *compose.App, n int) (all []domain.Connection) {
	t.Helper()
	for i := range n {
		c, err := app.Service.CreateConnection(t.Context(), w.tenant, ports.NewConnection{
			Vendor: "pluggy", Name: fmt.Sprintf("bank %03d", i), BaseURL: w.vendor, AccountRef: pluggysim.DemoItemID,
			ClientID: domain.SecretText(pluggysim.DemoClientID), Secret: domain.SecretText(pluggysim.DemoClientSecret),
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// stale returns the number of credentials that are not sealed with the primary key, and the number
// of all credentials.
func (w *rotationEnv) stale(t *testing.T, app *compose.App) (stale, total int) {
	t.Helper()
	keys, err := sealing.Open(w.cfg.Sealing.KeysetFile, sealing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for after := uuid.Nil; ; {
		rows, err := app.Stores.SealedValues.List(t.Context(), ports.SealedConnection, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return stale, total
		}
		for _, row := range rows {
			total++
			if keys.NeedsReseal(row.Sealed) {
				stale++
			}
			after = row.ID
		}
	}
}

// cancellingStore is a store of sealed values that cancels a context after a number of calls of Replace.
type cancellingStore struct {
	ports.SealedValues
	left int                // number of calls of Replace before the context is canceled
	cut  context.CancelFunc // cancels the context
}

// Replace implements ports.SealedValues. After the permitted number of calls it also cancels the context.
func (c *cancellingStore) Replace(
	ctx context.Context, v ports.SealedValue, fresh domain.Sealed,
) (bool, error) {
	if c.left--; c.left < 0 {
		c.cut()
	}
	return c.SealedValues.Replace(ctx, v, fresh)
}
