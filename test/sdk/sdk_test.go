// Package sdk_test runs the vendors' own npm SDKs against the simulators. Whatever the SDKs can read
// conforms to the vendor's API, independently of our own documents about it. The tests need node and npm;
// package-lock.json pins the versions of the packages.
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

// runScript runs a node test script of this folder with additional environment variables ("NAME=value").
// If the script fails, the test fails with its output. Without node or npm the test is skipped.
func runScript(t *testing.T, script string, env ...string) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, and the vendor's SDK is an npm package", tool)
		}
	}
	if _, err := os.Stat(script); err != nil { // because of this call, the cached test result depends on the script
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

// install runs npm ci once per process. A file lock makes other processes wait meanwhile.
var install = sync.OnceValue(func() error {
	lock, err := os.OpenFile(".install.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	defer func() { _ = lock.Close() }() // closing the file releases the lock
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

// installed reports whether npm ci has completed for the present lock file. The file that npm writes last
// must not be older than package-lock.json.
func installed() bool {
	done, err := os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	if err != nil {
		return false
	}
	wanted, err := os.Stat("package-lock.json")
	return err == nil && !done.ModTime().Before(wanted.ModTime())
}
