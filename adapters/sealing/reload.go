package sealing

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// lookEvery spaces the looks at the file that nothing but time calls for.
const checkInterval = time.Second

// current gives the keys in use, after a look at the file if the last one is old. The
// one caller whose swap succeeds looks; the others do not wait for it.
func (k *Keyset) currentKeys() *loadedKeys {
	now, last := k.opts.Now().UnixNano(), k.lastCheck.Load()
	if time.Duration(now-last) >= checkInterval && k.lastCheck.CompareAndSwap(last, now) {
		k.reload()
	}
	return k.keys.Load()
}

// knowing gives keys that know the prefix if the file has them. An unknown prefix looks
// at once, however fresh the last look: another replica may have sealed under a key that
// was promoted in between, and to refuse its row would fail a pull for good.
func (k *Keyset) keysFor(p prefix) *loadedKeys {
	if r := k.currentKeys(); r.known[p] || p == (prefix{}) {
		return r
	}
	k.reload()
	return k.keys.Load()
}

// refresh reads the file again if it has changed. Whatever is wrong with the new file,
// the keys of before stay in use and Observe is told, once for each kind of wrong.
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
		// Rows sealed a moment ago would not open any more: this is another keyset.
		return fileError("changed to a keyset without the key in use")
	}
	k.keys.Store(fresh)
	return nil
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
