package docs_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// executedPages lists the pages whose sh blocks run, in this order, in one bash process.
var executedPages = []string{
	"api.md", "connect.md", "consume.md", "reconcile.md", "closing.md", "second-witness.md", "audit.md",
	"lerian.md",
}

// lengths has the maximum number of words of each page, as wc -w counts them. A longer page is not read.
var lengths = map[string]int{
	"README.md": 1100, "CONTRIBUTING.md": 1300, "SECURITY.md": 400,
	"docs/api.md": 3800, "docs/audit.md": 2100, "docs/closing.md": 1800, "docs/connect.md": 1600,
	"docs/console.md": 700, "docs/consume.md": 2200, "docs/deploy.md": 2200, "docs/events.md": 2200,
	"docs/lerian.md":  1000,
	"docs/operate.md": 2800, "docs/performance.md": 1100, "docs/reconcile.md": 2500,
	"docs/second-witness.md": 2100, "docs/security.md": 2100,
	"docs/internals/architecture.md": 2200, "docs/internals/extend.md": 1200, "docs/internals/matching.md": 3000,
	"docs/internals/promises.md": 1800, "docs/internals/scale.md": 1000, "docs/internals/vendor-rows.md": 3600,
	"docs/adr/README.md": 600,
}

// maxRecordWords is the maximum number of words of a decision record, as wc -w counts them.
const maxRecordWords = 310

// notRun lists the pages with console blocks, whose commands no test of this package runs, with the reason.
var notRun = map[string]string{
	"README.md": "builds, serves until it is stopped, and downloads a release",

	"docs/api.md":              "names the values that the test sets",
	"docs/audit.md":            "test/clients and adapters/evidence verify packs",
	"docs/deploy.md":           "needs a release, a cluster or Docker; test/deploy checks image and chart",
	"docs/internals/extend.md": "cmd/newvendor tests the template; the values are made up",
	"docs/internals/scale.md":  "tests and benchmarks",
	"docs/performance.md":      "benchmarks",
	"docs/security.md":         "erases a connection; test/blackbox does it",
}

func TestThePagesWork(t *testing.T) {
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "discovery"), "../../cmd/discovery")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var steps []step
	for _, page := range executedPages {
		steps = append(steps, document(t, filepath.Join("..", "..", "docs", page))...)
	}
	w := open(t, harness.SQLite(t))
	environment := slices.DeleteFunc(w.environment(t), func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	environment = append(environment, openMatcher(t)...)
	outputs := runSteps(t, steps, append(environment, "PATH="+folder+":"+os.Getenv("PATH")))
	if len(outputs) > 1 && !strings.Contains(outputs[1], "BOLETO DE ENERGIA") {
		t.Errorf("the first connection prints\n%s", outputs[1])
	}
	digest := "ea7117cfd6000420bbb871c4f64569373afa65fa93043940ca77ad87eea26187"
	if !slices.ContainsFunc(outputs, func(o string) bool { return strings.HasPrefix(o, digest) }) {
		t.Errorf("no command prints the digest of docs/closing.md")
	}
}

var fence = regexp.MustCompile("(?m)^[ ]*```(.*)$")

// Each block of commands runs in a test, or the list above says why not.
func TestEveryBlockRunsOrIsListed(t *testing.T) {
	listed := map[string]bool{}
	for name, text := range pages(t) {
		open := true
		for _, mark := range fence.FindAllStringSubmatch(text, -1) {
			if open {
				checkBlock(t, name, mark[1], listed)
			}
			open = !open
		}
	}
	for name, reason := range notRun {
		if reason == "" || !listed[name] {
			t.Errorf("%s is listed without need or reason", name)
		}
	}
}

func checkBlock(t *testing.T, name, language string, listed map[string]bool) {
	t.Helper()
	switch language {
	case "sh":
		if !slices.Contains(executedPages, strings.TrimPrefix(name, "docs/")) {
			t.Errorf("%s has a block of sh that does not run", name)
		}
	case "console":
		if listed[name] = true; notRun[name] == "" {
			t.Errorf("%s has a block of console, and notRun does not say why", name)
		}
	case "go", "js", "python", "json", "http", "text":
	default:
		t.Errorf("%s has a block of the language %q", name, language)
	}
}

func TestPagesKeepToTheirLength(t *testing.T) {
	total := 0
	for name, text := range pages(t) {
		limit, words := lengths[name], len(strings.Fields(text))
		if total += words; limit == 0 && strings.HasPrefix(name, "docs/adr/") {
			limit = maxRecordWords
		}
		if words > limit {
			t.Errorf("%s has %d words, at most %d are allowed", name, words, limit)
		}
	}
	if t.Logf("%d words", total); total > 48_000 {
		t.Errorf("all pages have %d words", total)
	}
}

// sameWords is the number of successive words that no two pages may share.
const sameWords = 12

// A sentence is said once; another page has a link.
func TestNoSentenceIsInTwoPages(t *testing.T) {
	block, code := regexp.MustCompile("(?ms)^[ ]*```.*?^[ ]*```"), regexp.MustCompile(`(?m)^(\||\d+\. \[|#).*$`)
	word := regexp.MustCompile(`[\p{L}\p{N}]+`)
	first := map[string]string{}
	all := pages(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		prose := code.ReplaceAllString(block.ReplaceAllString(all[name], ""), "")
		words := word.FindAllString(strings.ToLower(prose), -1)
		for i := 0; i+sameWords <= len(words); i++ {
			phrase := strings.Join(words[i:i+sameWords], " ")
			if other, said := first[phrase]; said && other != name {
				t.Errorf("%s and %s both say %q", other, name, phrase)
				break
			}
			first[phrase] = name
		}
	}
}

// pages returns the texts of all pages of the project by their paths: README, CONTRIBUTING, SECURITY and docs.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	names := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			name, err := filepath.Rel(filepath.Join("..", ".."), file)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.ToSlash(name))
		}
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	if len(files) < 40 {
		t.Fatalf("only %d pages were found", len(files))
	}
	return files
}

// Each setting is explained in a page. The settings of a vendor can be named without the vendor, as in …_BASE_URLS.
func TestThePagesNameEverySetting(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "configs", "production.env"))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(slices.Collect(maps.Values(pages(t))), "\n")
	settings := regexp.MustCompile("(?m)^#?([A-Z][A-Z_]+)=").FindAllStringSubmatch(string(text), -1)
	if len(settings) < 50 {
		t.Fatalf("only %d settings were found", len(settings))
	}
	vendor := regexp.MustCompile("^(PLUGGY|BELVO|PLAID)")
	for _, setting := range settings {
		name := strings.TrimSuffix(setting[1], "_FILE")
		if !strings.Contains(all, "`"+name) && !strings.Contains(all, vendor.ReplaceAllString(name, "…")) {
			t.Errorf("no page names the setting %s", setting[1])
		}
	}
}
