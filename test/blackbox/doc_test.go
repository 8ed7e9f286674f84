// Package blackbox_test drives the built binary as an operator, a vendor and an
// orchestrator would: as processes on loopback that are killed, stopped and cut off from
// their database. Nothing of the service is imported; the vendors' simulators run in the
// test process.
//
// Settings of a run, as environment variables:
//
//	CRASH_KILLS       number of kills of the crash test, over both databases; default 20
//	SEED              seed of all random choices; drawn and printed if not set
//	DISCOVERY_BINARY  tests this binary instead of building one
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

// built is the binary of this test run.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// binary returns the path of the binary; the first caller builds it.
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

// build first reads every source file. The test cache then knows that a result depends on
// these files, which it cannot know of files that a child process reads.
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
