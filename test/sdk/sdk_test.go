// Package sdk_test lets the vendors' own npm SDKs judge the simulators: what their code can read is the vendor's
// API, whatever our documents say. It needs node and npm; the packages are pinned by package-lock.json.
package sdk_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// judge runs a node test script of this folder with the environment added ("NAME=value") and fails with its
// output. Without node or npm the test is skipped.
func judge(t *testing.T, script string, env ...string) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, and the vendor's SDK is an npm package", tool)
		}
	}
	if _, err := os.Stat(script); err != nil { // also ties go test's cache to the script
		t.Fatal(err)
	}
	if err := install(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--test", script)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// install brings node_modules in once a process; the file lock keeps other processes out meanwhile.
var install = sync.OnceValue(func() error {
	lock, err := os.OpenFile(".install.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	defer func() { _ = lock.Close() }() // releases it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if installed() {
		return nil
	}
	out, err := exec.Command("npm", "ci", "--ignore-scripts").CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
})

// installed looks for what npm writes last, not older than the lock file it was made from.
func installed() bool {
	done, err := os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	if err != nil {
		return false
	}
	wanted, err := os.Stat("package-lock.json")
	return err == nil && !done.ModTime().Before(wanted.ModTime())
}
