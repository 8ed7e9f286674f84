package sealing

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// checkInterval is the minimum time between two periodic checks of the file.
const checkInterval = time.Second

// currentKeys returns the keys in use, after a check of the file if the last one is too old.
// Only the caller whose swap succeeds checks; the others do not wait for it.
func (k *Keyset) currentKeys() *loadedKeys {
	now, last := k.opts.Now().UnixNano(), k.lastCheck.Load()
	if time.Duration(now-last) >= checkInterval && k.lastCheck.CompareAndSwap(last, now) {
		k.reload()
	}
	return k.keys.Load()
}

// keysFor returns keys that contain the prefix if the file has them. An unknown prefix
// causes a check at once, however recent the last one: another replica may have sealed
// with a key that was promoted in between, and rejecting its row would fail a pull for good.
func (k *Keyset) keysFor(p prefix) *loadedKeys {
	if r := k.currentKeys(); r.known[p] || p == (prefix{}) {
		return r
	}
	k.reload()
	return k.keys.Load()
}

// reload reads the file again if it has changed. If the new file is invalid in any way, the
// previous keys stay in use and OnError is called, once for each different error.
func (k *Keyset) reload() {
	k.reloadMu.Lock()
	defer k.reloadMu.Unlock()
	problem := k.loadIfChanged()
	if problem != nil && problem.Error() != k.lastError {
		k.opts.OnError(problem)
	}
	k.lastError = ""
	if problem != nil {
		k.lastError = problem.Error()
	}
}

func (k *Keyset) loadIfChanged() error {
	old := k.keys.Load()
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	if unchanged(old.fileInfo, info) {
		return nil
	}
	fresh, err := load(k.path, k.opts.KEKURI)
	if err != nil {
		return err
	}
	if !fresh.known[old.primary] {
		// Rows sealed a moment ago would no longer open: this is a different keyset.
		return fileError("changed to a keyset without the key in use")
	}
	k.keys.Store(fresh)
	return nil
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
