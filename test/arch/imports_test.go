// Package arch_test keeps the shape of the house: which package may import which, and
// who may look inside a secret. It parses the files itself, in this process, so that
// the test cache sees every file it depends on.
package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/LerianStudio/aggregator-connections"

// allowed lists, for every package with production code, the packages of this module
// that it may import. A package without a line here fails.
var allowed = map[string][]string{
	"domain":             {},
	"ports":              {"domain"},
	"ports/portmock":     {"domain", "ports"},
	"ports/porttest":     {"domain", "ports"},
	"application":        {"domain", "ports"},
	"configs":            {"domain"},
	"adapters/memory":    {"domain", "ports"},
	"adapters/rest":      {"domain", "ports", "adapters/rest/auth"},
	"adapters/rest/auth": {"domain", "ports"},
	"adapters/jobs":      {"domain", "ports"},
	"adapters/sealing":   {"domain", "ports"},
	"adapters/system":    {"domain", "ports"},
	"adapters/telemetry": {"domain", "ports"},

	"adapters/persistence/gormstore":             {"domain", "ports"},
	"adapters/persistence/gormstore/receivetest": {"adapters/memory", "adapters/persistence/gormstore", "domain", "ports"},
	"adapters/persistence/postgres":              {"domain", "ports", "adapters/persistence/gormstore"},
	"adapters/persistence/sqlite":                {"domain", "ports", "adapters/persistence/gormstore"},

	"adapters/aggregator/vendorhttp": {"domain", "ports"},
	"adapters/aggregator/pluggy":     {"domain", "ports", "adapters/aggregator/vendorhttp"},
	"adapters/aggregator/belvo":      {"domain", "ports", "adapters/aggregator/vendorhttp"},

	// The simulators are the vendors' world: they know nothing of ours.
	"adapters/aggregator/sim/faultinject":  {},
	"adapters/aggregator/sim/kit":          {"adapters/aggregator/sim/faultinject"},
	"adapters/aggregator/pluggy/pluggysim": {"adapters/aggregator/sim/faultinject", "adapters/aggregator/sim/kit"},
	"adapters/aggregator/belvo/belvosim":   {"adapters/aggregator/sim/faultinject", "adapters/aggregator/sim/kit"},

	"adapters/connector/postgres": {"domain", "ports"},
	"adapters/connector/rest":     {"domain", "ports"},

	// An example of those who call the service knows nothing of it but its API.
	"docs/consumer": {},

	"cmd/discovery":         {"*"},
	"cmd/discovery/compose": {"*"},
	"test/pgtest":           {},
	"test/harness":          {"adapters/sealing", "cmd/discovery/compose", "configs", "domain", "test/pgtest"},
	"test/bench":            {"*"},
	"test/e2e":              {"*"},
}

// shelves hold packages, and no files of their own.
var shelves = []string{"adapters", "adapters/persistence", "adapters/aggregator", "adapters/connector", "cmd", "test"}

// nowhere must not be imported by anyone: nobody knows cmd, but cmd and the tests beside it.
const nowhere = "cmd/"

func TestImportsFollowTheAllowList(t *testing.T) {
	for pkg, files := range production(t) {
		list, known := allowed[pkg]
		if !known {
			t.Errorf("package %s has no line in the allow-list", pkg)
			continue
		}
		for _, f := range files {
			for _, imported := range ofModule(f.tree) {
				if strings.HasPrefix(imported, nowhere) && !strings.HasPrefix(pkg, nowhere) && !strings.HasPrefix(pkg, "test/") {
					t.Errorf("%s imports %s: nobody knows cmd", f.path, imported)
				}
				if !slices.Contains(list, imported) && !slices.Contains(list, "*") {
					t.Errorf("%s imports %s: not on the allow-list of %s", f.path, imported, pkg)
				}
			}
		}
	}
}

func TestShelvesHoldNoFiles(t *testing.T) {
	packages := production(t)
	for _, shelf := range shelves {
		if len(packages[shelf]) > 0 {
			t.Errorf("%s is a shelf, and holds %d Go files", shelf, len(packages[shelf]))
		}
	}
}

// The core does no I/O and has no clock or ids of its own.
func TestTheCoreIsPure(t *testing.T) {
	forbidden := []string{
		"os", "net", "net/http", "database/sql", "log", "log/slog", "io/ioutil", "crypto/rand", "math/rand", "math/rand/v2", "syscall",
	}
	calls := []string{"time.Now", "time.Sleep", "time.After", "time.NewTimer", "uuid.New", "uuid.NewV7", "uuid.NewRandom", "uuid.NewString"}
	for pkg, files := range production(t) {
		if pkg != "domain" && pkg != "application" && pkg != "ports" {
			continue
		}
		for _, f := range files {
			for _, imported := range imports(f.tree) {
				// A Secret says how it logs, which takes the type and no logger.
				if slices.Contains(forbidden, imported) && !(pkg == "domain" && imported == "log/slog") {
					t.Errorf("%s imports %s", f.path, imported)
				}
			}
			for _, call := range selectors(f.tree) {
				if slices.Contains(calls, call) {
					t.Errorf("%s uses %s", f.path, call)
				}
			}
		}
	}
}

// Reveal opens a secret: only who must hand the bytes on may call it.
func TestOnlyAFewRevealSecrets(t *testing.T) {
	may := []string{
		"domain", "adapters/sealing", "adapters/rest", "adapters/rest/auth", "cmd/discovery", "cmd/discovery/compose",
		"adapters/aggregator/vendorhttp", "adapters/aggregator/pluggy", "adapters/aggregator/belvo",
		"adapters/connector/postgres", "adapters/connector/rest", "ports/porttest",
	}
	onlyIn := map[string][]string{"adapters/rest": {"tokens.go"}, "cmd/discovery": {"token.go", "demo_run.go"}}
	for pkg, files := range production(t) {
		for _, f := range files {
			if !calls(f.tree, "Reveal") {
				continue
			}
			if !slices.Contains(may, pkg) {
				t.Errorf("%s calls Reveal", f.path)
			}
			if names, bounded := onlyIn[pkg]; bounded && !slices.Contains(names, path.Base(f.path)) {
				t.Errorf("%s calls Reveal: in %s only %v may", f.path, pkg, names)
			}
		}
	}
}

type source struct {
	path string
	tree *ast.File
}

// production parses every Go file that is not a test, by package folder.
func production(t *testing.T) map[string][]source {
	t.Helper()
	packages := make(map[string][]source)
	root := os.DirFS(filepath.Join("..", ".."))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		packages[path.Dir(name)] = append(packages[path.Dir(name)], source{name, tree})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("found %d packages: the test does not see the tree", len(packages))
	}
	return packages
}

func imports(f *ast.File) []string {
	var all []string
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			all = append(all, name)
		}
	}
	return all
}

func ofModule(f *ast.File) []string {
	var all []string
	for _, name := range imports(f) {
		if rest, ok := strings.CutPrefix(name, module+"/"); ok {
			all = append(all, rest)
		}
	}
	return all
}

// selectors lists "package.Name" uses.
func selectors(f *ast.File) []string {
	var all []string
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				all = append(all, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return all
}

func calls(f *ast.File, method string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == method {
			found = true
		}
		return !found
	})
	return found
}
