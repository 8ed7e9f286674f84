package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// walk shows a call of every operation, with its response.
const walk = "testdata/walk.md"

// stepsTimeout bounds the time for running all steps on one database.
const stepsTimeout = 3 * time.Minute

func TestTheDocumentWorks(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf(
				"this test runs the lines of the document and needs %s: install Debian's package of that name",
				tool,
			)
		}
	}
	steps := document(t, walk)
	each(t, func(t *testing.T, w *env) {
		outputs := runSteps(t, steps, w.environment(t))
		for i, s := range steps[:len(outputs)] {
			if fault := mismatch(s.response, outputs[i]); s.response != "" && fault != "" {
				t.Errorf("%s:%d: %s\nthe response was\n%s", s.page, s.line, fault, outputs[i])
			}
		}
		if len(outputs) == len(steps) {
			checkEveryOperation(t, w)
		}
	})
}

// The document docs/api.md contains commands to enter. A reader needs the credentials of the simulator for them.
func TestTheDocumentNamesTheDemoLogin(t *testing.T) {
	raw, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{pluggysim.DemoItemID, pluggysim.DemoClientID, pluggysim.DemoClientSecret} {
		if !bytes.Contains(raw, []byte(word)) {
			t.Errorf("the document does not contain %s", word)
		}
	}
}

// environment returns the environment variables that docs/api.md asks its reader to set.
func (w *env) environment(t *testing.T) []string {
	t.Helper()
	source, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + t.TempDir(),
		"LC_ALL=C.UTF-8",
		"URL=" + w.url,
		"TOKEN=" + w.token,
		"VENDOR_URL=" + w.vendor,
		"WEBHOOK_AUTHORIZATION=" + shared,
		"ITEM=" + pluggysim.DemoItemID,
		"CLIENT_ID=" + pluggysim.DemoClientID,
		"CLIENT_SECRET=" + pluggysim.DemoClientSecret,
		"DB_HOST=" + source.Hostname(),
		"DB_PORT=" + source.Port(),
		"DB_NAME=" + strings.TrimPrefix(source.Path, "/"),
	}
}

// mark is printed between the outputs of two steps, in order to separate them.
const mark = "\x1e"

// runSteps runs steps in one bash process, which stops at the first failure. It returns
// the output of each step that succeeded.
func runSteps(t *testing.T, steps []step, environment []string) []string {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, s := range steps {
		fmt.Fprintf(&script, "%s\nprintf '%%s' '%s'\n", s.shell, mark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), stepsTimeout)
	defer cancel()
	var out, fault bytes.Buffer
	bash := exec.CommandContext(ctx, "bash", "-c", script.String())
	bash.Stdout, bash.Stderr = &out, &fault
	bash.Env, bash.Dir, bash.WaitDelay = environment, t.TempDir(), 10*time.Second
	err := bash.Run()
	outputs := strings.Split(out.String(), mark)
	last := outputs[len(outputs)-1]
	outputs = outputs[:len(outputs)-1]
	if err != nil || len(outputs) != len(steps) {
		failed := steps[min(len(outputs), len(steps)-1)]
		t.Errorf("%s:%d stops: %v\n%s\n%s%s", failed.page, failed.line, err, failed.shell, last, fault.String())
	}
	return outputs
}

// checkEveryOperation checks that the steps of the walk have called every operation of the OpenAPI document.
func checkEveryOperation(t *testing.T, w *env) {
	t.Helper()
	response, err := http.Get(w.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var described struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.NewDecoder(response.Body).Decode(&described); err != nil || len(described.Paths) < 10 {
		t.Fatalf("%d paths are described: %v", len(described.Paths), err)
	}
	variable := regexp.MustCompile(`\\\{[^}]+\\\}`)
	for path, operations := range described.Paths {
		shape := regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")
		for method := range operations {
			if !w.calls.has(strings.ToUpper(method), shape) {
				t.Errorf("the walk does not show %s %s", strings.ToUpper(method), path)
			}
		}
	}
}

func (c *calls) has(method string, shape *regexp.Regexp) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	literal := []string{"/replay", "/test", "/changes"} // path suffixes that are not ids
	for call := range c.made {
		made, path, _ := strings.Cut(call, " ")
		isWord := slices.ContainsFunc(literal, func(w string) bool { return strings.HasSuffix(path, w) })
		if made == method && shape.MatchString(path) && isWord == slices.ContainsFunc(literal, func(w string) bool {
			return strings.HasSuffix(shape.String(), w+"$")
		}) {
			return true
		}
	}
	return false
}
