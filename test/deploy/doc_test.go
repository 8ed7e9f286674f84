// Package deploy_test tests how the service is delivered: the image, the compose file, the Helm chart, and
// the configuration of CI and releases.
//
// The tests use buildah, and the executables in .tools, which `make tools` builds. A test whose tool is
// missing is skipped.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// imageVersion is the version with which the tests build the binary and the image.
const imageVersion = "1.2.3-test"

// built is the binary that the tests of this package use, in the layout that the image expects.
var built struct {
	once   sync.Once
	folder string // contains <os>/<arch>/discovery
	err    error
	log    []byte
}

// binary returns the path of the binary. The first call builds it.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "deploy-"); built.err != nil {
			return
		}
		version := "github.com/LerianStudio/aggregator-connections/cmd/discovery/compose.version=v" + imageVersion
		cmd := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w -X "+version,
			"-o", filepath.Join(built.folder, platform, "discovery"), "./cmd/discovery")
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		built.log, built.err = cmd.CombinedOutput()
	})
	if built.err != nil {
		t.Fatalf("go build: %v\n%s", built.err, built.log)
	}
	return filepath.Join(built.folder, platform, "discovery")
}

// platform is the platform of this machine, in the notation of images.
const platform = runtime.GOOS + "/" + runtime.GOARCH

// root is the folder of the repository.
var root = func() string {
	path, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return path
}()

// readFile returns the content of a file in the repository.
func readFile(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// output runs a command in the folder of the repository and returns what it prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, printed)
	}
	return string(printed)
}

// tool returns the path of an executable that `make tools` builds. The test is skipped if it is missing.
func tool(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, ".tools", name+"-v*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Skipf("%s is missing: run make tools", name)
	}
	return found[len(found)-1]
}
