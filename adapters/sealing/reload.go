package sealing

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// checkInterval is the minimum time between two periodic checks of the file for changes.
const checkInterval = time.Second

// currentKeys returns the keys in use. If the last check of the file is at least checkInterval ago, it checks the file
// first. If several goroutines call it at that time, only the goroutine whose compare-and-swap succeeds checks the
// file. The others do not wait for the check.
func (k *Keyset) currentKeys() *loadedKeys {
	now, last := k.opts.Now().UnixNano(), k.lastCheck.Load()
	if time.Duration(now-last) >= checkInterval && k.lastCheck.CompareAndSwap(last, now) {
		k.reload()
	}
	return k.keys.Load()
}

// keysFor returns the keys in use, which include the key with prefix p if the file contains
// that key. If p is unknown, keysFor checks the file immediately, even if the last check was
// very recent. Another replica may have sealed the row with a key that was promoted in the
// meantime, and a failure to open the row would make a pull fail permanently.
func (k *Keyset) keysFor(p prefix) *loadedKeys {
	if r := k.currentKeys(); r.known[p] || p == (prefix{}) {
		return r
	}
	k.reload()
	return k.keys.Load()
}

// reload reads the file again if the file has changed. If the new file is invalid in any way,
// the previous keys stay in use and OnError is called. OnError is not called again as long as
// the following reloads fail with the same error.
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
	fresh, err := load(k.path)
	if err != nil {
		return err
	}
	if !fresh.known[old.primary] {
		// The file is a different keyset. The keys of that keyset cannot open the rows that were sealed a moment ago.
		return fileError("changed to a keyset without the key in use")
	}
	k.keys.Store(fresh)
	return nil
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
