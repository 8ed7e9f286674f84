// Package blackbox_test tests the built binary from outside, as an operator, a vendor and an
// orchestrator use it: as processes on loopback that are killed, stopped and cut off from their
// database. It imports nothing of the service; the vendors' simulators run in the test process.
//
// Settings of a run, as environment variables:
//
//	CRASH_KILLS       number of kills of the crash test, over both databases; default 20
//	SEED              seed of all random choices; chosen at random and printed if not set
//	DISCOVERY_BINARY  path of a binary to be tested, instead of building one
package blackbox_test

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

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is the binary that this test run tests.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// binary returns the path of the binary. The first call builds the binary.
func binary(t testing.TB) string {
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

// build builds the binary. Before that it calls os.Stat for every source file: the go command then knows
// that cached test results depend on these files. It cannot know which files a child process reads.
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
	if built.dir, err = os.MkdirTemp("", "blackbox-"); err != nil {
		return err
	}
	built.path = filepath.Join(built.dir, "discovery")
	cmd := exec.Command("go", "build", "-o", built.path, "./cmd/discovery")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, said)
	}
	return nil
}
