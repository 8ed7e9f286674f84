package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sequential finds the list of the trees in the Makefile that are tested without the race detector because they start
// no goroutine.
var sequential = regexp.MustCompile(`(?m)^SEQUENTIAL\s*:= (.*)$`)

// TestTreesWithoutTheRaceDetectorStartNoGoroutine also reads their tests.
func TestTreesWithoutTheRaceDetectorStartNoGoroutine(t *testing.T) {
	root := filepath.Join("..", "..")
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	list := sequential.FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no list SEQUENTIAL")
	}
	files := 0
	for folder := range strings.FieldsSeq(string(list[1])) {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") {
				return err
			}
			files++
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			line, err := firstGoroutine(name, text)
			if line > 0 {
				t.Errorf("%s:%d runs code at the same time as other code, which needs the race detector", name, line)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("found %d files: the test does not see the trees", files)
	}
}

func TestGoroutinesAreFound(t *testing.T) {
	for text, want := range map[string]int{
		"package a\n\nfunc f() { println() }":                      0,
		"package a\n\nfunc f() {\n\tgo println()\n}":               4,
		"package a\n\nimport \"sync\"":                             3,
		"package a\n\nimport \"sync/atomic\"":                      3,
		"package a\n\nimport \"golang.org/x/sync/errgroup\"":       3,
		"package a\n\nfunc f(t *testing.T) {\n\n\tt.Parallel()\n}": 5,
	} {
		line, err := firstGoroutine("a.go", []byte(text))
		if err != nil || line != want {
			t.Errorf("%q: line %d, %v; want line %d", text, line, err, want)
		}
	}
}

// firstGoroutine returns the line of the first statement that starts a goroutine, parallel test or import of a package
// for goroutines; 0 if the file has none.
func firstGoroutine(name string, text []byte) (line int, err error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, text, parser.SkipObjectResolution)
	if err != nil {
		return 0, err
	}
	found := func(n ast.Node) {
		if at := positions.Position(n.Pos()).Line; line == 0 || at < line {
			line = at
		}
	}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		if path == "sync" || path == "sync/atomic" || strings.HasPrefix(path, "golang.org/x/sync/") {
			found(spec)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found(n)
		case *ast.SelectorExpr:
			if n.Sel.Name == "Parallel" {
				found(n)
			}
		}
		return true
	})
	return line, nil
}
