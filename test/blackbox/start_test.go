package blackbox_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// canary is part of every invalid value. If the service refuses to start, its error message must not contain the
// canary.
const canary = "canary-7f3a"

// checkOneLine checks the exit code, and that stderr is one line that contains all the names but not the
// canary. stdout must be empty.
func checkOneLine(t *testing.T, code, want int, stdout, stderr string, names ...string) {
	t.Helper()
	if code != want || strings.Count(stderr, "\n") != 1 || stdout != "" {
		t.Errorf("the exit code is %d, want %d, the output %q %q", code, want, stdout, stderr)
	}
	for _, name := range names {
		if !strings.Contains(stderr, name) {
			t.Errorf("it does not name %s: %s", name, stderr)
		}
	}
	if strings.Contains(stderr, canary) {
		t.Errorf("it repeats a value: %s", stderr)
	}
}

func TestAllInvalidSettingsAreReportedAtOnce(t *testing.T) {
	bad := map[string]string{
		"SERVER_ADDRESS":                canary,
		"ADMIN_ADDRESS":                 canary + ":x",
		"PUBLIC_URL":                    "ftp://" + canary + "/",
		"DATABASE_URL":                  "mysql://" + canary,
		"DATABASE_MIGRATE":              canary,
		"DATABASE_POOLED":               canary,
		"DATABASE_DISTRIBUTE":           canary,
		"AUTH_JWKS_URL":                 canary,
		"AUTH_JWT_SECRET":               canary,
		"AUTH_REQUIRE_SCOPES":           canary,
		"PLUGGY_WEBHOOK_HMAC_SECRET":    canary,
		"BELVO_WEBHOOK_HMAC_SECRET":     canary,
		"EGRESS_ALLOWED_CIDRS":          canary,
		"EGRESS_ALLOW_HTTP":             canary,
		"PLUGGY_WEBHOOK_SOURCE_CIDRS":   canary,
		"BELVO_WEBHOOK_SOURCE_CIDRS":    canary,
		"TRUSTED_PROXIES":               canary,
		"RECONCILE_INTERVAL":            canary,
		"DRIFT_GRACE":                   canary,
		"MATCH_REPLACEMENTS":            canary,
		"DELIVERY_RETENTION":            canary,
		"PULL_RETENTION":                canary,
		"PULL_WORKERS":                  "-1",
		"RATE_LIMIT_PER_MINUTE":         canary,
		"WEBHOOK_RATE_LIMIT_PER_MINUTE": canary,
		"LOG_LEVEL":                     canary,
		"LOG_FORMAT":                    canary,
	}
	// SEALING_KEYSET_FILE is invalid, too, because it is not set.
	names := append(slices.Collect(maps.Keys(bad)), "SEALING_KEYSET_FILE")
	for name, used := range map[string][]string{
		"serve": names, "migrate": {"DATABASE_URL", "DATABASE_POOLED", "DATABASE_DISTRIBUTE"},
		"reseal": {
			"DATABASE_URL", "DATABASE_POOLED", "DATABASE_DISTRIBUTE", "DATABASE_MIGRATE", "SEALING_KEYSET_FILE",
			"LOG_LEVEL", "LOG_FORMAT",
		},
	} {
		out, said, code := command(t, bad, name)
		checkOneLine(t, code, 2, out, said, used...)
		if got := strings.Count(said, ";") + 1; got != len(used) {
			t.Errorf("%s names %d settings, and uses %d: %s", name, got, len(used), said)
		}
	}
	// Each invalid setting is also tested separately, with all other settings valid.
	h := newEnv(t, "")
	for name, value := range bad {
		settings := maps.Clone(h.settings)
		settings[name] = value
		out, said, code := command(t, settings, "serve")
		checkOneLine(t, code, 2, out, said, name)
	}
}

// Without DATABASE_URL, no command may create a database in production, because the operator may have misspelt the name
// of that setting.
func TestWithoutADatabaseNothingStartsInProduction(t *testing.T) {
	h := newEnv(t, "")
	for _, name := range []string{"serve", "migrate", "reseal"} {
		settings := maps.Clone(h.settings)
		settings["ENV_NAME"], settings["PUBLIC_URL"] = "production", "https://api.example.com"
		delete(settings, "DATABASE_URL")
		out, said, code := command(t, settings, name)
		checkOneLine(t, code, 2, out, said, "DATABASE_URL is required")
	}
}

func TestHealthReportsWhetherTheServiceIsReady(t *testing.T) {
	h := newEnv(t, "")
	p := h.serve()
	p.ready()
	settings := map[string]string{"SERVER_ADDRESS": strings.TrimPrefix(p.baseURL(), "http://")}
	if out, said, code := command(t, settings, "health"); code != 0 || out != "ready\n" || said != "" {
		t.Errorf("while the service is ready, health ended with %d and printed %q %q", code, out, said)
	}
	p.stop()
	out, said, code := command(t, settings, "health")
	checkOneLine(t, code, 1, out, said, "health: ")
}

// A setting with a misspelt name must have no other effect than a warning, which names the setting without its value.
func TestAMisspeltSettingIsLogged(t *testing.T) {
	h := newEnv(t, "")
	h.settings["DATABASE_URI"] = canary
	p := h.serve()
	p.ready()
	if log := p.log(); !strings.Contains(log, `"setting":"DATABASE_URI"`) || strings.Contains(log, canary) {
		t.Errorf("the log does not name the setting, or contains its value:\n%s", log)
	}
}

// The libraries of OpenTelemetry would print headers that they cannot parse, with the key of the collector.
func TestUnreadableHeadersOfTheCollectorAreNotPrinted(t *testing.T) {
	h := newEnv(t, "")
	h.settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
	h.settings["OTEL_EXPORTER_OTLP_HEADERS"] = canary + ",a=%" + canary
	p := h.serve()
	p.ready()
	if log := p.log(); !strings.Contains(log, `"setting":"OTEL_EXPORTER_OTLP_HEADERS"`) ||
		strings.Contains(log, canary) {
		t.Errorf("the log does not name the setting, or contains its value:\n%s", log)
	}
}

func TestAnAddressThatIsTakenEndsTheStart(t *testing.T) {
	h := newEnv(t, "")
	p := h.serve()
	p.ready()
	other := newEnv(t, "")
	other.settings["SERVER_ADDRESS"] = strings.TrimPrefix(p.baseURL(), "http://")
	out, said, code := command(t, other.settings, "serve")
	checkOneLine(t, code, 2, out, said, "SERVER_ADDRESS")
	if _, err := os.Stat(strings.TrimPrefix(other.settings["DATABASE_URL"], "sqlite://")); err == nil {
		t.Error("it created a database nevertheless")
	}
}

func TestKeysets(t *testing.T) {
	h := newEnv(t, "")
	file := h.settings["SEALING_KEYSET_FILE"]
	before := must(os.ReadFile(file))
	if info := must(os.Stat(file)); info.Mode().Perm() != 0o600 {
		t.Errorf("a new keyset has mode %v", info.Mode())
	}
	out, said, code := command(t, nil, "keyset", "create", file)
	if code == 0 || strings.Count(said, "\n") != 1 || out != "" || string(must(os.ReadFile(file))) != string(before) {
		t.Errorf("a second create ended with %d and printed %q", code, said)
	}
	for name, spoil := range map[string]func(path string){
		"writable by the group": func(path string) { check(os.Chmod(path, 0o660)) },
		"readable by the world": func(path string) { check(os.Chmod(path, 0o604)) },
		"missing":               func(path string) { check(os.Remove(path)) },
		"empty":                 func(path string) { check(os.WriteFile(path, nil, 0o600)) },
		"no keyset": func(path string) {
			check(os.WriteFile(path, []byte(`{"primaryKeyId":1,"key":"`+canary+`"}`), 0o600))
		},
	} {
		settings := maps.Clone(h.settings)
		settings["SEALING_KEYSET_FILE"] = filepath.Join(t.TempDir(), "keyset.json")
		check(os.WriteFile(settings["SEALING_KEYSET_FILE"], before, 0o600))
		spoil(settings["SEALING_KEYSET_FILE"])
		out, said, code := command(t, settings, "serve")
		if code == 0 {
			t.Errorf("%s: it started", name)
		}
		checkOneLine(t, code, code, out, said, "SEALING_KEYSET_FILE")
	}
}

// With a keyset that did not seal the stored credentials, the service must not start. With the right keyset, it must
// work again.
func TestForeignKeyset(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "", "postgres": newDatabase(t).url} {
		t.Run(name, func(t *testing.T) { checkForeignKeyset(t, newEnv(t, url)) })
	}
}

func checkForeignKeyset(t *testing.T, h *env) {
	t.Helper()
	p := h.serve()
	p.ready()
	l := newPluggy(t, 1, 30)
	l.connect(h, p)
	p.stop()
	foreign := maps.Clone(h.settings)
	foreign["SEALING_KEYSET_FILE"] = filepath.Join(t.TempDir(), "keyset.json")
	if _, said, code := command(t, nil, "keyset", "create", foreign["SEALING_KEYSET_FILE"]); code != 0 {
		t.Fatal(said)
	}
	out, said, code := command(t, foreign, "serve")
	checkOneLine(t, code, 2, out, said, "SEALING_KEYSET_FILE", "another installation")
	again := h.serve()
	again.ready()
	h.checkConnectionTest(t, again, l, true)
	tr := newTraffic([]*link{l}, func() *process { return again })
	tr.deliver(l, l.fullPullEvent())
	eventually(t, waitTimeout, "rows", func() bool {
		return len(h.all(again, "/aggregator-connections/"+l.id+"/transactions")) == len(l.facts)
	})
}

func (h *env) checkConnectionTest(t *testing.T, p *process, l *link, healthy bool) {
	t.Helper()
	vendor, account, _, _, _ := l.connectionValues()
	a := h.call(
		p,
		"POST",
		"/aggregator-connections/test",
		object{"vendor": vendor, "configName": vendor + "-" + account},
		http.StatusOK,
	)
	if a["healthy"] != healthy {
		t.Errorf("the test of the connection returned %v", a)
	}
}

func TestMigrate(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "", "postgres": newDatabase(t).url} {
		h := newEnv(t, url)
		h.settings["DATABASE_MIGRATE"] = "false"
		out, said, code := command(t, h.settings, "serve")
		checkOneLine(t, code, 1, out, said, "DATABASE_URL", "version 0", "discovery migrate")
		for range 2 { // a second run must do nothing
			if _, said, code := command(
				t,
				h.settings,
				"migrate",
			); code != 0 ||
				said != "" && strings.Contains(said, "error") {
				t.Fatalf("%s: migrate ended with %d: %s", name, code, said)
			}
		}
		p := h.serve()
		p.ready()
		h.call(p, "GET", "/aggregator-connections", nil, http.StatusOK)
		p.stop()
	}
}

func TestTokenWorksOnlyInDevelopment(t *testing.T) {
	h := newEnv(t, "")
	if strings.Count(h.token, ".") != 2 {
		t.Errorf("token printed %q", h.token)
	}
	production := maps.Clone(h.settings)
	production["ENV_NAME"], production["PUBLIC_URL"] = "production", "https://api.example.com"
	out, said, code := command(t, production, "token", uuid.NewString())
	checkOneLine(t, code, 2, out, said, "ENV_NAME")
	out, said, code = command(t, h.settings, "token", canary)
	checkOneLine(t, code, 2, out, said, "TENANT")
}

func TestVersionAndUnknownCommands(t *testing.T) {
	out, said, code := command(t, nil, "version")
	if code != 0 || said != "" || strings.Count(out, "\n") != 1 || strings.TrimSpace(out) == "" {
		t.Errorf("version ended with %d and printed %q %q", code, out, said)
	}
	for _, args := range [][]string{{"serv"}, {"serve", "--nothing"}, {"keyset", "create"}, {"serve", "extra"}} {
		if out, said, code := command(t, nil, args...); code != 2 || out != "" || strings.Count(said, "\n") != 1 {
			t.Errorf("%v ended with %d and printed %q %q", args, code, out, said)
		}
	}
}

// The test only measures and logs the time until the service is ready, and its memory at that time. There
// is no documented limit for these values.
func TestStartMeasured(t *testing.T) {
	h := newEnv(t, "")
	for _, what := range []string{"an empty database", "an existing database"} {
		p := h.serve()
		took := p.ready()
		t.Logf("%s: ready after %d ms, resident %s", what, took.Round(time.Millisecond).Milliseconds(), p.resident())
		p.stop()
	}
}

// resident returns the resident memory of the process, as the kernel formats it.
func (p *process) resident() string {
	raw, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	for line := range strings.Lines(string(raw)) {
		if size, found := strings.CutPrefix(line, "VmRSS:"); found {
			return strings.TrimSpace(size)
		}
	}
	return "unknown"
}
