package clients_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

func TestTheGoClientDoesTheMainJob(t *testing.T) {
	e, ctx := open(t), t.Context()
	client, err := discovery.New(e.origin, e.token)
	check(t, nil, nil, err)
	clientID, secret := pluggysim.DemoClientID, pluggysim.DemoClientSecret
	created, err := client.CreateConnectionWithResponse(ctx, nil, discovery.NewConnection{
		Vendor: discovery.NewConnectionVendorPluggy, ConfigName: "pluggy-main", BaseURL: &e.vendor,
		AccountRef: pluggysim.DemoItemID, ClientID: &clientID, Secret: &secret,
	})
	check(t, created.HTTPResponse, created.Body, err)
	outcome, err := client.TestConnectionWithResponse(ctx, discovery.TestRequest{
		Vendor: discovery.TestRequestVendorPluggy, ConfigName: "pluggy-main",
	})
	check(t, outcome.HTTPResponse, outcome.Body, err)
	if !outcome.JSON200.Healthy {
		t.Fatalf("the connection is unhealthy: %s", outcome.Body)
	}
	minted, err := client.MintWebhookTokenWithResponse(ctx, nil, discovery.MintRequest{
		Vendor: discovery.MintRequestVendorPluggy, ConnectionConfigName: "pluggy-main",
	})
	check(t, minted.HTTPResponse, minted.Body, err)
	e.send(t, minted.JSON201.WebhookURL)

	var items []discovery.ChangeView
	params := discovery.ReadChangesParams{}
	wait := "5s"
	params.Wait = &wait
	harness.Eventually(t, "changes", func() bool {
		read, err := client.ReadChangesWithResponse(ctx, &params)
		check(t, read.HTTPResponse, read.Body, err)
		items, params.Cursor = append(items, read.JSON200.Items...), &read.JSON200.NextCursor
		return len(items) > 0 && len(read.JSON200.Items) == 0
	})
	rows, err := client.ListTransactionsWithResponse(ctx, created.JSON201.ID, &discovery.ListTransactionsParams{})
	check(t, rows.HTTPResponse, rows.Body, err)
	if len(rows.JSON200.Items) != len(items) || rows.JSON200.Items[0].Amount == nil {
		t.Errorf("%d transactions and %d changes were read", len(rows.JSON200.Items), len(items))
	}
}

// check fails the test if a call returned an error or a status that is not successful.
func check(t *testing.T, response *http.Response, body []byte, err error) {
	t.Helper()
	if err == nil && response != nil {
		err = discovery.CheckResponse(response, body)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheTypeScriptClientDoesTheMainJob(t *testing.T) {
	e := open(t)
	typescript := buildTypeScript(t)
	cmd := exec.CommandContext(t.Context(), "node", "--test", filepath.Join(typescript, "test", "main_job.test.mjs"))
	cmd.Env = append(
		e.variables(), "VENDOR_URL="+e.vendor, "WEBHOOK_AUTHORIZATION="+webhookAuthorization,
		"ITEM="+pluggysim.DemoItemID, "CLIENT_ID="+pluggysim.DemoClientID, "CLIENT_SECRET="+pluggysim.DemoClientSecret,
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// The TypeScript compiler must accept an erased transaction as a value of the generated types.
func TestTheTypesOfTheTypeScriptClientAllowErasedTransactions(t *testing.T) {
	npm(t, buildTypeScript(t), "run", "check")
}

// buildTypeScript installs the dependencies of the TypeScript client, builds it, and returns its folder.
// Without npm the test is skipped.
func buildTypeScript(t *testing.T) string {
	t.Helper()
	requireTools(t, "node", "npm")
	if err := stat("clients"); err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(root, "clients", "typescript")
	lock, err := os.OpenFile(filepath.Join(client, ".install.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }() // closing the file releases the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if outdated(client) {
		npm(t, client, "ci", "--ignore-scripts")
	}
	npm(t, client, "run", "build")
	return client
}

// outdated reports whether the lock file has changed since the last npm ci. It compares the lock file
// with the file that npm ci writes last.
func outdated(folder string) bool {
	done, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err != nil {
		return true
	}
	wanted, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	return err != nil || done.ModTime().Before(wanted.ModTime())
}

func npm(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "npm", args...)
	cmd.Dir, cmd.WaitDelay = folder, 5*time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// requireTools skips the test if one of the programs is not installed.
func requireTools(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
}

func TestTheDocumentedProgramsRun(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	text, err := os.ReadFile(filepath.Join(root, "docs", "consume.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("go", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "main.go")
		e.runProgram(t, file, codeBlock(t, string(text), "go"), "go", "run")
	})
	t.Run("typescript", func(t *testing.T) {
		// The program is stored in the folder of the package, and can therefore import the package by the package's
		// name.
		file := filepath.Join(buildTypeScript(t), "dist", "documented.mjs")
		e.runProgram(t, file, codeBlock(t, string(text), "js"), "node")
	})
}

// documentedOutput matches what a program of a document must print: eight lines, each with the date, the amount and
// the currency of a transaction.
var documentedOutput = regexp.MustCompile(`^(\d{4}-\d\d-\d\d -?\d+(\.\d+)? [A-Z]{3}\n){8}$`)

// codeBlock returns the only fenced block of a document with the given language.
func codeBlock(t *testing.T, text, language string) string {
	t.Helper()
	parts := strings.Split(text, "```"+language+"\n")
	if len(parts) != 2 {
		t.Fatalf("the document has %d blocks in %s, want one", len(parts)-1, language)
	}
	code, _, _ := strings.Cut(parts[1], "```")
	return code
}

// runProgram writes a program to a file and runs it. The program must print the date, the amount and the currency of
// each transaction.
func (e *env) runProgram(t *testing.T, file, code string, command ...string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], file)...)
	cmd.Env = e.variables()
	out, err := cmd.CombinedOutput()
	if err != nil || !documentedOutput.Match(out) {
		t.Errorf("the program printed %q: %v", out, err)
	}
}
