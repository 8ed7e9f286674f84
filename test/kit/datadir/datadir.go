// Package datadir creates folders for the databases of tests.
//
// The folders are on a memory file system if there is one with enough space. Otherwise they are in the folder for
// temporary files. On a memory file system, fsync costs nothing. On a disk, the commits of parallel tests can delay
// each other, and requests can time out.
//
// Both kinds of file system keep the data of a killed process, so the folders are suitable for tests that kill a
// process.
package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// memory is the folder at which Linux mounts a memory file system that every user may write to.
const memory = "/dev/shm"

// minFree is the free space in bytes that a memory file system must have. The databases of all packages that are
// tested at the same time need a few hundred megabytes.
const minFree = 1 << 30

// prefix is the start of the name of every folder. The id of the process that created the folder follows.
const prefix = "discovery-test-"

// New creates a folder, which is removed when the test ends.
func New(t testing.TB) string {
	t.Helper()
	dir, err := Create()
	if err != nil {
		t.Fatalf("datadir: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("datadir: %v", err)
		}
	})
	return dir
}

// Create creates a folder, which the caller must remove. The first call in a process removes the folders of
// processes that were killed.
func Create() (string, error) { return create(parent(memory, minFree)) }

// CreateOnDisk is like [Create], but never uses a memory file system. It is meant for measurements.
func CreateOnDisk() (string, error) { return create(os.TempDir()) }

// create creates a folder whose files another user can access by name. The PostgreSQL server refuses to run as root
// and therefore runs as another user.
func create(parent string) (string, error) {
	removeStale()
	dir, err := os.MkdirTemp(parent, prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, nil
}

// parent returns the given folder if it is on a memory file system with at least freeBytes unused bytes, and if this
// process may create files there. Otherwise it returns the folder for temporary files.
func parent(shared string, freeBytes uint64) string {
	const tmpfs, writeAndSearch = 0x01021994, 3
	var stat syscall.Statfs_t
	if err := syscall.Statfs(shared, &stat); err != nil || stat.Type != tmpfs {
		return os.TempDir()
	}
	if stat.Bavail*uint64(stat.Bsize) < freeBytes || syscall.Access(shared, writeAndSearch) != nil {
		return os.TempDir()
	}
	return shared
}

// removeStale removes the folders of processes that have ended without removing them.
var removeStale = sync.OnceFunc(func() {
	for _, parent := range []string{memory, os.TempDir()} {
		left, _ := filepath.Glob(filepath.Join(parent, prefix+"*"))
		for _, dir := range left {
			if hasEnded(dir) {
				_ = os.RemoveAll(dir) // an error is ignored, because the folder may belong to another user
			}
		}
	}
})

// hasEnded reports whether the process that created the folder dir has ended.
func hasEnded(dir string) bool {
	id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
	pid, err := strconv.Atoi(id)
	return err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
