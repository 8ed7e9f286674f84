// Package clients_test runs the programs that call the API: the client commands of the binary, the generated clients,
// and the examples. They call the built binary, on SQLite and with a simulated vendor.
package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// webhookAuthorization is the header value that the simulated vendor sends with its webhooks.
const webhookAuthorization = "Bearer the-shared-value-of-pluggy"

// root is the root folder of the repository.
const root = "../.."

var folder string // the folder that contains the built programs

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	if folder, err = os.MkdirTemp("", "clients"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	return m.Run(), nil
}

// builds maps the path of each package to a function that builds the package once, and returns the path of the
// binary.
var builds sync.Map

// build returns the path of the binary of a package in this repository. It builds the binary once.
func build(t testing.TB, pkg string) string {
	t.Helper()
	once, _ := builds.LoadOrStore(pkg, sync.OnceValues(func() (string, error) {
		if err := stat(
			"adapters",
			"application",
			"clients",
			"cmd",
			"configs",
			"domain",
			"examples",
			"ports",
		); err != nil {
			return "", err
		}
		file := filepath.Join(folder, strings.ReplaceAll(pkg, "/", "-"))
		out, err := exec.Command("go", "build", "-o", file, root+"/"+pkg).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%w\n%s", err, out)
		}
		return file, nil
	}))
	file, err := once.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// stat calls os.Stat for every source file in the folders, so that the go command knows that cached test
// results depend on these files. The go command cannot know which files a child process reads.
func stat(folders ...string) error {
	for _, name := range folders {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist") {
				return fs.SkipDir
			}
			if err == nil && !d.IsDir() {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// env is a running service with a simulated vendor, and an operator's token.
type env struct {
	origin, token string
	vendor        string // the origin of the simulated vendor
	sim           *pluggysim.Simulator
}

// open starts the service on an empty SQLite database, and stops it when the test ends. settings are additional
// environment variables for the service.
func open(t *testing.T, settings ...string) *env {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }})
	sim.SeedAt(time.Now())
	vendor := httptest.NewServer(sim.Handler())
	t.Cleanup(vendor.Close)
	return &env{
		origin: serve(t, settings...), token: harness.Token(t, uuid.NewString()), vendor: vendor.URL, sim: sim,
	}
}

// serve starts the service, waits until it listens, and returns its origin.
func serve(t *testing.T, settings ...string) string {
	t.Helper()
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(keyset); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(build(t, "cmd/discovery"), "serve")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "ENV_NAME=development", "DATABASE_URL=" + harness.SQLite(t),
		"SERVER_ADDRESS=127.0.0.1:0", "ADMIN_ADDRESS=127.0.0.1:0", "AUTH_JWT_SECRET=" + harness.JWTSecret,
		"SEALING_KEYSET_FILE=" + keyset, "EGRESS_ALLOWED_CIDRS=127.0.0.0/8", "EGRESS_ALLOW_HTTP=true",
		"PLAID_BASE_URLS=", "PLUGGY_WEBHOOK_AUTHORIZATION=" + webhookAuthorization, "LOG_FORMAT=json",
	}
	cmd.Env = append(cmd.Env, settings...)
	lines, ended := start(t, cmd)
	deadline := time.After(time.Minute)
	var log []string
	for {
		select {
		case line := <-lines:
			log = append(log, line)
			var entry struct{ Message, Address string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == "serving" {
				go func() {
					for range lines { // reads the log to its end, so that the process never blocks while writing it
					}
				}()
				return "http://" + entry.Address
			}
		case <-ended:
			t.Fatalf("the service ended during its start:\n%s", strings.Join(log, "\n"))
		case <-deadline:
			t.Fatalf("the service does not serve:\n%s", strings.Join(log, "\n"))
		}
	}
}

// The function start starts a process that is killed at the end of the test, or earlier if the test process ends. It
// returns the lines of the process's standard error. The channel exited is closed when the process has ended.
func start(t *testing.T, cmd *exec.Cmd) (lines <-chan string, exited <-chan struct{}) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	read, done, started := make(chan string, 100), make(chan struct{}), make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the child ends. Therefore this thread is
		// kept until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		scanner := bufio.NewScanner(stderr)
		for scanner.Scan() {
			read <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, stderr)
		_ = cmd.Wait()
		close(read)
		close(done)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range read { // read the remaining lines until the process has ended
		}
		<-done
	})
	return read, done
}

// variables returns the environment variables of the client commands and of the examples.
func (e *env) variables() []string {
	return append(os.Environ(), "DISCOVERY_URL="+e.origin, "DISCOVERY_TOKEN="+e.token)
}

// discovery runs a command of the binary with input as its standard input.
func (e *env) discovery(t *testing.T, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return run(t, e.variables(), input, args...)
}

func run(t *testing.T, variables []string, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	file := build(t, "cmd/discovery") // the build must not count towards the time limit
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, file, args...)
	var out, fault strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = strings.NewReader(input), &out, &fault, variables
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), fault.String(), cmd.ProcessState.ExitCode()
}

// must runs a command, fails the test if the command fails, and returns its standard output.
func (e *env) must(t *testing.T, input string, args ...string) string {
	t.Helper()
	out, fault, code := e.discovery(t, input, args...)
	if code != 0 {
		t.Fatalf("discovery %s ended with %d:\n%s%s", strings.Join(args, " "), code, out, fault)
	}
	return out
}

// create creates a connection to the simulated vendor.
func (e *env) create(t *testing.T, name string) {
	t.Helper()
	e.must(
		t,
		pluggysim.DemoClientID+"\n"+pluggysim.DemoClientSecret+"\n",
		"connections",
		"create",
		"--vendor",
		"pluggy",
		"--name",
		name,
		"--base-url",
		e.vendor,
		"--account-ref",
		pluggysim.DemoItemID,
		"--client-id-file",
		"-",
		"--secret-file",
		"-",
	)
}

// send makes the simulated vendor send a webhook that announces an update of the demo item.
func (e *env) send(t *testing.T, webhookURL string) {
	t.Helper()
	to := pluggysim.Target{URL: webhookURL, Headers: map[string]string{"Authorization": webhookAuthorization}}
	status, err := e.sim.SendWebhook(
		t.Context(),
		to,
		pluggysim.Event{Name: "item/updated", ItemID: pluggysim.DemoItemID},
	)
	if err != nil || status != 202 {
		t.Fatalf("the webhook was answered with %d: %v", status, err)
	}
}

// object decodes one JSON object.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return o
}

// objects decodes an array of JSON objects.
func objects(t *testing.T, text string) []map[string]any {
	t.Helper()
	var o []map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return o
}
