package sealing

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// checkInterval is the minimum time between two periodic checks of the file for changes.
const checkInterval = time.Second

// currentKeys returns the keys in use. It checks the file first if the last check is at least checkInterval ago. Of
// several concurrent callers, only one checks the file, and the others do not wait.
func (k *Keyset) currentKeys() *loadedKeys {
	now, last := k.opts.Now().UnixNano(), k.lastCheck.Load()
	if time.Duration(now-last) >= checkInterval && k.lastCheck.CompareAndSwap(last, now) {
		k.reload()
	}
	return k.keys.Load()
}

// keysFor returns the keys in use. If none of them has the prefix p, keysFor first checks the file for new keys.
// Another replica may have sealed a row with a new key, and a row that cannot be opened makes a pull fail permanently.
func (k *Keyset) keysFor(p prefix) *loadedKeys {
	if r := k.currentKeys(); r.known[p] || p == (prefix{}) {
		return r
	}
	k.reload()
	return k.keys.Load()
}

// reload reads the file again if the file has changed. If the new file is invalid, the previous keys stay in use and
// OnError is called. OnError is not called again while reloads fail with the same error.
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
		// The file now contains a different keyset. Its keys cannot open the rows that were sealed with the key in use.
		return fileError("changed to a keyset without the key in use")
	}
	k.keys.Store(fresh)
	return nil
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
