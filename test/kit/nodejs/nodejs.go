// Package nodejs runs test scripts with Node.js. A script is in the same folder as the test that runs it. The
// package-lock.json in that folder pins the packages that the script needs.
package nodejs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// scriptTimeout ends a test that waits for something that never happens. Without it, only the timeout of go test would.
const scriptTimeout = "--test-timeout=1200000" // milliseconds

// Test runs a test script in the current folder with additional environment variables ("NAME=value"). If the script
// fails, the test fails with the output of the script. Without node or npm the test is skipped.
func Test(t *testing.T, script string, env ...string) {
	t.Helper()
	Require(t)
	if _, err := os.Stat(script); err != nil { // this call makes the cached test result depend on the script
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--test", scriptTimeout, script)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// Require installs the npm packages that the package-lock.json in the current folder pins. Without node or npm the test
// is skipped.
func Require(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, and the test needs npm packages", tool)
		}
	}
	if err := install(); err != nil {
		t.Fatal(err)
	}
}

// install runs npm ci once per process. A file lock makes other processes wait until npm ci has ended.
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

// installed reports whether npm ci has completed for the current package-lock.json. To check this, it compares times:
// the file that npm writes last must not be older than package-lock.json.
func installed() bool {
	done, err := os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	if err != nil {
		return false
	}
	wanted, err := os.Stat("package-lock.json")
	return err == nil && !done.ModTime().Before(wanted.ModTime())
}
