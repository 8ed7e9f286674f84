package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// testReference matches a reference to a test in the documents: the folder of the package, a dot, and the name of the
// function.
var testReference = regexp.MustCompile("`([a-z][a-z0-9/]*)\\.((?:Test|Fuzz|Benchmark)[A-Za-z0-9]+)`")

// promises.md names the tests that prove the promises. Each named test must exist.
func TestNamedTestsExist(t *testing.T) {
	root := filepath.Join("..", "..")
	known := map[string]map[string]bool{}
	for document, least := range map[string]int{"promises.md": 150} {
		text, err := os.ReadFile(filepath.Join(root, "docs", "internals", document))
		if err != nil {
			t.Fatal(err)
		}
		mentions := testReference.FindAllStringSubmatch(string(text), -1)
		if len(mentions) < least {
			t.Errorf("docs/internals/%s names only %d tests", document, len(mentions))
		}
		for _, m := range mentions {
			folder, name := m[1], m[2]
			if known[folder] == nil {
				known[folder] = testsOf(t, filepath.Join(root, folder))
			}
			if !known[folder][name] {
				t.Errorf("docs/internals/%s names %s.%s, which does not exist", document, folder, name)
			}
		}
	}
}

// testsOf returns the names of all functions in the test files of a folder, as a set.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}
