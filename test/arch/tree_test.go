package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// tree describes the production code of the repository. It maps the path of each Go file to the facts that the rules
// need.
type tree map[string]source

type source struct {
	imports []imported
	uses    []use // names from imported packages that the file uses
	reveals []int // lines that contain a selector named Reveal
}

type imported struct {
	path string
	name string // the name of the import in the file: the default name, an alias, "." or "_"
	line int
}

type use struct {
	path string
	name string
	line int
}

// loadTree parses every Go file that is not a test, regardless of build constraints. It skips hidden
// folders, node_modules and testdata.
func loadTree(root fs.FS) (tree, error) {
	files := make(tree)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && skipped(d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files[name], err = parse(name, text)
		return err
	})
	return files, err
}

// skipped reports whether a folder with this name contains no production code.
func skipped(folder string) bool {
	return strings.HasPrefix(folder, ".") || folder == "node_modules" || folder == "testdata"
}

// readTree loads the real tree once for all tests of this package. A test that changes the tree must clone
// it first.
var readTree = sync.OnceValues(func() (tree, error) { return loadTree(os.DirFS(filepath.Join("..", ".."))) })

// realTree returns the tree of this repository.
func realTree(t *testing.T) tree {
	t.Helper()
	files, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("found %d files: the test does not see the tree", len(files))
	}
	return files
}

// parse returns the imports of a file and the names that the file uses from these imports. It looks up the import path
// of each package name, so that an alias does not evade the rules. A variable that shadows an import is treated as the
// import: a false report is better than a missed violation.
func parse(name string, text []byte) (source, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	var s source
	paths := map[string]string{} // maps the name of a package in the file to its import path
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		local := defaultName(target)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		paths[local] = target
		s.imports = append(s.imports, imported{target, local, positions.Position(spec.Pos()).Line})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		line := positions.Position(selector.Sel.Pos()).Line
		if selector.Sel.Name == "Reveal" {
			s.reveals = append(s.reveals, line)
		}
		if x, ok := selector.X.(*ast.Ident); ok && paths[x.Name] != "" {
			s.uses = append(s.uses, use{paths[x.Name], selector.Sel.Name, line})
		}
		return true
	})
	return s, nil
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// defaultName returns the name that a file uses for an import without an alias: the last element of the path that is
// not a major version. Some packages have a name that differs from this element, but none of the banned packages does.
func defaultName(target string) string {
	if base := path.Base(target); !majorVersion.MatchString(base) {
		return base
	}
	return path.Base(path.Dir(target))
}

// within reports whether a path (name) is equal to another path (root) or is below it.
func within(name, root string) bool {
	return name == root || strings.HasPrefix(name, root+"/")
}
