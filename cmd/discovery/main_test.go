package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	canary    = "canary-8d20"
	jwtSecret = "development-only-secret-of-32-bytes-or-more"
)

// environment returns a lookup function for the settings of a development machine, with the database
// and the keyset in a temporary directory. pairs consists of alternating names and values that
// replace or add settings.
func environment(t *testing.T, pairs ...string) lookup {
	t.Helper()
	dir := datadir.New(t)
	values := map[string]string{
		"ENV_NAME": "development", "AUTH_JWT_SECRET": jwtSecret,
		"SERVER_ADDRESS": "127.0.0.1:0", "ADMIN_ADDRESS": "127.0.0.1:0",
		"DATABASE_URL":        "sqlite://" + filepath.Join(dir, "discovery.db"),
		"SEALING_KEYSET_FILE": filepath.Join(dir, "keyset.json"),
	}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) {
		value, set := values[name]
		return value, set
	}
}

// program runs the command line with args, and returns its exit code and its outputs.
func program(t *testing.T, env lookup, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), args, env, nil, &out, &errs)
	return report(err, &errs), out.String(), errs.String()
}

// withKeyset creates the keyset file that SEALING_KEYSET_FILE specifies, and returns env.
func withKeyset(t *testing.T, env lookup) lookup {
	t.Helper()
	file, _ := env("SEALING_KEYSET_FILE")
	if code, _, stderr := program(t, env, "keyset", "create", file); code != 0 {
		t.Fatal(stderr)
	}
	return env
}

func TestUsageErrorsExitWithTwo(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"an unknown command":    {[]string{"fly"}, "unknown command"},
		"an unknown subcommand": {[]string{"keyset", "fly"}, "unknown command"},
		"an unknown flag":       {[]string{"serve", "--fly"}, "unknown flag"},
		"an unknown shell":      {[]string{"completion", "fly"}, `no completion for the shell "fly"`},
		"an address of a flag":  {[]string{"sandbox", "--pluggy", "x"}, "--pluggy: "},
		"a port of a flag":      {[]string{"sandbox", "--pluggy", "127.0.0.1:99999"}, "--pluggy: "},
		"no number for a flag": {
			[]string{"pulls", "list", "--limit", "abc"},
			`invalid argument "abc" for "--limit" flag: must be a whole number`,
		},
		"too large a number": {[]string{"pulls", "list", "--limit", strings.Repeat("9", 20)}, "flag: is out of range"},
		"no truth value":     {[]string{"pulls", "list", "--all=abc"}, `"--all" flag: must be true or false`},
		"a missing required flag": {
			[]string{"transactions", "exclude", "x"}, `required flag(s) "reason" not set`,
		},
		"flags that exclude each other": {
			[]string{"subscriptions", "create", "--url", "x", "--url-file", "y"}, "[url url-file]",
		},
		"an argument too many": {[]string{"version", "fly"}, "unknown command"},
		"an argument too few":  {[]string{"token"}, "usage: discovery token TENANT"},
		"no file for a keyset": {[]string{"keyset", "create"}, "usage: discovery keyset create FILE"},
		"an invalid tenant":    {[]string{"token", canary}, "TENANT must be a UUID"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := program(t, environment(t), test.args...)
			if code != exitUsage || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit %d with %q, want %d with one line that contains %q", code, stderr, exitUsage, test.says)
			}
			if out != "" || strings.Contains(stderr, canary) {
				t.Errorf("stdout %q, stderr %q", out, stderr)
			}
		})
	}
}

func TestAnInvalidSettingExitsWithTwoAndIsNamed(t *testing.T) {
	taken, err := loopback(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, test := range map[string]struct{ setting, value string }{
		"an invalid address":             {"SERVER_ADDRESS", canary},
		"an address in use":              {"SERVER_ADDRESS", taken.Addr().String()},
		"an admin address in use":        {"ADMIN_ADDRESS", taken.Addr().String()},
		"a short secret":                 {"AUTH_JWT_SECRET", canary},
		"a missing keyset":               {"SEALING_KEYSET_FILE", "/nonexistent/keyset.json"},
		"an unknown kind of database":    {"DATABASE_URL", "mysql://" + canary},
		"an invalid PostgreSQL URL":      {"DATABASE_URL", "postgres://u:" + canary + "@h:port/d"},
		"a database in a missing folder": {"DATABASE_URL", "sqlite:///dev/null/discovery.db"},
		"an invalid collector URL":       {"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://" + canary},
	} {
		t.Run(name, func(t *testing.T) {
			env := withKeyset(t, environment(t))
			code, _, stderr := program(t, func(name string) (string, bool) {
				if name == test.setting {
					return test.value, true
				}
				return env(name)
			}, "serve")
			if code != exitUsage || !strings.Contains(stderr, test.setting) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit %d with %q, want %d with one line that names %s", code, stderr, exitUsage, test.setting)
			}
			if strings.Contains(stderr, canary) {
				t.Errorf("%q contains the value of the setting", stderr)
			}
		})
	}
}

func TestAllInvalidSettingsAreNamedInOneLine(t *testing.T) {
	code, _, stderr := program(t, environment(t, "SERVER_ADDRESS", "x", "PULL_WORKERS", "x"), "serve")
	if code != exitUsage || !strings.Contains(stderr, "SERVER_ADDRESS") ||
		!strings.Contains(stderr, "PULL_WORKERS") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d with %q", code, stderr)
	}
}

func TestAnUnreachableDatabaseExitsWithOne(t *testing.T) {
	for _, command := range []string{"serve", "migrate", "reseal"} {
		env := withKeyset(t, environment(t, "DATABASE_URL", "postgres://u:"+canary+"@127.0.0.1:1/d"))
		code, _, stderr := program(t, env, command)
		if code != exitFailure || !strings.Contains(stderr, "DATABASE_URL") ||
			strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, canary) {
			t.Errorf("%s: exit %d with %q, want %d with one line", command, code, stderr, exitFailure)
		}
	}
}

func TestErrorsAreReportedInOneLine(t *testing.T) {
	var stderr bytes.Buffer
	if code := report(errors.New("this:\n\tone\r\n\n two\n"), &stderr); code != exitFailure ||
		stderr.String() != "discovery: this: one; two\n" {
		t.Errorf("exit %d with %q", code, stderr.String())
	}
	for want, err := range map[int]error{0: nil, exitFailure: fmt.Errorf("stopped: %w", context.Canceled)} {
		if code := report(err, io.Discard); code != want {
			t.Errorf("%v exits with %d, want %d", err, code, want)
		}
	}
}

// An interrupt must be a success for a command that runs until it is stopped, and a failure for a command that has a
// task to finish.
func TestInterruptIsASuccessOnlyForCommandsThatRunUntilStopped(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for command, want := range map[string]int{
		"serve": 0, "sandbox": 0, "demo": 0, "migrate": exitFailure, "reseal": exitFailure,
	} {
		env := withKeyset(t, environment(t))
		args := []string{command}
		if command == "sandbox" {
			args = append(args, "--pluggy", "127.0.0.1:0", "--belvo", "127.0.0.1:0", "--plaid", "127.0.0.1:0")
		}
		var out, errs bytes.Buffer
		code := report(run(stopped, args, env, nil, &out, &errs), &errs)
		if code != want {
			t.Errorf("%s: exit %d with %q, want %d", command, code, errs.String(), want)
		}
		message := "discovery: " + command + ": interrupted; finished work is kept, run it again\n"
		if want != 0 && (errs.String() != message || out.Len() > 0) {
			t.Errorf("%s: stdout %q, stderr %q", command, out.String(), errs.String())
		}
	}
}

// Each vendor must have a simulator in the sandbox, so that others can try the vendor.
func TestTheSandboxServesEveryVendor(t *testing.T) {
	flags := sandboxCommand(os.LookupEnv).Flags()
	for _, vendor := range compose.VendorNames() {
		if flags.Lookup(string(vendor)) == nil {
			t.Errorf("%s has no simulator: add an entry to the list in cmd/discovery/sandbox.go", vendor)
		}
	}
}

// serveUntilReady runs the command serve until it has logged that it serves, and then stops it. It
// returns the log. environ lists the environment variables in the form of os.Environ.
func serveUntilReady(t *testing.T, env lookup, environ ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"serve"}, env, environ, io.Discard, write)
		_ = write.Close()
		ended <- err
	}()
	var log strings.Builder
	for lines := bufio.NewScanner(read); lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), `"message":"serving"`) {
			cancel()
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("serve ended with the error %v, want nil", err)
	}
	return log.String()
}

func TestServeEndsWithItsContext(t *testing.T) {
	if log := serveUntilReady(t, withKeyset(t, environment(t))); !strings.Contains(log, `"message":"stopped"`) {
		t.Errorf("the service did not stop: %s", log)
	}
}

// lineWith returns the only line of the log that contains text, without its time. It fails the test if
// there is no such line, or more than one.
func lineWith(t *testing.T, log, text string) string {
	t.Helper()
	if strings.Count(log, text) != 1 {
		t.Fatalf("the log does not contain %s exactly once: %s", text, log)
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

func TestTheStartLogNamesWhatWasChosen(t *testing.T) {
	env := withKeyset(t, environment(
		t, "AUTH_AUDIENCE", canary, "PLUGGY_WEBHOOK_HMAC_SECRET", canary+"-of-at-least-16-bytes",
		"PLUGGY_WEBHOOK_SOURCE_CIDRS", "", "BELVO_WEBHOOK_AUTHORIZATION", "Bearer "+canary,
		"EGRESS_ALLOWED_CIDRS", "127.0.0.0/8", "EGRESS_ALLOW_HTTP", "true",
	))
	log := serveUntilReady(t, env)
	line := lineWith(t, log, `"message":"serving"`)
	for _, want := range []string{
		`"database":"sqlite"`, `"operators":"AUTH_JWT_SECRET, issuer not checked, audience checked"`,
		`"webhooks":{`, `"belvo":"authorization header or source address"`, `"plaid":"key of the vendor"`,
		`"pluggy":"signature"`,
		`"egressExceptions":["127.0.0.0/8","http"]`,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("the line about the start does not contain %s: %s", want, line)
		}
	}
	if strings.Contains(log, canary) {
		t.Errorf("the log contains a value: %s", log)
	}
}

func TestTheStartLogWarnsAboutSettings(t *testing.T) {
	env := withKeyset(t, environment(t, "TRUSTED_PROXIES", "0.0.0.0/0", "EGRESS_ALLOWED_CIDRS", "0.0.0.0/0"))
	log := serveUntilReady(t, env, "AUTH_JWKS="+canary, "DATABASE_URI=sqlite://"+canary, "PATH=/bin", "LOG_LEVEL=info")
	for _, name := range []string{"TRUSTED_PROXIES", "EGRESS_ALLOWED_CIDRS", "AUTH_JWKS", "DATABASE_URI"} {
		if line := lineWith(t, log, `"setting":"`+name+`"`); !strings.Contains(line, `"level":"warn"`) {
			t.Errorf("%s has no warning: %s", name, line)
		}
	}
	if strings.Count(log, `"message":"setting"`) != 4 || strings.Contains(log, canary) {
		t.Errorf("the log contains other warnings, or a value: %s", log)
	}
}

func TestMigrateAndResealPrintWhatTheyDid(t *testing.T) {
	env := withKeyset(t, environment(t))
	for command, want := range map[string]string{
		"migrate": "the schema is up to date\n", "reseal": "0 credentials resealed\n",
	} {
		if code, out, stderr := program(t, env, command); code != 0 || out != want {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", command, code, out, stderr)
		}
	}
}

// A process that only migrates or reseals, for example an init container, must not need settings that the command
// does not use.
func TestMigrateAndResealNeedOnlyTheirOwnSettings(t *testing.T) {
	all := withKeyset(t, environment(t))
	for command, needs := range map[string][]string{
		"migrate": {"DATABASE_URL"},
		"reseal":  {"DATABASE_URL", "SEALING_KEYSET_FILE"},
	} {
		only := func(name string) (string, bool) {
			if slices.Contains(needs, name) {
				return all(name)
			}
			return "", false
		}
		if code, _, stderr := program(t, only, command); code != 0 {
			t.Errorf("%s: exit %d, stderr %q", command, code, stderr)
		}
		code, _, stderr := program(t, func(name string) (string, bool) {
			if name == "DATABASE_URL" {
				return canary, true
			}
			return "", false
		}, command)
		if code != exitUsage || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "DATABASE_URL") ||
			strings.Contains(stderr, canary) {
			t.Errorf("%s with an invalid database: exit %d, stderr %q", command, code, stderr)
		}
	}
}

func TestVersionPrintsTheVersion(t *testing.T) {
	for _, argument := range []string{"version", "--version"} {
		code, out, _ := program(t, environment(t), argument)
		if code != 0 || out != compose.Version()+"\n" || len(out) < 2 {
			t.Errorf("%s: exit %d, wrote %q", argument, code, out)
		}
	}
}

func TestCompletionPrintsAScriptForEachShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, out, stderr := program(t, environment(t), "completion", shell)
		if code != 0 || !strings.Contains(out, "discovery") || stderr != "" {
			t.Errorf("%s: exit %d, %d bytes of output, stderr %q", shell, code, len(out), stderr)
		}
	}
}

func TestHelpOfServeListsEverySettingWithItsDefault(t *testing.T) {
	code, out, _ := program(t, environment(t), "serve", "--help")
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	// configs.TestProductionEnvListsEverySettingAndNoOther checks that production.env is complete.
	reference, err := os.ReadFile("../../configs/production.env")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(reference)) {
		if !strings.Contains(out, line) {
			t.Errorf("the help does not contain %q", line)
		}
	}
}

// The commands that run-development.sh prints must use the credentials of the simulator. The
// commands must also wait for the pull before they read the transactions that it stores.
func TestTheDevelopmentScriptUsesTheSimulatorsCredentials(t *testing.T) {
	script, err := os.ReadFile("../../configs/run-development.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{pluggysim.DemoItemID, pluggysim.DemoClientID, pluggysim.DemoClientSecret} {
		if !strings.Contains(string(script), value) {
			t.Errorf("the script does not contain %s", value)
		}
	}
	waits, reads := strings.Index(
		string(script), "/transactions/changes?limit=1&wait=",
	), strings.Index(string(script), "/transactions?limit=")
	if waits < 0 || reads < waits {
		t.Error("the script does not wait for the pull before it reads the transactions")
	}
}
