package compose_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

const canary = "canary-51d0"

func TestAFailedStartNamesItsSetting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		spoil   func(*configs.Config)
		setting string
		mend    bool // New must return a SettingError, because the operator must change the setting
	}{
		"no keyset": {
			func(c *configs.Config) { c.Sealing.KeysetFile = file + "-not" }, "SEALING_KEYSET_FILE", true,
		},
		"not a keyset": {func(c *configs.Config) { c.Sealing.KeysetFile = file }, "SEALING_KEYSET_FILE", true},
		"a short secret": {
			func(c *configs.Config) { c.Auth.JWTSecret = domain.SecretText(canary) }, "AUTH_JWT_SECRET", true,
		},
		"no URL of a key set": {func(c *configs.Config) { c.Auth.JWKSURL = canary }, "AUTH_JWKS_URL", true},
		"a folder in a file": {
			func(c *configs.Config) { c.DatabaseURL = "sqlite://" + file + "/x.db" }, "DATABASE_URL", true,
		},
		"no database file": {func(c *configs.Config) { c.DatabaseURL = "sqlite://" + file }, "DATABASE_URL", true},
		"no PostgreSQL URL": {
			func(c *configs.Config) { c.DatabaseURL = "postgres://u:" + canary + "@h:port/d" }, "DATABASE_URL",
			true,
		},
		"PostgreSQL is unreachable": {
			func(c *configs.Config) { c.DatabaseURL = "postgres://u:" + canary + "@127.0.0.1:1/d" },
			"DATABASE_URL", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			test.spoil(&cfg)
			app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: io.Discard})
			if err == nil {
				app.Close()
				t.Fatal("New composed a service with an invalid setting")
			}
			if !strings.HasPrefix(err.Error(), test.setting+" ") && !strings.HasPrefix(err.Error(), test.setting+":") {
				t.Errorf("the error %q does not begin with the setting %s", err, test.setting)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q repeats a value", err)
			}
			if blamed := errors.As(err, new(compose.SettingError)); blamed != test.mend {
				t.Errorf("is a SettingError: %v, want %v", blamed, test.mend)
			}
		})
	}
}

// When the keyset file becomes invalid, the previous keys must stay in use, and the error must be logged.
func TestAKeysetThatBecomesInvalidIsLogged(t *testing.T) {
	cfg, log := settings(t), &harness.Journal{}
	_, baseURL := vendor(t)
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if err := os.WriteFile(cfg.Sealing.KeysetFile, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(waitTimeout); !strings.Contains(log.String(), `"where":"keyset"`); {
		if time.Now().After(end) {
			t.Fatalf("the invalid keyset file was not logged: %s", log)
		}
		// connect encrypts a credential. Each encryption checks the keyset file, but at most once a second.
		connect(t, app, baseURL)
		time.Sleep(20 * time.Millisecond)
	}
	if strings.Contains(log.String(), canary) {
		t.Error("the log contains the content of the file")
	}
}

func TestANodeThatCannotBeReachedIsAWarning(t *testing.T) {
	log := &harness.Journal{}
	app, err := compose.New(t.Context(), settings(t), compose.Overrides{LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	app.WarnUnreachable("10.0.0.7:5432", errors.New("no route to the host"))
	for _, part := range []string{`"level":"warn"`, `"node":"10.0.0.7:5432"`, `"error":"no route to the host"`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log does not contain %s: %s", part, log)
		}
	}
}

// A second call of Serve must not disturb the service, which may still be running.
func TestAnAppIsServedOnce(t *testing.T) {
	app, origin, end := serve(t, settings(t), compose.Overrides{LogTo: io.Discard})
	if response, err := http.Get(origin + "/readyz"); err != nil {
		t.Fatal(err)
	} else {
		_ = response.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	again := func() {
		t.Helper()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		if err := app.Serve(t.Context(), listener, nil); err == nil || !strings.Contains(err.Error(), "New") {
			t.Errorf("a further call of Serve returns %v", err)
		}
	}
	again()
	tenant := domain.TenantID{UUID: uuid.New()}
	page := domain.PageRequest{Limit: 1}
	if _, err := app.Service.ListConnections(t.Context(), tenant, ports.ConnectionFilter{}, page); err != nil {
		t.Errorf("after a second call, the service that is running returns %v", err)
	}
	end()
	again()
	app.Close()
}
