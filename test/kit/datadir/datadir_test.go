package datadir

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// childEnv is an environment variable. If it is set, the test binary creates a folder, prints its path, and waits
// until it is killed.
const childEnv = "DATADIR_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		dir, err := Create()
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintln(os.Stdout, dir)
		select {}
	}
	os.Exit(m.Run())
}

func TestAFolderIsRemovedWithItsTest(t *testing.T) {
	var dir string
	t.Run("owner", func(t *testing.T) {
		dir = New(t)
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// A killed process cannot remove its folders, so the next process that creates a folder must remove them.
func TestTheFoldersOfAKilledProcessAreRemovedByTheNextOne(t *testing.T) {
	killed, first := child(t)
	if err := os.WriteFile(filepath.Join(first, "file"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, second := child(t)
	if _, err := os.Stat(first); err != nil {
		t.Errorf("the folder of a running process is gone: %v", err)
	}
	_ = killed.Process.Kill()
	_ = killed.Wait()
	child(t)
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("the folder of a killed process is still there: %v", err)
	}
	if _, err := os.Stat(second); err != nil {
		t.Errorf("the folder of a running process is gone: %v", err)
	}
}

// child starts a process that creates a folder, and returns the process and the folder. The process is killed, and
// the folder is removed, at the end of the test.
func child(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(line)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return cmd, dir
}

func TestWithoutEnoughMemoryTheDiskIsUsed(t *testing.T) {
	disk := t.TempDir()
	t.Setenv("TMPDIR", disk)
	if got := parent(filepath.Join(disk, "missing"), 0); got != disk {
		t.Errorf("without a memory file system it is %s", got)
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(memory, &stat); err != nil || stat.Type != 0x01021994 {
		t.Skipf("%s is no memory file system", memory)
	}
	if got := parent(memory, 0); got != memory {
		t.Errorf("with enough space it is %s", got)
	}
	if got := parent(memory, 1<<60); got != disk {
		t.Errorf("without enough space it is %s", got)
	}
}
