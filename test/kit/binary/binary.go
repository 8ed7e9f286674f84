// Package binary builds the service's binary for tests that run it as a process.
package binary

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built is the binary under test. It is built at most once per test process.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Main runs the tests of a package, removes the binary that [Path] has built, and returns the exit code.
// The TestMain function of the package must call it.
func Main(m *testing.M) int {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	return code
}

// Path returns the path of the binary. The first call builds it, unless the environment variable
// DISCOVERY_BINARY names a binary. The calling package must be two folders below the root of the module.
func Path(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.path = os.Getenv("DISCOVERY_BINARY"); built.path == "" {
			built.err = build()
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// build builds the binary. Before that it calls os.Stat for every source file, so that the go command
// knows that cached test results depend on these files. The go command cannot know which files a child
// process reads.
func build() error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	for _, part := range []string{"adapters", "application", "cmd", "configs", "domain", "ports"} {
		err := filepath.WalkDir(filepath.Join(root, part), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && !strings.HasSuffix(path, "_test.go") {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if built.dir, err = os.MkdirTemp("", "discovery-binary-"); err != nil {
		return err
	}
	built.path = filepath.Join(built.dir, "discovery")
	cmd := exec.Command("go", "build", "-tags", "grpcnotrace", "-o", built.path, "./cmd/discovery")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, output)
	}
	return nil
}
