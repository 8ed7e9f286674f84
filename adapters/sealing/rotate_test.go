package sealing_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Between the two steps of a rotation, replicas can have different files: one process has read
// the file after Add, and another process after Promote. The first process must be able to open
// what the second process seals.
func TestAddedKeyOpensBeforeItSeals(t *testing.T) {
	path := create(t)
	before := seal(t, open(t, path, sealing.Options{}))
	rotate(t, path, sealing.Add)
	added := file(t, read(t, path), 0o600)
	withAdded := open(t, added, sealing.Options{})
	if withAdded.NeedsReseal(before) || !bytes.Equal(seal(t, withAdded)[:5], before[:5]) {
		t.Error("an added key seals before it was promoted")
	}
	rotate(t, path, sealing.Promote)
	promoted := open(t, path, sealing.Options{})
	after := seal(t, promoted)
	if !promoted.NeedsReseal(before) || promoted.NeedsReseal(after) {
		t.Error("the promoted key is not the primary one")
	}
	opens(t, withAdded, after)
	opens(t, promoted, before)
}

func TestStepsInTheWrongOrderAreRejected(t *testing.T) {
	path := create(t)
	refusesStep(t, path, sealing.Promote, "holds no added key")
	refusesStep(t, path, 0, "adds, promotes, or both")
	rotate(t, path, sealing.Add)
	refusesStep(t, path, sealing.Add, "waits to be promoted")
	refusesStep(t, path, sealing.Add|sealing.Promote, "waits to be promoted")
	rotate(t, path, sealing.Promote)
	refusesStep(t, path, sealing.Promote, "holds no added key")
	refusesStep(t, filepath.Join(t.TempDir(), "none"), sealing.Add, "no such file")
	refusesStep(t, file(t, read(t, path), 0o644), sealing.Add, "mode 0644")
	refusesStep(t, file(t, []byte("content-canary"), 0o600), sealing.Add, "is not a Tink keyset")
}

func refusesStep(t *testing.T, path string, steps sealing.Step, want string) {
	t.Helper()
	before, _ := os.ReadFile(path)
	err := sealing.Rotate(path, steps)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Rotate returned %v, want %q", err, want)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a rejected rotation changed the file")
	}
	if _, err := os.Stat(path + ".rotating"); err == nil {
		t.Error("a rejected rotation did not remove its .rotating file")
	}
}

// Concurrent rotations must never lose a key, because a promoted key may already have sealed a row.
func TestRotationsExcludeOneAnother(t *testing.T) {
	path := create(t)
	first := seal(t, open(t, path, sealing.Options{}))
	var all sync.WaitGroup
	var mu sync.Mutex
	sealed := []domain.Sealed{first}
	for range 8 {
		all.Go(func() {
			if sealing.Rotate(path, sealing.Add|sealing.Promote) != nil {
				return
			}
			k, err := sealing.Open(path, sealing.Options{})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			s, err := k.Seal(tenant, connection, credential)
			if err != nil {
				t.Errorf("Seal: %v", err)
			}
			mu.Lock()
			sealed = append(sealed, s)
			mu.Unlock()
		})
	}
	all.Wait()
	last := open(t, path, sealing.Options{})
	for _, s := range sealed {
		opens(t, last, s)
	}
	if len(sealed) < 2 {
		t.Error("all 8 concurrent rotations failed, want at least one to succeed")
	}
}

func TestRotateAfterACrashNamesTheLeftoverFile(t *testing.T) {
	path := create(t)
	if err := os.WriteFile(path+".rotating", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := sealing.Rotate(path, sealing.Add)
	if !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), ".rotating") {
		t.Errorf("Rotate returned %v, want an error that names the existing .rotating file", err)
	}
}

func TestRotateFollowsALink(t *testing.T) {
	path, link := create(t), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	rotate(t, link, sealing.Add)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if bytes.Equal(before, read(t, path)) {
		t.Error("the file that the link points to was not rotated")
	}
}

// A running process must notice that the file it uses has been rotated.
func TestRunningProcessReloadsTheFile(t *testing.T) {
	path, now := create(t), time.Unix(1_800_000_000, 0)
	k := open(t, path, sealing.Options{Now: func() time.Time { return now }})
	old := seal(t, k)
	rotate(t, path, sealing.Add|sealing.Promote)
	other := open(t, path, sealing.Options{})

	if k.NeedsReseal(old) {
		t.Error("the file was read again within a second")
	}
	fresh := seal(t, other)
	// This ciphertext was sealed with an unknown key. The process must therefore read the file immediately, before the
	// next periodic check.
	opens(t, k, fresh)
	opens(t, k, old)
	if !k.NeedsReseal(old) || k.NeedsReseal(seal(t, k)) {
		t.Error("the new primary key is not in use")
	}

	rotate(t, path, sealing.Add|sealing.Promote)
	now = now.Add(time.Second)
	if !k.NeedsReseal(fresh) {
		t.Error("the file was not read again after a second")
	}
}

func TestRunningProcessKeepsItsKeysIfTheFileIsInvalid(t *testing.T) {
	cases := map[string]func(t *testing.T, path string){
		"when the file is removed": func(_ *testing.T, path string) { _ = os.Remove(path) },
		"when the file becomes accessible to others": func(_ *testing.T, path string) {
			_ = os.Chmod(path, 0o644)
			advanceModTime(path)
		},
		"when the file is truncated": func(_ *testing.T, path string) { _ = os.Truncate(path, 20) },
		"when another keyset replaces it": func(t *testing.T, path string) {
			_ = os.WriteFile(path, read(t, create(t)), 0o600)
			advanceModTime(path)
		},
	}
	for name, harm := range cases {
		t.Run(name, func(t *testing.T) {
			path, now := create(t), time.Unix(1_800_000_000, 0)
			var errs []error
			k := open(t, path, sealing.Options{
				Now:     func() time.Time { return now },
				OnError: func(err error) { errs = append(errs, err) },
			})
			good, sealed := read(t, path), seal(t, k)
			harm(t, path)
			for range 3 {
				now = now.Add(time.Second)
				opens(t, k, sealed)
				opens(t, k, seal(t, k))
			}
			if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "SEALING_KEYSET_FILE: ") {
				t.Errorf("OnError was called with %v, want one error about the file", errs)
			}
			_ = os.Remove(path)
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			rotate(t, path, sealing.Add|sealing.Promote)
			now = now.Add(time.Second)
			if !k.NeedsReseal(sealed) {
				t.Error("the file was not loaded after it had been repaired")
			}
		})
	}
}

func rotate(t *testing.T, path string, steps sealing.Step) {
	t.Helper()
	if err := sealing.Rotate(path, steps); err != nil {
		t.Fatalf("Rotate: %v", err)
	}
}

func seal(t *testing.T, k *sealing.Keyset) domain.Sealed {
	t.Helper()
	sealed, err := k.Seal(tenant, connection, credential)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return sealed
}

func opens(t *testing.T, k *sealing.Keyset, sealed domain.Sealed) {
	t.Helper()
	if c, err := k.Open(tenant, connection, sealed); err != nil || !c.Equal(credential) {
		t.Errorf("Open: %v", err)
	}
}

// advanceModTime sets the modification time of the file to one minute from now. A change is
// then detected even if the file system stores times with a coarse resolution.
func advanceModTime(path string) { _ = os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)) }
