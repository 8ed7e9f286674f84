package compose_test

import (
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// newLoggedApp returns a service with the given log level, and its log.
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
